use super::*;

#[test]
fn f097_whiteouts_opaque_folders_and_replacements() {
    let stack = stack(&[
        &[
            dir("etc"),
            file("etc/keep", "1"),
            file("etc/gone", "22"),
            dir("var"),
            dir("var/old"),
            file("var/old/x", "333"),
            dir("opt"),
            file("opt/below", "4444"),
            dir("swap"),
            file("swap/in", "55555"),
            file("plain", "6"),
        ],
        &[
            file("etc/.wh.gone", ""),
            file("var/.wh.old", ""),
            dir("opt"),
            file("opt/.wh..wh..opq", ""),
            file("opt/above", "7"),
            file("swap", "8"),
            dir("plain"),
            file("plain/in", "9"),
            file("etc/keep", "1"),
        ],
        &[dir("var/old"), file("var/old/y", "0"), file(".wh.plain", ""), file("plain", "new")],
    ]);
    assert_eq!(
        state_lines(&stack, Scope::Layer(1)),
        [
            "Modified /etc 1",
            "Modified /opt 2",
            "Modified /plain 2",
            "Modified /swap 2",
            "Modified /var 1",
            "Removed /etc/gone 1",
            "Unchanged /etc/keep 2",
            "Added /opt/above 2",
            "Removed /opt/below 1",
            "Added /plain/in 2",
            "Removed /swap/in 1",
            "Removed /var/old 1",
            "Removed /var/old/x 1",
        ]
    );
    assert_eq!(
        state_lines(&stack, Scope::Merged),
        [
            "Modified /etc 1",
            "Modified /opt 2",
            "Modified /plain 3",
            "Modified /swap 2",
            "Modified /var 1",
            "Unchanged /etc/keep 2",
            "Added /opt/above 2",
            "Modified /var/old 3",
            "Added /var/old/y 3",
        ]
    );
    assert_eq!(
        state_lines(&stack, Scope::Between { from: 0, to: 2 })
            .iter()
            .filter(|line| line.starts_with("Rem"))
            .count(),
        4
    );
    assert!(State::new(&stack, Scope::Layer(3)).is_err());
}

#[test]
fn a_whiteout_hides_nothing_of_its_own_layer() {
    let stack = stack(&[&[dir("a"), file("a/x", "1")], &[file("a/y", "2"), file(".wh.a", ""), dir("a")]]);
    assert_eq!(state_lines(&stack, Scope::Merged), ["Modified /a 2", "Added /a/y 2"]);
    assert_eq!(state_lines(&stack, Scope::Layer(1)), ["Modified /a 2", "Removed /a/x 1", "Added /a/y 2"]);
}

#[test]
fn sizes_of_folders_are_summed_up() {
    let stack = stack(&[
        &[file("a/b/c", "333"), file("a/d", "1"), link("a/h", "a/d", Kind::HardLink)],
        &[file("a/b/.wh.c", ""), file("a/e", "22")],
    ]);
    let size = |scope, path: &str| {
        State::new(&stack, scope).unwrap().size(&stack, stack.find(path.as_bytes()).unwrap())
    };
    assert_eq!(size(Scope::Layer(0), "/"), 4);
    assert_eq!(size(Scope::Layer(1), "/a"), 3, "what was removed does not count");
    assert_eq!(size(Scope::Layer(1), "/a/b/c"), 3);
    assert_eq!(size(Scope::Merged, "/"), 3);
}

#[test]
fn only_a_change_of_something_but_the_times_counts() {
    let base = file("a", "same");
    let later = |edit: fn(&mut Entry)| {
        let stack = stack(&[std::slice::from_ref(&base), &[made(base.clone(), edit)]]);
        state_lines(&stack, Scope::Layer(1))
    };
    assert_eq!(later(|entry| entry.modified.seconds += 9), ["Unchanged /a 2"]);
    assert_eq!(later(|entry| entry.mode = 0o755), ["Modified /a 2"]);
    assert_eq!(later(|entry| entry.uid = 1), ["Modified /a 2"]);
    assert_eq!(later(|entry| entry.attributes = vec![(b"user.a".to_vec(), vec![1])]), ["Modified /a 2"]);
    let stack = stack(&[&[base], &[file("a", "else")]]);
    assert_eq!(state_lines(&stack, Scope::Layer(1)), ["Modified /a 2"], "as long, but another content");
}

#[test]
fn f090_links_are_followed_within_the_image_and_never_out_of_it() {
    let stack = stack(&[&[
        dir("usr/bin"),
        file("usr/bin/tool", "1"),
        link("bin", "usr/bin", Kind::Symlink),
        link("usr/bin/alias", "/bin/tool", Kind::Symlink),
        link("up", "../../../../usr", Kind::Symlink),
        link("loop", "loop", Kind::Symlink),
        link("away", "/nowhere", Kind::Symlink),
    ]]);
    let follow = |path: &str| stack.follow(path.as_bytes(), 1, true);
    let tool = stack.find(b"/usr/bin/tool").unwrap();
    for path in ["/bin/tool", "bin/alias", "/up/bin/tool", "/usr/../bin/./tool", "usr/bin/tool"] {
        assert_eq!(follow(path).unwrap(), tool, "{path}");
    }
    for path in ["/loop", "/away", "/bin/none"] {
        assert!(follow(path).is_err(), "{path}");
    }
    assert_eq!(stack.follow(b"/bin", 1, false).unwrap(), stack.find(b"/bin").unwrap());
}

#[test]
fn a_folder_without_an_entry_hides_the_link_that_it_lies_over() {
    let stack = stack(&[
        &[dir("usr/lib"), file("usr/lib/old", "1"), link("lib", "usr/lib", Kind::Symlink)],
        &[file("lib/new", "22")],
        &[dir("lib"), file("lib/newer", "333")],
    ]);
    let at = |path: &str, layers| {
        let version = stack.at(stack.follow(path.as_bytes(), layers, true).ok()?, layers)?;
        Some(version.node.size())
    };
    assert_eq!((at("/lib/old", 1), at("/usr/lib/old", 1)), (Some(1), Some(1)));
    // As overlay file systems have it, where each layer is unpacked into a folder of its own.
    assert_eq!((at("/lib/old", 2), at("/usr/lib/old", 2)), (None, Some(1)));
    assert_eq!((at("/lib/new", 2), at("/usr/lib/new", 2)), (Some(2), None));
    assert_eq!((at("/lib/new", 3), at("/lib/newer", 3)), (Some(2), Some(3)));
}

#[test]
fn a_hard_link_leads_to_what_had_its_targets_name() {
    let stack = stack(&[
        &[file("a", "first"), link("b", "a", Kind::HardLink), link("c", "b", Kind::HardLink)],
        &[
            link("early", "a", Kind::HardLink),
            file("a", "second"),
            link("late", "a", Kind::HardLink),
            file("a", "the third"),
            link("d", "/b", Kind::HardLink),
            link("e", "gone", Kind::HardLink),
        ],
    ]);
    let bytes = |path: &str| {
        let path = stack.find(path.as_bytes()).unwrap();
        let version = stack.at(path, 2).unwrap();
        stack.bytes_of(&version).map(|(layer, node)| (layer, stack.layers()[layer].node(node).size()))
    };
    assert_eq!(bytes("a"), Some((1, 9)));
    assert_eq!(bytes("late"), Some((1, 6)), "as it was between two entries of one layer");
    for path in ["b", "c", "d", "early"] {
        assert_eq!(bytes(path), Some((0, 5)), "{path}");
    }
    assert_eq!(bytes("e"), None);
}

#[test]
fn waste_is_counted_as_dive_does() {
    let stack = stack(&[
        &[
            dir("a"),
            file("a/x", "1234567890"),
            file("a/twice", "12345"),
            dir("d"),
            file("d/in", "123"),
            dir("leaf"),
        ],
        &[file("a/.wh.x", ""), file("a/twice", "1234567"), file(".wh.d", ""), dir("leaf")],
    ]);
    let found = waste(&stack);
    let files: Vec<(String, u64, usize)> = found
        .files
        .iter()
        .map(|file| (shown(&stack.full_path(file.path)).into_owned(), file.bytes, file.layers.len()))
        .collect();
    assert_eq!(
        files,
        [("/a/twice".to_owned(), 12, 2), ("/a/x".to_owned(), 10, 2), ("/leaf".to_owned(), 0, 2)]
    );
    assert_eq!(found.wasted_bytes, 22);
    // Least: x 0, twice 5, in 3, d 3, leaf 0; all: x 10, twice 12, in 3, d 3.
    assert!((found.efficiency - 11.0 / 28.0).abs() < 1e-9, "{}", found.efficiency);
    assert_eq!(found.hidden_bytes, 10 + 5 + 3);
    assert_eq!((found.layers[0].net, found.layers[1].net), (0, 7));
    assert_eq!((found.layers[1].added, found.layers[1].modified, found.layers[1].removed), (0, 1, 3));
    let none = waste(&super::stack(&[&[dir("a")]]));
    assert!((none.efficiency - 1.0).abs() < 1e-9);
}

#[test]
fn what_one_layer_alone_has_counts_for_it() {
    let stack = stack(&[
        &[dir("a"), file("a/only", "1234"), file("a/gone", "12"), dir("o"), file("o/below", "12345")],
        &[file("a/.wh.gone", ""), file("b/new", "123"), file("o/.wh..wh..opq", ""), file("o/above", "1")],
    ]);
    let found = waste(&stack);
    let worths = [0, 1].map(|at: usize| {
        let worth = found.layers[at];
        (worth.unpacked, worth.net, worth.added, worth.modified, worth.removed)
    });
    // `b` is there although it has no entry; what the opaque folder hides is removed.
    assert_eq!(worths, [(11, 4, 5, 0, 0), (4, 4, 3, 0, 2)]);
    assert_eq!((found.hidden_bytes, found.wasted_bytes), (2 + 5, 2));
    // Of `a/gone` the whiteout costs least, nothing.
    assert!((found.efficiency - 13.0 / 15.0).abs() < 1e-9, "{}", found.efficiency);
}

/// What dive 0.13.1 says of an image of these layers (`dive --source docker-archive --json`).
#[test]
fn dives_verdict_is_ours() {
    let stack = stack(&[
        &[
            dir("a"),
            file("a/x", "1234567890"),
            file("a/twice", "12345"),
            dir("d"),
            file("d/in", "123"),
            dir("leaf"),
        ],
        &[file("a/.wh.x", ""), file("a/twice", "1234567"), file(".wh.d", ""), dir("leaf")],
        &[dir("d"), file("d/in", "456"), file("a/x", "new"), link("hard", "a/x", Kind::HardLink)],
        &[file("a/.wh.x", ""), file("d/.wh..wh..opq", ""), file("d/q", "77")],
    ]);
    let found = waste(&stack);
    let files: Vec<(String, u64, usize)> = found
        .files
        .iter()
        .map(|file| (shown(&stack.full_path(file.path)).into_owned(), file.bytes, file.layers.len()))
        .collect();
    let want = [("/a/x", 13, 4), ("/a/twice", 12, 2), ("/d/in", 6, 2), ("/leaf", 0, 2)];
    assert_eq!(files, want.map(|(path, bytes, count)| (path.to_owned(), bytes, count)));
    assert_eq!(found.wasted_bytes, 31);
    assert!((found.efficiency - 0.361_111_111_111_111_1).abs() < 1e-12, "{}", found.efficiency);
    let unpacked: u64 = found.layers.iter().map(|layer| layer.unpacked).sum();
    assert_eq!(unpacked, 33);
}

#[test]
fn duplicates_are_found_over_all_layers() {
    let stack = stack(&[&[file("a", "same content"), file("b", "other")], &[file("c", "same content")]]);
    let groups = duplicates(&stack, 1);
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].size, groups[0].wasted(), groups[0].files.len()), (12, 12, 2));
    assert!(duplicates(&stack, 13).is_empty());
}

#[test]
fn every_version_is_of_its_layer_also_where_there_are_many() {
    // More nodes than the table of layers has places, and layers that end between two of them.
    let sizes = [5_003, 1, 2, 4_001, 3];
    let layers: Vec<Vec<Made>> = (0..).zip(sizes).map(|(layer, size)| named(layer, size)).collect();
    let slices: Vec<&[Made]> = layers.iter().map(Vec::as_slice).collect();
    let stack = stack(&slices);
    assert_eq!(stack.paths() as usize, 1 + sizes.iter().sum::<usize>());
    for path in 1..stack.paths() {
        let name = String::from_utf8_lossy(stack.name(path)).into_owned();
        let layers: Vec<usize> = stack.versions(path).map(|version| version.layer).collect();
        assert_eq!(format!("{}", layers[0]), name[..1], "{name}");
        assert_eq!(layers.len(), 1, "{name}");
    }
}

/// Files whose names begin with the number of their layer.
fn named(layer: usize, count: usize) -> Vec<Made> {
    (0..count).map(|at| file(&format!("{layer}-{at}"), "")).collect()
}
