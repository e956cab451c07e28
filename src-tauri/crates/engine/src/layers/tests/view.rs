use proptest::prelude::*;

use super::*;

fn sample() -> Arc<Stack> {
    stack(&[
        &[
            file("bin/tool", "1"),
            file("etc/a.conf", "22"),
            file("etc/nested/b.CONF", "333"),
            file("etc/nested/deep/c.txt", "4444"),
            made(file("bin/su", "55555"), |entry| (entry.mode, entry.uid) = (0o4755, 7)),
        ],
        &[file("etc/.wh.a.conf", ""), file("etc/new.conf", "666666")],
    ])
}

fn rows(view: &View) -> Vec<String> {
    let stack = view.stack().clone();
    view.rows(0, usize::MAX)
        .iter()
        .map(|row| {
            let open = if row.open { " open" } else { "" };
            format!("{}{}{open}", "  ".repeat(row.depth as usize), shown(stack.name(row.path)))
        })
        .collect()
}

fn path(view: &View, path: &str) -> u32 {
    view.stack().find(path.as_bytes()).unwrap()
}

#[test]
fn folders_open_and_close() {
    let mut view = View::new(&sample(), Scope::Layer(1)).unwrap();
    assert_eq!(rows(&view), ["bin", "etc"]);
    let (etc, nested) = (path(&view, "etc"), path(&view, "etc/nested"));
    view.open(nested);
    assert_eq!(rows(&view), ["bin", "etc"], "what is in a closed folder has no row");
    view.open(etc);
    let open = ["bin", "etc open", "  a.conf", "  nested open", "    b.CONF", "    deep", "  new.conf"];
    assert_eq!(rows(&view), open);
    view.close(etc);
    assert_eq!(rows(&view), ["bin", "etc"]);
    view.open(etc);
    assert_eq!(rows(&view), open);
    view.open_all();
    assert_eq!(view.len(), 10);
    view.close_all();
    assert_eq!(rows(&view), ["bin", "etc"]);
    let row = view.rows(1, 5)[0];
    assert_eq!((row.children, row.position, row.siblings, row.size), (3, 2, 2, 13));
    assert_eq!(view.rows(7, 5).len(), 0);
}

#[test]
fn a_filter_keeps_the_way_to_what_passes() {
    let mut view = View::new(&sample(), Scope::Layer(1)).unwrap();
    view.set_filter(Filter::text("conf")).unwrap();
    assert_eq!(rows(&view), ["etc open", "  a.conf", "  nested open", "    b.CONF", "  new.conf"]);
    let matched: Vec<bool> = view.rows(0, 9).iter().map(|row| row.matched).collect();
    assert_eq!(matched, [false, true, false, true, true]);
    assert_eq!(view.totals().matches, 3);
    let with = |filter: Filter| {
        let mut view = View::new(&sample(), Scope::Layer(1)).unwrap();
        view.set_filter(filter).unwrap();
        let stack = view.stack().clone();
        let rows = view.rows(0, 99);
        let matched = rows.iter().filter(|row| row.matched);
        matched.map(|row| shown(stack.name(row.path)).into_owned()).collect::<Vec<_>>()
    };
    let text = |text: &str| with(Filter::text(text));
    assert_eq!(text("CONF"), ["b.CONF"], "capitals count where there are some");
    assert_eq!(text("nested/b"), ["b.CONF"]);
    assert_eq!(text("*.conf"), ["a.conf", "b.CONF", "new.conf"]);
    assert_eq!(text("/etc/*.conf"), ["a.conf", "new.conf"]);
    assert_eq!(text("etc/**/c.*"), ["c.txt"]);
    assert_eq!(text("?u"), ["su"]);
    assert_eq!(with(Filter { setuid: true, ..Filter::default() }), ["su"]);
    assert_eq!(with(Filter { owner: Some(7), ..Filter::default() }), ["su"]);
    assert_eq!(with(Filter { changes: vec![Change::Removed], ..Filter::default() }), ["a.conf"]);
    assert_eq!(with(Filter { changes: vec![Change::Added], ..Filter::default() }), ["new.conf"]);
    let large = Filter { min_size: Some(5), kinds: vec![Kind::File], ..Filter::default() };
    assert_eq!(with(large), ["su", "new.conf"]);
    assert!(view.set_filter(Filter::text("[")).is_err());
    assert_eq!(view.totals().matches, 3, "a pattern that is none changes nothing");
    view.set_filter(Filter::default()).unwrap();
    assert_eq!(view.totals().matches, 10);
}

#[test]
fn matches_are_jumped_to_in_the_order_of_rows() {
    let mut view = View::new(&sample(), Scope::Layer(1)).unwrap();
    let found = view.find(&Filter::text("c")).unwrap();
    let names: Vec<_> = found.iter().map(|path| shown(view.stack().name(*path)).into_owned()).collect();
    assert_eq!(names, ["etc", "a.conf", "b.CONF", "c.txt", "new.conf"]);
    let row = view.reveal(found[3]).unwrap();
    assert_eq!(rows(&view)[row], "      c.txt");
    assert_eq!(view.reveal(0), None);
}

#[test]
fn totals_count_what_a_scope_has() {
    let view = View::new(&sample(), Scope::Layer(1)).unwrap();
    let totals = view.totals();
    assert_eq!((totals.added, totals.modified, totals.removed), (1, 0, 1));
    assert_eq!(totals.bytes, 1 + 5 + 3 + 4 + 6);
    let mut view = View::new(&sample(), Scope::Merged).unwrap();
    view.open_all();
    assert_eq!(view.len(), 9, "what was removed is not there");
    view.set_scope(Scope::Upto(0)).unwrap();
    assert_eq!(view.len(), 9, "and new.conf is not there yet");
}

proptest! {
    /// Whatever is opened and closed, rows are those of a view that was laid out at once.
    #[test]
    fn rows_follow_from_what_is_open(steps in proptest::collection::vec((0_u32..11, any::<bool>()), 0..40)) {
        let stack = sample();
        let mut view = View::new(&stack, Scope::Layer(1)).unwrap();
        for (at, open) in steps {
            let at = at % stack.paths();
            if open { view.open(at) } else { view.close(at) }
            let stepwise: Vec<u32> = view.rows(0, usize::MAX).iter().map(|row| row.path).collect();
            let filter = view.find(&Filter::default()).unwrap();
            prop_assert!(stepwise.len() <= filter.len());
            let mut again = Vec::new();
            for path in filter {
                let mut above = stack.parent(path);
                let mut shown = true;
                while above != 0 {
                    shown &= view.row(above).is_some_and(|row| row.open);
                    above = stack.parent(above);
                }
                if shown {
                    again.push(path);
                }
            }
            prop_assert_eq!(stepwise, again);
        }
    }
}

#[test]
fn files_are_filtered_by_what_they_hold() {
    let stack = stack(&[
        &[
            file("etc/conf", "{\"a\": 1}"),
            file("etc/notes.json", "not what its name says"),
            file("usr/bin/run", "#!/bin/sh\n"),
            file("usr/bin/tool", "\u{7f}ELF\u{2}"),
            file("empty", ""),
            file("var/lib/dpkg/status", "Package: a\n"),
        ],
        &[link("usr/bin/also", "usr/bin/tool", Kind::HardLink), file("usr/bin/run", "\u{7f}ELF\u{2}")],
    ]);
    let state = State::new(&stack, Scope::Merged).unwrap();
    for (content, want) in [
        (Content::Json, &["/etc/conf"][..]),
        (Content::Text, &["/etc/conf", "/etc/notes.json"]),
        (Content::Script, &[]),
        (Content::Program, &["/usr/bin/also", "/usr/bin/run", "/usr/bin/tool"]),
        (Content::Packages, &["/var/lib/dpkg/status"]),
    ] {
        let filter = Filter { content: Some(content), ..Filter::default() };
        let found = filter.matches(&stack, &state).unwrap();
        let paths: Vec<_> =
            found.iter(0..stack.paths()).map(|path| shown(&stack.full_path(path)).into_owned()).collect();
        assert_eq!(paths, want, "{content:?}");
    }
}
