//! The repository's own files, held against every rule.

use tidy::{File, crates, faults, files, modules, repository, ui};

fn check(rule: impl Fn(&[File]) -> Vec<String>) {
    let problems = rule(&repository().expect("the repository can be read"));
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn the_engines_modules_import_downward_only() {
    check(modules::engine);
}

#[test]
fn crate_oci_is_pure() {
    check(modules::pure_oci);
}

#[test]
fn crates_depend_downward_only() {
    check(crates::dependencies);
}

#[test]
fn every_fault_row_that_is_due_has_its_test() {
    check(|files| faults::rows(files, faults::COVERED));
}

#[test]
fn no_file_is_too_long() {
    check(files::lengths);
}

#[test]
fn nothing_is_put_off() {
    check(files::nothing_put_off);
}

#[test]
fn nothing_belongs_to_one_machine() {
    check(files::nothing_of_one_machine);
}

#[test]
fn only_one_file_imports_tauri() {
    check(ui::one_door_to_tauri);
}

#[test]
fn text_is_never_html() {
    check(ui::no_html);
}

#[test]
fn literal_colours_are_in_tokens_alone() {
    check(ui::colours_are_tokens);
}

/// A rule that looks at nothing would pass for ever.
#[test]
fn the_rules_see_the_files_they_are_for() {
    let files = repository().unwrap();
    for path in [
        "src-tauri/crates/engine/src/error.rs",
        "src-tauri/crates/oci/src/digest.rs",
        "tests/testkit/Cargo.toml",
        "Cargo.lock",
    ] {
        assert!(files.iter().any(|file| file.path == path), "{path} is gone: the rules about it must follow");
    }
}
