//! Every row of the fault matrix that is due has a test with its number, and the list here is neither short nor long.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use regex::Regex;

use crate::File;

/// Rows of the matrix.
pub const LAST_ROW: u16 = 128;

/// The rows that have their test. Rows move in here with their test, and never out again.
pub const COVERED: &[RangeInclusive<u16>] = &[1..=128];

/// Rows without a test, rows with a test that the list lacks, and tests of rows that there are none of.
pub fn rows(files: &[File], covered: &[RangeInclusive<u16>]) -> Vec<String> {
    let tests = tests(files);
    let due: BTreeSet<u16> = covered.iter().cloned().flatten().collect();
    let mut problems = Vec::new();
    for row in &due {
        if !tests.contains_key(row) {
            problems.push(format!("row {row} of the fault matrix has no test: name one `f{row:03}_…`"));
        }
    }
    for (row, test) in &tests {
        if *row == 0 || *row > LAST_ROW {
            problems.push(format!("`{test}`: the fault matrix has no row {row}"));
        } else if !due.contains(row) {
            problems.push(format!(
                "`{test}`: row {row} is covered now; add it to COVERED in tests/tidy/src/faults.rs"
            ));
        }
    }
    problems
}

/// The first test found for each row, in Rust (`fn f042_…`) and TypeScript (`test("f042 …")`).
fn tests(files: &[File]) -> BTreeMap<u16, String> {
    let rust = Regex::new(r"\bfn (f(\d{3})_\w+)").expect("the pattern is sound");
    let script = Regex::new(r#"\b(?:it|test)(?:\.each)?\([^"'`]*["'`](f(\d{3})_[^"'`]*)"#)
        .expect("the pattern is sound");
    let mut found = BTreeMap::new();
    for file in files {
        let pattern = match () {
            // The examples of this file are no tests.
            () if file.path == "tests/tidy/src/faults.rs" => continue,
            () if file.has_extension(&["rs"]) => &rust,
            () if file.path.ends_with(".test.ts") => &script,
            () => continue,
        };
        for (_, line) in file.lines() {
            let line = line.trim_start();
            for hit in pattern.captures_iter(line).filter(|_| !line.starts_with("//")) {
                let row = hit[2].parse().expect("three digits are a number");
                found.entry(row).or_insert_with(|| format!("{}: {}", file.path, &hit[1]));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File::new("src-tauri/crates/engine/src/a.rs", text)
    }

    #[test]
    fn a_row_without_a_test_is_found() {
        let files = [file("#[test]\nfn f001_refused() {}\n// fn f002_only_a_comment() {}\n/// f002_named")];
        let problems = rows(&files, &[1..=2]);
        assert_eq!(problems, ["row 2 of the fault matrix has no test: name one `f002_…`"]);
    }

    #[test]
    fn a_list_that_lacks_a_row_is_found() {
        let problems = rows(&[file("fn f001_a() {}\nasync fn f003_b() {}")], &[1..=1]);
        assert!(problems.len() == 1 && problems[0].contains("row 3 is covered now"), "{problems:?}");
    }

    #[test]
    fn a_row_that_there_is_not_is_found() {
        assert_eq!(rows(&[file("fn f129_a() {}")], &[]).len(), 1);
    }

    #[test]
    fn the_windows_tests_count() {
        let test = File::new("ui/src/a.test.ts", "test(\"f117_labels are text\", () => {});");
        assert_eq!(rows(&[test], &[117..=117]), Vec::<String>::new());
    }
}
