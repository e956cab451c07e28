//! Tables of tags: what a query finds, and in what order.

use std::sync::Arc;

use engine::registry::describe::Details;
use engine::registry::tag::TagPage;
use oci::artifact::Kind;
use oci::descriptor::Descriptor;
use oci::media_type::OCI_MANIFEST;

use super::*;
use crate::wire::{LocalState, TagRow, TagSort};

fn page(names: &[&str], has_more: bool) -> TagPage {
    TagPage {
        tags: names.iter().map(|name| name.parse().expect("a tag")).collect(),
        has_more,
        ..TagPage::default()
    }
}

fn table(names: &[&str]) -> Table {
    let mut table = Table::default();
    table.append(page(names, false));
    table
}

/// `image` names the digest.
fn describe(table: &mut Table, tag: &str, image: &str, size: u64, created: &str, platforms: &[&str]) {
    let details = Details {
        kind: Kind::Image,
        artifact_type: None,
        platforms: platforms.iter().map(|platform| platform.parse().expect("a platform")).collect(),
        platform: None,
        size: Some(size),
        created: Some(created.to_owned()),
    };
    let descriptor = Descriptor::new(OCI_MANIFEST, Digest::sha256(image.as_bytes()), 400);
    let facts = TagFacts { descriptor, details: Some(Arc::new(details)) };
    table.describe(&tag.parse().expect("a tag"), Described::Known(facts));
}

fn all() -> TagQuery {
    TagQuery {
        id: 1,
        filter: String::new(),
        sort: TagSort::Registry,
        descending: false,
        grouped: false,
        platform: None,
        from: 0,
        count: 100,
    }
}

fn ask(table: &mut Table, query: &TagQuery) -> Vec<TagRow> {
    table.query(query, &|_| None).rows
}

fn names(table: &mut Table, query: &TagQuery) -> Vec<String> {
    ask(table, query).into_iter().map(|row| row.tag).collect()
}

#[test]
fn tags_are_sorted_by_each_column_and_what_is_not_known_is_last() {
    let mut table = table(&["1.9", "1.10", "latest", "edge", "1.10-rc1"]);
    describe(&mut table, "1.9", "a", 30, "2024-01-02T00:00:00Z", &[]);
    describe(&mut table, "1.10", "b", 10, "2024-03-01T12:00:00+02:00", &[]);
    describe(&mut table, "latest", "b", 20, "2024-03-01T10:30:00Z", &[]);
    let b_first = Digest::sha256(b"b") < Digest::sha256(b"a");
    let digests: &[&str] = if b_first { &["1.10", "latest", "1.9"] } else { &["1.9", "1.10", "latest"] };
    let rows: &[(TagSort, bool, &[&str])] = &[
        (TagSort::Registry, false, &["1.9", "1.10", "latest", "edge", "1.10-rc1"]),
        (TagSort::Registry, true, &["1.10-rc1", "edge", "latest", "1.10", "1.9"]),
        (TagSort::Name, false, &["1.10", "1.10-rc1", "1.9", "edge", "latest"]),
        (TagSort::Version, true, &["latest", "1.10", "1.10-rc1", "1.9", "edge"]),
        (TagSort::Size, false, &["1.10", "latest", "1.9", "edge", "1.10-rc1"]),
        (TagSort::Size, true, &["1.9", "latest", "1.10", "edge", "1.10-rc1"]),
        (TagSort::Updated, true, &["latest", "1.10", "1.9", "edge", "1.10-rc1"]),
        (TagSort::Digest, false, &[digests, &["edge", "1.10-rc1"]].concat()),
    ];
    for (sort, descending, expected) in rows {
        let query = TagQuery { sort: *sort, descending: *descending, ..all() };
        assert_eq!(names(&mut table, &query), *expected, "{sort:?}, descending: {descending}");
    }
}

#[test]
fn a_filter_finds_tags_that_have_all_its_words() {
    let mut table = table(&["1.25-alpine", "1.25", "Alpine3.19", "latest"]);
    for (filter, expected) in [
        ("", &["1.25-alpine", "1.25", "Alpine3.19", "latest"][..]),
        ("alpine", &["1.25-alpine", "Alpine3.19"]),
        (" ALPINE  1.25 ", &["1.25-alpine"]),
        ("nothing", &[]),
    ] {
        let query = TagQuery { filter: filter.into(), ..all() };
        let found = table.query(&query, &|_| None);
        assert_eq!((found.total, found.matched), (4, expected.len() as u64), "{filter}");
        assert_eq!(names(&mut table, &query), expected, "{filter}");
    }
}

#[test]
fn a_platform_finds_tags_that_are_known_to_have_it() {
    let mut table = table(&["a", "b", "c", "d"]);
    describe(&mut table, "a", "a", 1, "", &["linux/amd64", "linux/arm64/v8"]);
    describe(&mut table, "b", "b", 1, "", &["linux/arm64"]);
    describe(&mut table, "c", "c", 1, "", &["linux/arm"]);
    let query = |platform: &str| TagQuery { platform: Some(platform.into()), ..all() };
    assert_eq!(names(&mut table, &query("linux/arm64")), ["a", "b"]);
    assert_eq!(names(&mut table, &query("linux/arm")), ["c"], "arm is not arm64");
    assert_eq!(names(&mut table, &query("")).len(), 4, "none is any");
}

#[test]
fn tags_of_one_digest_are_joined_and_brought_together() {
    let mut table = table(&["1.0", "latest", "2.0", "1", "old"]);
    for (tag, image) in [("1.0", "a"), ("latest", "b"), ("2.0", "b"), ("1", "a")] {
        describe(&mut table, tag, image, 1, "", &[]);
    }
    let knots = |rows: Vec<TagRow>| rows.into_iter().map(|row| (row.tag, row.knot)).collect::<Vec<_>>();
    let row = |tag: &str, knot| (tag.to_owned(), knot);
    let apart = knots(ask(&mut table, &all()));
    assert_eq!(
        apart,
        [row("1.0", None), row("latest", Some(1)), row("2.0", Some(1)), row("1", None), row("old", None)]
    );
    let grouped = TagQuery { grouped: true, ..all() };
    let together = knots(ask(&mut table, &grouped));
    let expected = [
        row("1.0", Some(0)),
        row("1", Some(0)),
        row("latest", Some(2)),
        row("2.0", Some(2)),
        row("old", None),
    ];
    assert_eq!(together, expected);
    // A window that begins within a run gives the run the same number.
    let window = TagQuery { from: 3, count: 1, ..grouped };
    assert_eq!(knots(ask(&mut table, &window)), [row("2.0", Some(2))]);
}

#[test]
fn what_is_found_out_changes_the_orders_that_go_by_it() {
    let mut table = table(&["a", "b"]);
    let by_size = TagQuery { sort: TagSort::Size, descending: true, ..all() };
    assert_eq!(names(&mut table, &by_size), ["a", "b"]);
    describe(&mut table, "b", "b", 9, "", &[]);
    assert_eq!(names(&mut table, &by_size), ["b", "a"]);
    table.append(page(&["c"], false));
    describe(&mut table, "c", "c", 10, "", &[]);
    assert_eq!(names(&mut table, &by_size), ["c", "b", "a"]);
    assert_eq!(names(&mut table, &all()), ["a", "b", "c"]);
}

#[test]
fn f072_a_page_that_repeats_tags_adds_none_twice() {
    let mut table = table(&["a", "b"]);
    table.append(page(&["b", "c"], false));
    assert_eq!(names(&mut table, &all()), ["a", "b", "c"]);
    let head = table.head(1, &"nginx".parse::<oci::Reference>().expect("a name").repository().clone(), None);
    assert_eq!((head.known, head.about.as_str()), (3, "Official image on Docker Hub"));
}

#[test]
fn f074_what_is_no_tag_is_text_beside_the_table() {
    let mut table = Table::default();
    let invalid = (0..50).map(|at| format!("<b>{at}</b>{}", "x".repeat(1_000))).collect();
    table.append(TagPage { invalid, ..page(&["a"], false) });
    let head =
        table.head(1, &"r.example/a".parse::<oci::Reference>().expect("a name").repository().clone(), None);
    assert_eq!((head.known, head.invalid, head.odd.len()), (1, 50, 20));
    assert!(head.odd.iter().all(|name| name.chars().count() == 200), "each is cut");
    assert_eq!(names(&mut table, &all()), ["a"]);
}

#[test]
fn a_row_says_how_this_computer_compares() {
    let mut table = table(&["same", "older", "absent", "unknown"]);
    for tag in ["same", "older", "absent"] {
        describe(&mut table, tag, "a", 1, "", &[]);
    }
    let local = |tag: &Tag| match tag.as_str() {
        "same" | "unknown" => Some(Digest::sha256(b"a")),
        "older" => Some(Digest::sha256(b"before")),
        _ => None,
    };
    let states: Vec<_> = table.query(&all(), &local).rows.into_iter().map(|row| row.local).collect();
    let expected = [Some(LocalState::Same), Some(LocalState::Older), Some(LocalState::Absent), None];
    assert_eq!(states, expected);
}

#[test]
fn f072_a_hundred_thousand_tags_are_answered_at_once() {
    let names: Vec<String> = (0..100_000).map(|at| format!("{}.{}.{}", at % 7, at % 1_000, at)).collect();
    let mut table = Table::default();
    for names in names.chunks(1_000) {
        table.append(page(&names.iter().map(String::as_str).collect::<Vec<_>>(), true));
    }
    for sort in [TagSort::Registry, TagSort::Name, TagSort::Version, TagSort::Updated, TagSort::Digest] {
        for grouped in [false, true] {
            let query = TagQuery {
                sort,
                grouped,
                descending: true,
                filter: "1".into(),
                from: 5_000,
                count: 60,
                ..all()
            };
            assert_eq!(ask(&mut table, &query).len(), 60);
        }
    }
    // Scrolling asks the same again: nothing is sorted anew.
    let query = TagQuery { sort: TagSort::Version, from: 0, count: 60, ..all() };
    ask(&mut table, &query);
    let order = table.order().expect("it was asked for").clone();
    for from in 0..100 {
        ask(&mut table, &TagQuery { from: from * 900, ..query.clone() });
    }
    assert!(table.order().is_some_and(|now| Arc::ptr_eq(now, &order)));
}
