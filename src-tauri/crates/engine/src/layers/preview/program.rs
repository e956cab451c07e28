//! The headers of ELF programs and libraries.

use goblin::elf::Elf;
use goblin::elf::header::{self, Header};

/// Libraries and search paths that are listed.
const MOST: usize = 200;

/// What a program says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// `Kind`, `Machine`, `Interpreter` and so on, in order.
    pub fields: Vec<(&'static str, String)>,
    /// Libraries that it needs, as it names them.
    pub needed: Vec<String>,
}

/// Reads the headers; none where it is no ELF file. What is behind the bytes that are there is left out.
pub(super) fn read(bytes: &[u8]) -> Option<Program> {
    if !bytes.starts_with(b"\x7fELF") {
        return None;
    }
    match Elf::parse(bytes) {
        Ok(elf) => Some(whole(&elf)),
        // Cut, or made to mislead: its first header may be readable.
        Err(_) => {
            Elf::parse_header(bytes).ok().map(|header| Program { fields: head(&header), needed: Vec::new() })
        }
    }
}

fn head(header: &Header) -> Vec<(&'static str, String)> {
    let kind = match header.e_type {
        header::ET_EXEC => "Program",
        header::ET_DYN => "Library, or a program that can be loaded anywhere",
        header::ET_REL => "Object file",
        header::ET_CORE => "Core dump",
        _ => "Unknown",
    };
    let bits = if header.e_ident[header::EI_CLASS] == header::ELFCLASS64 { "64" } else { "32" };
    let order = match header.e_ident[header::EI_DATA] {
        header::ELFDATA2MSB => "most significant byte first",
        _ => "least significant byte first",
    };
    vec![
        ("Kind", kind.to_owned()),
        ("Machine", format!("{}, {bits} bits, {order}", header::machine_to_str(header.e_machine))),
    ]
}

fn whole(elf: &Elf<'_>) -> Program {
    let mut fields = head(&elf.header);
    if elf.header.e_type == header::ET_DYN {
        let kind = if elf.interpreter.is_some() { "Program" } else { "Library" };
        fields[0].1 = kind.to_owned();
    }
    let linked = match (elf.interpreter, elf.dynamic.is_some()) {
        (Some(interpreter), _) => interpreter.to_owned(),
        (None, true) => "none: it is loaded by others".to_owned(),
        (None, false) => "none: it needs no libraries (static)".to_owned(),
    };
    fields.push(("Loader", linked));
    if let Some(name) = elf.soname {
        fields.push(("Name", name.to_owned()));
    }
    fields.push(("Entry point", format!("{:#x}", elf.entry)));
    for path in elf.rpaths.iter().chain(&elf.runpaths).take(MOST) {
        fields.push(("Searches", (*path).to_owned()));
    }
    let debug = elf
        .section_headers
        .iter()
        .any(|section| elf.shdr_strtab.get_at(section.sh_name).is_some_and(|name| name == ".debug_info"));
    let symbols = if elf.syms.is_empty() { "none (stripped)" } else { "there" };
    fields.push(("Symbols", symbols.to_owned()));
    fields.push(("Debug information", if debug { "there" } else { "none" }.to_owned()));
    Program { fields, needed: elf.libraries.iter().take(MOST).map(|name| (*name).to_owned()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_read() {
        let own = std::fs::read(std::env::current_exe().expect("a path")).expect("readable");
        let program = read(&own).expect("it is one");
        let field =
            |name: &str| program.fields.iter().find(|(key, _)| *key == name).map(|(_, value)| &**value);
        assert_eq!(field("Kind"), Some("Program"));
        assert!(field("Loader").is_some_and(|loader| loader.contains("ld-")), "{program:?}");
        assert!(program.needed.iter().any(|name| name.starts_with("libc.so")), "{program:?}");
    }

    #[test]
    fn what_is_cut_or_made_up_gives_what_can_be_read() {
        let own = std::fs::read(std::env::current_exe().expect("a path")).expect("readable");
        let cut = read(&own[..4096]).expect("its first header is there");
        assert_eq!(cut.fields.len(), 2, "{cut:?}");
        assert_eq!(read(b"\x7fELF"), None);
        assert_eq!(read(b"#!/bin/sh"), None);
        let mut wild = own[..4096].to_vec();
        wild[32..40].fill(0xff);
        assert!(read(&wild).is_some());
    }
}
