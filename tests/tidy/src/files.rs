//! What every file keeps to: its length, nothing put off, nothing of one machine in it.

use regex::Regex;

use crate::File;

/// Lines that a source file may have.
pub const LONGEST: usize = 500;

/// Source files that are too long. Generated bindings are as long as they are.
pub fn lengths(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let lines = file.text.lines().count();
        if file.has_extension(&["rs", "ts", "svelte"])
            && !file.path.ends_with("/bindings.ts")
            && lines > LONGEST
        {
            problems.push(format!(
                "{}: {lines} lines, where {LONGEST} are the most; split it by reason",
                file.path
            ));
        }
    }
    problems
}

/// Work that is put off, and tests that are not run.
pub fn nothing_put_off(files: &[File]) -> Vec<String> {
    // In pieces, so that this file does not find itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")].join("|");
    let ignored = concat!(r"#\[ign", r"ore\b");
    let skipped = concat!(r"\b(?:it|test|describe)\.(?:sk", r"ip|on", r"ly)\b");
    let pattern = Regex::new(&format!(r"\b(?:{words})\b|{ignored}|{skipped}")).expect("the pattern is sound");
    find(
        files,
        &["rs", "ts", "svelte", "css", "toml", "sh", "py"],
        &pattern,
        "is work put off, or a test not run",
    )
}

/// Registry hosts of package clients, and paths that exist on one machine only.
pub fn nothing_of_one_machine(files: &[File]) -> Vec<String> {
    let machine = [
        concat!("/wo", r"rk/(?:wt|main|shared|\.)"),
        concat!("/tmp/con", "tract"),
        concat!("/ro", r"ot/\."),
        concat!("/pr", r"oc/\d"),
    ];
    let hosts = [
        // A lock file names the place it was resolved from, where a client's own setting would do.
        concat!("\"reso", "lved\": *\"http"),
        concat!("registry\\s*=\\s*\"?(?:sparse\\+)?ht", "tp"),
        concat!("index-url\\s*=\\s*ht", "tp"),
        concat!("_auth", "Token"),
        concat!("registry\\.np", "mjs\\.org"),
        concat!("(?:index|static)\\.crates", "\\.io"),
        concat!("pythonho", "sted"),
        concat!("GOPR", "OXY"),
    ];
    let pattern = Regex::new(&[machine.join("|"), hosts.join("|")].join("|")).expect("the pattern is sound");
    let mut problems = find(files, &[], &pattern, "belongs to one machine or one package client");
    let source = Regex::new(r#"^source = "(.*)""#).expect("the pattern is sound");
    for file in files.iter().filter(|file| file.path.ends_with("Cargo.lock")) {
        for (line, text) in file.lines() {
            if let Some(found) = source.captures(text)
                && &found[1] != "registry+https://github.com/rust-lang/crates.io-index"
            {
                problems.push(format!("{}:{line}: a crate from elsewhere: `{}`", file.path, &found[1]));
            }
        }
    }
    problems
}

/// Lines of files with these extensions (all, where there are none) that the pattern matches.
fn find(files: &[File], extensions: &[&str], pattern: &Regex, what: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        if extensions.is_empty() || file.has_extension(extensions) {
            for (line, text) in file.lines() {
                if let Some(hit) = pattern.find(text) {
                    problems.push(format!("{}:{line}: `{}` {what}", file.path, hit.as_str().trim()));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let long = "\n".repeat(LONGEST + 1);
        assert_eq!(lengths(&[File::new("a.rs", &long), File::new("b.svelte", &long)]).len(), 2);
        let fine = "\n".repeat(LONGEST);
        let others = [
            File::new("a.rs", &fine),
            File::new("a.json", &long),
            File::new("ui/src/ipc/bindings.ts", &long),
        ];
        assert_eq!(lengths(&others), Vec::<String>::new());
    }

    #[test]
    fn work_put_off_is_found() {
        for text in [
            concat!("// TO", "DO: later"),
            concat!("/* FIX", "ME */"),
            concat!("#[ign", "ore]"),
            concat!("#[ign", "ore = \"slow\"]"),
            concat!("it.sk", "ip(\"x\")"),
        ] {
            assert_eq!(nothing_put_off(&[File::new("a.rs", text)]).len(), 1, "{text}");
        }
        assert!(nothing_put_off(&[File::new("a.rs", "// to do so, skip(1) and iter.skip(2)")]).is_empty());
    }

    #[test]
    fn one_machines_things_are_found() {
        for (path, text) in [
            ("a.md", concat!("see /wo", "rk/shared/x.md")),
            ("a.toml", concat!("registry = \"sparse+ht", "tps://mirror.test/\"")),
            ("ui/.npmrc", concat!("registry=ht", "tps://mirror.test/")),
            ("ui/package-lock.json", concat!("  \"reso", "lved\": \"https://mirror.test/x.tgz\",")),
            ("Cargo.lock", "source = \"registry+https://mirror.test/index\""),
        ] {
            assert_eq!(nothing_of_one_machine(&[File::new(path, text)]).len(), 1, "{path}: {text}");
        }
        for (path, text) in [
            ("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\""),
            ("a.rs", "let workdir = \"/home/dir\"; // a registry = host and port"),
        ] {
            assert_eq!(nothing_of_one_machine(&[File::new(path, text)]), Vec::<String>::new(), "{text}");
        }
    }
}
