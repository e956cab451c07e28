//! Two trees file by file, and two texts line by line.

use std::sync::Arc;

use engine::job::Job;
use engine::layers::Version;
use engine::layers::diff::{self, Differing, Side};
use engine::layers::preview::{self, Preview, Subject};
use engine::{Code, Error, Result};
use similar::{ChangeTag, TextDiff as Lines};

use super::content::read_start;
use crate::state::{Longshore, blocking};
use crate::trees::{Comparison, Tree};
use crate::wire::{
    DiffLine, DifferentFile, DifferentFiles, FileComparison, FileDifference, FileVersionOf, TextDiff,
    shown_path,
};

/// Rows that are given at once.
const ROWS: u32 = 1_000;
/// Lines of two texts together: more takes long to compare, and nobody reads them.
const LINES: usize = 40_000;

/// Compares what containers see of two open trees.
pub async fn compare_trees(app: &Arc<Longshore>, a: u64, b: u64) -> Result<FileComparison> {
    let (a, b) = (app.trees().tree(a)?, app.trees().tree(b)?);
    let app = app.clone();
    blocking(move || {
        let files = diff::diff(Side::after(&a.stack, &a.merged), Side::after(&b.stack, &b.merged));
        let count =
            |wanted: diff::Difference| files.iter().filter(|file| file.difference == wanted).count() as u64;
        let mut told = FileComparison {
            id: 0,
            added: count(diff::Difference::Added),
            removed: count(diff::Difference::Removed),
            changed: count(diff::Difference::Changed),
            moved: count(diff::Difference::Moved),
            rows: files.len() as u64,
        };
        told.id = app.trees().keep_comparison(Comparison { a, b, files });
        Ok(told)
    })
    .await
}

/// What differs, from a place on; of one kind alone, or all.
pub async fn different_files(
    app: &Arc<Longshore>,
    comparison: u64,
    only: Option<FileDifference>,
    offset: u64,
    limit: u32,
) -> Result<DifferentFiles> {
    let compared = app.trees().comparison(comparison)?;
    blocking(move || {
        let wanted = only.map(diff::Difference::from);
        let fits = |file: &&Differing| wanted.is_none_or(|wanted| file.difference == wanted);
        let total = compared.files.iter().filter(fits).count() as u64;
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let page = compared.files.iter().filter(fits).skip(from).take(limit.min(ROWS) as usize);
        Ok(DifferentFiles { total, offset, rows: page.filter_map(|file| row(&compared, file)).collect() })
    })
    .await
}

/// The lines of a file in both trees. The path is one of the comparison's, as it is shown.
pub async fn text_diff(app: &Arc<Longshore>, comparison: u64, path: String) -> Result<TextDiff> {
    let compared = app.trees().comparison(comparison)?;
    super::content::reading(app, move |job| {
        let found = compared.files.iter().find(|file| {
            let b = file.b.map(|path| shown_path(&compared.b.stack, path));
            let a = || file.a.map(|path| shown_path(&compared.a.stack, path));
            b.or_else(a).is_some_and(|shown| shown == path)
        });
        let file = found.ok_or_else(|| {
            Error::new(Code::NotFound, "there is no such file in this comparison")
                .with_hint("Compare the images again")
        })?;
        let side = |tree: &Tree, path: Option<u32>| {
            let there = path.and_then(|path| Some((path, tree.merged.after(&tree.stack, path)?)));
            there.map_or_else(
                || Ok(Text::Whole(String::new())),
                |(path, version)| text_of(tree, path, &version, job),
            )
        };
        Ok(set_beside(side(&compared.a, file.a)?, side(&compared.b, file.b)?))
    })
    .await
}

/// The lines of two versions of one tree's files: of a path as it is after one layer, and of the same or another path after
/// a second one.
pub async fn version_diff(
    app: &Arc<Longshore>,
    tree: u64,
    a: FileVersionOf,
    b: FileVersionOf,
) -> Result<TextDiff> {
    let open = app.trees().tree(tree)?;
    super::content::reading(app, move |job| {
        let side = |of: &FileVersionOf| {
            let version = open.there(of.node, Some(of.layer))?;
            text_of(&open, of.node, &version, job)
        };
        Ok(set_beside(side(&a)?, side(&b)?))
    })
    .await
}

fn set_beside(a: Text, b: Text) -> TextDiff {
    match (a, b) {
        (Text::Whole(a), Text::Whole(b)) => lines(&a, &b),
        (Text::Long, _) | (_, Text::Long) => without("It is longer than what is compared here (1 MiB)"),
        _ => without("It is no text"),
    }
}

fn text_of(tree: &Tree, path: u32, version: &Version<'_>, job: &Job) -> Result<Text> {
    let Some((bytes, size)) = read_start(tree, path, version, job)? else { return Ok(Text::None) };
    let name = tree.stack.full_path(path);
    let subject = Subject { path: name.strip_prefix(b"/").unwrap_or(&name), size, bytes: &bytes };
    Ok(match preview::preview(&subject) {
        _ if size == 0 => Text::Whole(String::new()),
        Preview::Text { text, whole: true, .. } => Text::Whole(text),
        Preview::Text { .. } => Text::Long,
        _ => Text::None,
    })
}

enum Text {
    Whole(String),
    Long,
    None,
}

fn without(why: &str) -> TextDiff {
    TextDiff { lines: None, why: Some(why.to_owned()) }
}

fn lines(a: &str, b: &str) -> TextDiff {
    if a.lines().count() + b.lines().count() > LINES {
        return without("It has more lines than are compared here");
    }
    let compared = Lines::from_lines(a, b);
    let number = |at: Option<usize>| at.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX));
    let lines = compared.iter_all_changes().map(|change| DiffLine {
        a: number(change.old_index().filter(|_| change.tag() != ChangeTag::Insert)),
        b: number(change.new_index().filter(|_| change.tag() != ChangeTag::Delete)),
        text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
    });
    TextDiff { lines: Some(lines.collect()), why: None }
}

fn row(compared: &Comparison, file: &Differing) -> Option<DifferentFile> {
    let (a, b) = (&compared.a, &compared.b);
    let old = file.a.and_then(|path| a.merged.after(&a.stack, path));
    let new = file.b.and_then(|path| b.merged.after(&b.stack, path));
    let path_a = file.a.map(|path| shown_path(&a.stack, path));
    let path_b = file.b.map(|path| shown_path(&b.stack, path));
    let moved = file.difference == diff::Difference::Moved;
    Some(DifferentFile {
        path: path_b.or_else(|| path_a.clone())?,
        was: path_a.filter(|_| moved),
        difference: file.difference.into(),
        kind: new.or(old)?.node.kind().into(),
        size_a: old.map(|old| old.node.size()),
        size_b: new.map(|new| new.node.size()),
        node_a: file.a,
        node_b: file.b,
        what: match (&old, &new) {
            (Some(old), Some(new)) if !moved => file.what.words(old, new).join(", "),
            _ => String::new(),
        },
    })
}

impl From<diff::Difference> for FileDifference {
    fn from(difference: diff::Difference) -> Self {
        match difference {
            diff::Difference::Added => Self::Added,
            diff::Difference::Removed => Self::Removed,
            diff::Difference::Changed => Self::Changed,
            diff::Difference::Moved => Self::Moved,
        }
    }
}

impl From<FileDifference> for diff::Difference {
    fn from(difference: FileDifference) -> Self {
        match difference {
            FileDifference::Added => Self::Added,
            FileDifference::Removed => Self::Removed,
            FileDifference::Changed => Self::Changed,
            FileDifference::Moved => Self::Moved,
        }
    }
}
