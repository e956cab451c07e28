//! Who may import whom inside the engine, and that crate `oci` is pure.

use regex::Regex;

use crate::{File, rust};

/// Every module of the engine and what it may import, as the architecture draws it. Siblings (transfer, registry,
/// store, archive, rootfs, daemon) never import one another: only a composition root sees them all.
const ENGINE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("place", &["error"]),
    ("disk", &["error"]),
    ("compression", &["error"]),
    ("blob", &["error"]),
    ("job", &["error", "blob"]),
    ("endpoint", &["error", "blob", "job"]),
    ("transfer", &["error", "blob", "job", "endpoint"]),
    ("image", &["error", "blob", "job", "endpoint", "transfer"]),
    ("compare", &["image"]),
    ("exchange", &["error", "blob", "job"]),
    ("credential", &["error", "disk", "blob", "job"]),
    ("registry", &["error", "blob", "job", "endpoint", "credential", "exchange"]),
    ("push", &["error", "blob", "job", "endpoint", "transfer", "image", "registry"]),
    // Of `credential` only which vendor a registry is of.
    ("remedy", &["error", "credential"]),
    ("store", &["error", "disk", "blob", "job", "endpoint"]),
    ("referrer", &["error", "registry", "store"]),
    ("tar", &[]),
    ("archive", &["error", "place", "blob", "job", "endpoint", "compression", "tar"]),
    ("load", &["error", "job", "endpoint", "transfer", "archive", "store"]),
    ("layers", &["error", "blob", "job", "endpoint", "compression", "tar"]),
    ("ahead", &["error", "job", "endpoint", "image", "store", "layers"]),
    ("rootfs", &["error", "blob", "job", "endpoint", "compression", "tar", "layers"]),
    ("daemon", &["error", "blob", "job", "endpoint"]),
    ("handover", &["error", "job", "endpoint", "transfer", "archive", "daemon"]),
];

const ENGINE_SOURCE: &str = "src-tauri/crates/engine/src/";

/// Imports in the engine that point the wrong way. Unit tests may import what they like.
pub fn engine(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let Some(path) = file.path.strip_prefix(ENGINE_SOURCE).and_then(|path| path.strip_suffix(".rs"))
        else {
            continue;
        };
        if path == "lib" || rust::is_test_file(&file.path) {
            continue;
        }
        let module: Vec<&str> = path.split('/').collect();
        let Some((_, allowed)) = ENGINE.iter().find(|(name, _)| *name == module[0]) else {
            problems.push(format!(
                "{}: the engine has no module `{}` in its map; say in tests/tidy/src/modules.rs what it may import",
                file.path, module[0]
            ));
            continue;
        };
        for (line, imported) in imports(&rust::code(&file.text), &module) {
            if imported != module[0] && !allowed.contains(&imported.as_str()) {
                problems.push(format!(
                    "{}:{line}: `{}` imports `{imported}`, which is beside or above it",
                    file.path, module[0]
                ));
            }
        }
    }
    problems
}

/// The top-level modules that a module's code names, by `crate::` or by as many `super::` as lead there.
fn imports(code: &str, module: &[&str]) -> Vec<(usize, String)> {
    let path = Regex::new(r"\b(crate::|(?:super::)+)(\{|[a-z_0-9]+)").expect("the pattern is sound");
    let mut found = Vec::new();
    for hit in path.captures_iter(code) {
        let supers = hit[1].matches("super").count();
        if supers > 0 && supers != module.len() {
            continue;
        }
        let start = hit.get(2).expect("the group is not optional").start();
        let line = code[..start].matches('\n').count() + 1;
        if &hit[2] == "{" {
            found.extend(first_names(&code[start..]).into_iter().map(|name| (line, name)));
        } else {
            found.push((line, hit[2].to_owned()));
        }
    }
    // What starts with a capital is a re-export of the crate's root: `crate::Result`.
    found.retain(|(_, name)| name.starts_with(|first: char| first.is_ascii_lowercase()) && name != "self");
    found
}

/// The first name of each path in a group: of `{a::b, c::{d, e}}` it is a and c.
fn first_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut at_start) = (0, false);
    for (at, character) in group.char_indices() {
        match character {
            '{' => {
                depth += 1;
                at_start = depth == 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            ',' if depth == 1 => at_start = true,
            _ if at_start && !character.is_whitespace() => {
                let name = group[at..].chars().take_while(|it| it.is_alphanumeric() || *it == '_');
                names.push(name.collect());
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

/// What would make crate `oci` impure: I/O, clocks, processes, tasks. Constants (`std::env::consts`) and the types of
/// addresses (`std::net::IpAddr`) touch nothing.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "hyper",
    "std::fs",
    "std::process",
    "std::thread",
    "std::io::stdin",
    "std::io::stdout",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "env::var",
    "env::vars",
    "env::args",
    "env::current_dir",
    "env::home_dir",
    "env::temp_dir",
    "SystemTime",
    "Instant",
    "async fn",
    "println!",
    "eprintln!",
];

/// I/O and async in crate `oci`, outside its tests.
pub fn pure_oci(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    let names = IMPURE.iter().map(|name| regex::escape(name)).collect::<Vec<_>>().join("|");
    let impure = Regex::new(&format!(r"(?:^|[^\w])({names})(?:$|[^\w])")).expect("the pattern is sound");
    // `use std::{fs, net}` names them too.
    let grouped = Regex::new(r"use std::\{[^;]*\b(fs|process|thread)\b[^;]*;").expect("the pattern is sound");
    for file in files {
        let in_source = file.path.starts_with("src-tauri/crates/oci/src/") && file.has_extension(&["rs"]);
        if !in_source || rust::is_test_file(&file.path) {
            continue;
        }
        let code = rust::code(&file.text);
        for hit in impure.captures_iter(&code).chain(grouped.captures_iter(&code)) {
            let place = hit.get(1).expect("the group is not optional");
            let line = code[..place.start()].matches('\n').count() + 1;
            problems.push(format!(
                "{}:{line}: crate `oci` is pure, and this is `{}`",
                file.path,
                place.as_str()
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str) -> Vec<String> {
        engine(&[File::new(&format!("{ENGINE_SOURCE}{path}"), text)])
    }

    #[test]
    fn a_sibling_is_found_however_it_is_named() {
        for (path, text) in [
            ("store/names.rs", "use crate::registry::Thing;"),
            ("store/names.rs", "fn f() { crate::registry::thing(); }"),
            ("store/names.rs", "use crate::{\n    error::{Code, Error},\n    registry,\n};"),
            ("store/names.rs", "use super::super::registry::Thing;"),
            ("store.rs", "use super::registry::Thing;"),
            ("blob.rs", "use crate::job::Job;"),
            ("error.rs", "use crate::{blob};"),
            ("transfer/run.rs", "pub(crate) use crate::store::X;"),
            ("exchange.rs", "use crate::registry::http::Http;"),
        ] {
            assert_eq!(check(path, text).len(), 1, "{path}: {text}");
        }
    }

    #[test]
    fn the_line_is_right() {
        let problems = check("store.rs", "//! Doc.\n\nuse crate::error::Error;\nuse crate::registry::X;\n");
        assert!(problems[0].starts_with("src-tauri/crates/engine/src/store.rs:4: "), "{problems:?}");
    }

    #[test]
    fn downward_inner_and_test_imports_are_free() {
        for (path, text) in [
            (
                "registry/http.rs",
                "use crate::exchange::X; use super::token; use crate::{Error, credential::Y};",
            ),
            ("store/names.rs", "use super::{ContentStore, io_error}; use crate::store::layout;"),
            ("store.rs", "// use crate::registry\n#[cfg(test)]\nmod tests { use crate::registry::X; }"),
            ("store/tests.rs", "use crate::registry::X;"),
            ("store/tests/deep.rs", "use crate::registry::X;"),
            ("lib.rs", "pub use crate::registry::X;"),
            ("store.rs", "let text = \"crate::registry\";"),
        ] {
            assert_eq!(check(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn an_unknown_module_must_be_placed() {
        assert_eq!(check("helpers.rs", "").len(), 1);
    }

    #[test]
    fn impurity_is_found() {
        let path = "src-tauri/crates/oci/src/x.rs";
        for text in [
            "use tokio::fs;",
            "use std::{fmt, fs};",
            "let t = SystemTime::now();",
            "pub async fn f() {}",
            "use std::net::TcpStream;",
            "std::env::var(\"X\")",
        ] {
            assert_eq!(pure_oci(&[File::new(path, text)]).len(), 1, "{text}");
        }
        for text in [
            "use std::fmt;",
            "// tokio\n",
            "let tokioish = 1;",
            "use std::net::IpAddr;",
            "std::env::consts::ARCH",
            "#[cfg(test)]\nmod tests { use std::fs; }",
        ] {
            assert_eq!(pure_oci(&[File::new(path, text)]), Vec::<String>::new(), "{text}");
        }
        assert!(pure_oci(&[File::new("src-tauri/crates/oci/tests/x.rs", "use std::fs;")]).is_empty());
    }
}
