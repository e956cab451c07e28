use super::*;
use crate::tar::Segment;

#[test]
fn a_tree_is_made_of_entries_in_any_order() {
    let index = index(&tar(&[
        file("z", "1"),
        file("a/b/c", "22"),
        dir("./a"),
        file("a/b-", "333"),
        dir("a/empty"),
        link("a/link", "b/c", Kind::Symlink),
        file("a/b/a", ""),
    ]));
    assert_eq!(
        lines(&index),
        [
            "/ Directory 0 implied",
            "/a Directory 0",
            "/a/b Directory 0 implied",
            "/a/b/a File 0",
            "/a/b/c File 2",
            "/a/b- File 3",
            "/a/empty Directory 0",
            "/a/link Symlink 0",
            "/z File 1",
        ]
    );
    assert_eq!((index.entries(), index.bytes()), (7, 6));
    assert_eq!(index.find([&b"a"[..], b"link"]).unwrap().link(), b"b/c");
    assert!(index.find([&b"a"[..], b"x"]).is_none());
    assert_eq!(index.incomplete(), None);
}

#[test]
fn f088_odd_names_are_listed_and_stay_beneath_the_root() {
    let mut absolute = file("/etc/shadow", "1");
    absolute.0.name = b"/etc/shadow".to_vec();
    let index = index(&tar(&[
        absolute,
        file("../../up", "2"),
        file("a/../../b", "3"),
        file("back\\slash", "4"),
        file("", "5"),
        made(file("x", "6"), |entry| entry.name = b"bytes\xff".to_vec()),
        made(file("x", "7"), |entry| entry.name = b"line\nbreak\x1b[31m".to_vec()),
    ]));
    let rows: Vec<(String, Option<String>)> = lines(&index).into_iter().zip((0..).map(|_| None)).collect();
    let paths: Vec<&str> = rows.iter().map(|(line, _)| line.split(' ').next().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "/",
            "/",
            "/b",
            "/back\\\\slash",
            "/bytes\\xff",
            "/etc",
            "/etc/shadow",
            "/line\\nbreak\\u{1b}[31m",
            "/up"
        ]
    );
    let raw = |parts: &[&[u8]]| index.find(parts.iter().copied()).unwrap().shown_path();
    assert_eq!(raw(&[b"etc", b"shadow"]), "/etc/shadow");
    assert_eq!(raw(&[b"up"]), "../../up");
    assert_eq!(raw(&[b"b"]), "a/../../b");
    assert_eq!(raw(&[b""]), "", "a file without a name is listed and can be nowhere");
    assert_eq!(raw(&[b"back\\slash"]), "back\\\\slash");
}

#[test]
fn f091_everything_of_an_entry_is_listed() {
    let index = index(&tar(&[
        made(file("su", "x"), |entry| {
            entry.mode = 0o6755;
            (entry.uid, entry.gid) = (1000, 5_000_000_000);
            entry.modified = Time { seconds: -5, nanoseconds: 250_000_000 };
            entry.attributes = vec![
                (b"security.capability".to_vec(), vec![1, 0, 0, 2, 0xff]),
                (b"user.note".to_vec(), b"a=b".to_vec()),
            ];
        }),
        made((entry("null", Kind::CharDevice), Vec::new()), |entry| entry.device = (1, 3)),
        made((entry("disk", Kind::BlockDevice), Vec::new()), |entry| entry.device = (8, 70_000)),
        (entry("pipe", Kind::Fifo), Vec::new()),
        link("hard", "su", Kind::HardLink),
    ]));
    let at = |name: &str| index.find([name.as_bytes()]).unwrap();
    let su = at("su");
    assert_eq!((su.mode(), su.uid(), su.gid()), (0o6755, 1000, 5_000_000_000));
    assert_eq!(su.modified(), Time { seconds: -5, nanoseconds: 250_000_000 });
    assert_eq!(su.attributes().len(), 2);
    assert_eq!(su.attributes()[0].1, [1, 0, 0, 2, 0xff]);
    assert_eq!((at("null").kind(), at("null").device()), (Kind::CharDevice, Some((1, 3))));
    assert_eq!((at("disk").kind(), at("disk").device()), (Kind::BlockDevice, Some((8, 70_000))));
    assert_eq!(at("pipe").kind(), Kind::Fifo);
    assert_eq!((at("hard").kind(), at("hard").link()), (Kind::HardLink, b"su".to_vec()));
}

#[test]
fn f095_a_sparse_file_of_8_eib_is_a_line() {
    let size = (1 << 63) - 1;
    let parts = vec![Segment { offset: 1 << 40, length: 3 }];
    let sparse = made(file("huge", "abc"), |entry| (entry.size, entry.sparse) = (size, Some(parts.clone())));
    let index = index(&tar(&[sparse, file("next", "x")]));
    let huge = index.find([&b"huge"[..]]).unwrap();
    assert_eq!((huge.size(), huge.sparse()), (size, Some(parts)));
    assert_eq!(index.find([&b"next"[..]]).unwrap().size(), 1);
}

#[test]
fn f097_later_entries_take_the_place_of_earlier_ones() {
    let rows: [(&str, &[Made], &[&str]); 5] = [
        ("a file twice", &[file("a", "1"), file("a", "22")], &["/a File 1 shadowed", "/a File 2"]),
        (
            "a folder twice",
            &[dir("a"), file("a/b", "1"), dir("a")],
            &["/a Directory 0 shadowed", "/a Directory 0", "/a/b File 1"],
        ),
        (
            "a file in the place of a folder",
            &[dir("a"), file("a/b", "1"), file("a", "22")],
            &["/a Directory 0 shadowed", "/a/b File 1 shadowed", "/a File 2"],
        ),
        (
            "a folder in the place of a file",
            &[file("a", "22"), dir("a"), file("a/b", "1")],
            &["/a File 2 shadowed", "/a Directory 0", "/a/b File 1"],
        ),
        (
            "a folder, a file, and the folder again",
            &[dir("a"), file("a/b", "1"), file("a", "22"), dir("a"), file("a/c", "3")],
            &[
                "/a Directory 0 shadowed",
                "/a File 2 shadowed",
                "/a Directory 0",
                "/a/b File 1 shadowed",
                "/a/c File 1",
            ],
        ),
    ];
    for (name, entries, want) in rows {
        assert_eq!(lines(&index(&tar(entries)))[1..], *want, "{name}");
    }
}

#[test]
fn f098_deep_names_and_many_of_them() {
    let deep = vec!["d"; 10_000].join("/");
    let mut entries = vec![file(&format!("{deep}/end"), "x"), file(&format!("{deep}/last"), "y")];
    entries.extend((0..50_000).map(|at| file(&format!("many/{at:05}"), "")));
    let index = index(&tar(&entries));
    assert_eq!(index.entries(), 50_002);
    let mut node = index.root();
    let mut depth = 0;
    while let Some(child) = node.child(b"d") {
        node = child;
        depth += 1;
    }
    assert_eq!((depth, node.children().len()), (10_000, 2));
    assert_eq!(node.child(b"end").unwrap().path().len(), deep.len() + 4);
    let stack = Stack::new(vec![Arc::new(index)]).unwrap();
    let state = State::new(&stack, Scope::Merged).unwrap();
    assert_eq!(state.size(&stack, 0), 2);
}

#[test]
fn f102_bytes_have_the_last_word() {
    let plain = tar(&[file("a", "1")]);
    let zstd = zstd::encode_all(&*plain, 1).unwrap();
    let index = index(&zstd);
    assert_eq!(index.find([&b"a"[..]]).unwrap().size(), 1);
    let flag = |media_type| compression_flag(media_type, index.compression());
    assert_eq!(flag(oci::media_type::OCI_LAYER_ZSTD), None);
    let said = flag(oci::media_type::OCI_LAYER_GZIP).unwrap();
    assert!(said.contains("compressed with gzip, and it is compressed with zstd"), "{said}");
    assert_eq!(flag("application/x-unknown"), None);
}

#[test]
fn an_empty_blob_and_an_empty_archive_have_no_files() {
    for stored in [Vec::new(), tar(&[])] {
        let index = index(&stored);
        assert_eq!((index.entries(), index.incomplete()), (0, None));
        assert_eq!(lines(&index), ["/ Directory 0 implied"]);
    }
}

#[test]
fn equal_content_has_equal_hashes() {
    let index = index(&tar(&[file("a", "same"), file("b", "same"), file("c", "else")]));
    let hash = |name: &str| index.find([name.as_bytes()]).unwrap().content_hash();
    assert_eq!(hash("a"), hash("b"));
    assert_ne!(hash("a"), hash("c"));
}
