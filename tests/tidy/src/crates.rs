//! Which crate may depend on which.

use crate::File;

/// The crates of the workspace, what each may depend on, and what its tests may use beside that.
const CRATES: &[(&str, &[&str], &[&str])] = &[
    ("src-tauri/crates/oci", &[], &[]),
    ("src-tauri/crates/engine", &["oci"], &["testkit"]),
    ("src-tauri/crates/registry-server", &["oci", "engine"], &["testkit"]),
    ("src-tauri/crates/cli", &["oci", "engine", "registry-server"], &["testkit"]),
    ("src-tauri", &["oci", "engine", "registry-server"], &["testkit"]),
    // Never the engine: its unit tests would see two copies of every type.
    ("tests/testkit", &["oci"], &[]),
    // These look at Longshore from outside; the digests of the practice images are what the window must show.
    ("tests/peers", &["oci", "testkit"], &[]),
    ("tests/e2e", &[], &["oci", "testkit", "registry-server"]),
    // Of the engine only what an open tree costs, which no program shows from outside; the window for its frames.
    ("tests/bench", &["oci", "engine", "testkit", "e2e"], &["oci", "testkit"]),
    ("tests/tidy", &[], &[]),
    ("tests/fuzz", &["oci", "engine"], &[]),
];

const NAMES: &[&str] = &[
    "oci",
    "engine",
    "registry-server",
    "cli",
    "longshore-desktop",
    "testkit",
    "peers",
    "e2e",
    "tidy",
    "bench",
];

/// Dependencies between the workspace's crates that the architecture does not allow.
pub fn dependencies(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let Some(folder) = file.path.strip_suffix("/Cargo.toml") else { continue };
        let Some((_, allowed, for_tests)) = CRATES.iter().find(|(known, ..)| *known == folder) else {
            problems.push(format!(
                "{}: a crate that the map does not know; say in tests/tidy/src/crates.rs what it may use",
                file.path
            ));
            continue;
        };
        let mut section = String::new();
        for (line, text) in file.lines() {
            if let Some(header) = text.trim().strip_prefix('[') {
                header.trim_end_matches(']').clone_into(&mut section);
                // `[dependencies.engine]`
                if !section.ends_with("dependencies")
                    && let Some((table, name)) = section.clone().rsplit_once('.')
                {
                    table.clone_into(&mut section);
                    judge(&mut problems, file, line, &section, name, allowed, for_tests);
                }
                continue;
            }
            let name: String =
                text.chars().take_while(|it| it.is_alphanumeric() || "-_".contains(*it)).collect();
            judge(&mut problems, file, line, &section, &name, allowed, for_tests);
        }
    }
    problems
}

fn judge(
    problems: &mut Vec<String>,
    file: &File,
    line: usize,
    section: &str,
    name: &str,
    allowed: &[&str],
    for_tests: &[&str],
) {
    if !section.ends_with("dependencies") || !NAMES.contains(&name) {
        return;
    }
    let in_tests = section.ends_with("dev-dependencies") && for_tests.contains(&name);
    if !allowed.contains(&name) && !in_tests {
        problems.push(format!("{}:{line}: `{name}` is not below this crate", file.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(folder: &str, text: &str) -> usize {
        dependencies(&[File::new(&format!("{folder}/Cargo.toml"), text)]).len()
    }

    #[test]
    fn wrong_dependencies_are_found() {
        for (folder, text) in [
            ("tests/testkit", "[dependencies]\noci.workspace = true\nengine.workspace = true\n"),
            ("tests/testkit", "[dev-dependencies]\nengine = { path = \"x\" }\n"),
            ("src-tauri/crates/oci", "[dev-dependencies]\ntestkit.workspace = true\n"),
            ("src-tauri/crates/engine", "[dependencies]\ntestkit.workspace = true\n"),
            ("src-tauri/crates/engine", "[target.'cfg(unix)'.dependencies]\ncli.workspace = true\n"),
            ("src-tauri/crates/engine", "[dependencies.registry-server]\nworkspace = true\n"),
            ("src-tauri/crates/another", "[dependencies]\n"),
        ] {
            assert_eq!(check(folder, text), 1, "{folder}: {text}");
        }
    }

    #[test]
    fn right_ones_are_not() {
        for (folder, text) in [
            (
                "src-tauri/crates/engine",
                "[dependencies]\noci.workspace = true\n[dev-dependencies]\ntestkit.workspace = true",
            ),
            (
                "src-tauri/crates/oci",
                "[package]\nname = \"oci\"\n[dev-dependencies]\noci-spec.workspace = true\n",
            ),
        ] {
            assert_eq!(check(folder, text), 0, "{folder}: {text}");
        }
    }
}
