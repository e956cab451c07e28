//! What is inside layers, as the page asks for it.

use std::time::Duration;

use engine::layers::IndexCache;
use testkit::image::{Entry, Family, Layer, LayerCompression, Object};

use super::*;
use crate::wire::all::{FileChange, FileKind, IndexedBy};

fn image(motd: &str) -> TestImage {
    let base = Layer::new(
        &[
            Entry::directory("etc"),
            Entry::file("etc/motd", motd.as_bytes()),
            Entry::file("etc/old", b"goes"),
            Entry::directory("usr"),
            Entry::file("usr/run", b"#!/bin/sh\n").mode(0o4755),
        ],
        LayerCompression::Gzip,
    );
    let top = Layer::new(
        &[
            Entry::whiteout("etc/old"),
            Entry::file("etc/motd", format!("{motd}more\n").as_bytes()),
            Entry::symlink("etc/link", "motd"),
        ],
        LayerCompression::Zstd,
    );
    TestImage::builder(Family::Oci)
        .layer(base.created_by("RUN /bin/sh -c base # buildkit"))
        .layer(top)
        .build()
}

impl Desk {
    async fn tree(&self, input: &str, from: LookIn) -> crate::wire::TreeHead {
        let of = LayersOf::Image { input: input.to_owned(), from, platform: None };
        files::open_tree(&self.app, of, 64, Stream::new(|_| true)).await.expect("a tree").tree
    }

    async fn view(&self, tree: u64, scope: FileScope, text: &str) -> FileViewHead {
        let filter = FileFilter { text: text.to_owned(), ..FileFilter::default() };
        files::open_view(&self.app, tree, scope, filter).await.expect("a view")
    }

    async fn node(&self, tree: u64, name: &str) -> u32 {
        let view = self.view(tree, FileScope::Merged, "").await.id;
        let found = files::find_file(&self.app, view, name.into(), None, false).await.expect("looked");
        files::close_view(&self.app, view).await.expect("closed");
        found.expect("it is there").node
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_what_was_pulled_are_listed_before_anybody_looks() {
    let desk = Desk::new();
    let registry = Registry::start();
    let image = image("hello\n");
    registry.put("team/app", "1.0", &image);
    let name = registry.reference("team/app", "1.0");
    desk.pull(&name).await;
    let cache = IndexCache::new(desk.app.places().store.join("cache"));
    let listed = async {
        let layers = image.blobs.iter().filter(|blob| blob.media_type.contains("layer"));
        while !layers.clone().all(|layer: &Object| cache.get(&layer.digest, false).is_some()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listed).await.expect("they are listed");
    let head = desk.tree(&name, LookIn::Store).await;
    assert!(head.layers.iter().all(|layer| layer.indexed_by == IndexedBy::Cache));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_is_opened_folded_and_searched() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image("hello\n"));
    let name = registry.reference("team/app", "1.0");
    let unasked = Settings { list_pulled: false, ..Settings::default() };
    settings::write_settings(&desk.app, unasked).await.expect("kept");
    desk.pull(&name).await;
    let head = desk.tree(&name, LookIn::Store).await;
    assert_eq!((head.layers.len(), head.files, head.fetched), (2, 5, None));
    assert_eq!((head.layers[0].label.as_str(), head.layers[0].number), ("RUN base", 1));
    assert!(head.layers.iter().all(|layer| layer.indexed_by == IndexedBy::Reading));
    assert_eq!((head.layers[1].added, head.layers[1].removed), (1, 1), "{:?}", head.layers[1]);
    assert!(head.efficiency < 1.0 && head.wasted_bytes > 0);
    let again = desk.tree(&name, LookIn::Store).await;
    assert!(again.layers.iter().all(|layer| layer.indexed_by == IndexedBy::Cache));

    let of = LayersOf::Image { input: name.clone(), from: LookIn::Store, platform: None };
    let opened = files::open_tree(&desk.app, of, 64, Stream::new(|_| true)).await.expect("a tree");
    let view = desk.view(head.id, FileScope::Merged, "").await;
    assert_eq!(view.rows, 2, "its folders are closed");
    let rows = files::file_rows(&desk.app, view.id, 0, 10).await.expect("rows").rows;
    assert_eq!((opened.view.rows, &opened.rows), (2, &rows), "a tree comes with its first rows");
    assert_eq!(files::file_rows(&desk.app, opened.view.id, 0, 10).await.expect("rows").rows, rows);
    assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["etc", "usr"]);
    assert_eq!(
        (rows[0].kind, rows[0].children, rows[0].layers.as_slice()),
        (FileKind::Directory, 2, &[1, 2][..])
    );
    let unfolded = files::fold_files(&desk.app, view.id, 0, true, true).await.expect("unfolded");
    assert_eq!(unfolded.rows, 5);
    let rows = files::file_rows(&desk.app, view.id, 1, 2).await.expect("rows").rows;
    assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["link", "motd"]);
    assert_eq!(rows[0].link.as_deref(), Some("motd"));
    assert_eq!((rows[1].change, rows[1].position, rows[1].siblings), (FileChange::Modified, 2, 2));
    assert_eq!(files::fold_files(&desk.app, view.id, 0, false, true).await.expect("folded").rows, 2);

    let next =
        |from: Option<u64>, backwards| files::find_file(&desk.app, view.id, "m".into(), from, backwards);
    let first = next(None, false).await.expect("looked").expect("found");
    assert_eq!((first.position, first.total, first.view.rows), (1, 1, 4), "its folder is open now");
    let around = next(Some(first.row), false).await.expect("looked").expect("found");
    assert_eq!(around.row, first.row);
    assert!(next(Some(first.row), true).await.expect("looked").is_some());

    let of_layer = desk.view(head.id, FileScope::Layer { layer: 2 }, "old").await;
    assert_eq!((of_layer.matches, of_layer.removed), (1, 1));
    let rows = files::file_rows(&desk.app, of_layer.id, 0, 10).await.expect("rows").rows;
    let old = rows.last().expect("a row");
    assert_eq!((old.change, old.note.as_deref(), old.matched), (FileChange::Removed, Some("whiteout"), true));
    let setuid = FileFilter { setuid: true, ..FileFilter::default() };
    let found = files::open_view(&desk.app, head.id, FileScope::Merged, setuid).await.expect("a view");
    assert_eq!(found.matches, 1);

    files::close_tree(&desk.app, head.id).await.expect("closed");
    assert!(files::file_rows(&desk.app, view.id, 0, 1).await.is_err(), "its views are gone with it");
    desk.app.page_begins();
    assert!(files::waste(&desk.app, again.id).await.is_err(), "another page has nothing open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_in_every_layer() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image("hello\n"));
    let head = desk.tree(&registry.reference("team/app", "1.0"), LookIn::Registry).await;
    assert_eq!(head.fetched, head.fetchable, "all of it came from afar");
    assert!(head.layers.iter().all(|layer| layer.indexed_by == IndexedBy::Streaming));
    let node = desk.node(head.id, "motd").await;
    let detail = files::file_detail(&desk.app, head.id, node).await.expect("a detail");
    assert_eq!((detail.path.as_str(), detail.mode.as_str()), ("/etc/motd", "-rw-r--r--"));
    let history: Vec<_> =
        detail.history.iter().map(|it| (it.layer, &*it.what, it.size, it.visible)).collect();
    assert_eq!(history, [(2, "replaced here", Some(11), true), (1, "added here", Some(6), false)]);
    let (app, tree) = (&desk.app, head.id);
    let text = |layer| async move {
        match files::preview_file(app, tree, node, layer).await.expect("a look") {
            FilePreview::Text { text, whole: true, .. } => text,
            other => panic!("{other:?}"),
        }
    };
    let texts = [text(None).await, text(Some(1)).await, text(Some(2)).await];
    assert_eq!(texts, ["hello\nmore\n", "hello\n", "hello\nmore\n"]);
    assert!(files::preview_file(&desk.app, head.id, node, Some(9)).await.is_err());
    let page = files::file_bytes(&desk.app, head.id, node, None, 6).await.expect("bytes");
    assert_eq!((page.base64.as_str(), page.size), ("bW9yZQo=", 11));
    let run = desk.node(head.id, "run").await;
    let detail = files::file_detail(&desk.app, head.id, run).await.expect("a detail");
    assert!(detail.flags[0].contains("setuid"), "{:?}", detail.flags);
    let link = desk.node(head.id, "link").await;
    let look = files::preview_file(&desk.app, head.id, link, None).await.expect("a look");
    assert!(matches!(look, FilePreview::Nothing { .. }), "{look:?}");

    let report = files::waste(&desk.app, head.id).await.expect("a report");
    assert!(
        report.files.iter().any(|file| file.path == "/etc/motd" && file.what == "written twice, 1 and 2")
    );
    let map = files::file_map(&desk.app, head.id, None, 50).await.expect("a map");
    assert!(map.iter().any(|item| item.name == "motd" && item.size == 11), "{map:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_layers_are_compared_file_by_file() {
    let desk = Desk::new();
    let registry = Registry::start();
    let base = [Entry::file("etc/motd", b"one\ntwo\n"), Entry::file("etc/old", b"0123456789")];
    let top = [
        Entry::file("etc/motd", b"one\n2\n"),
        Entry::whiteout("etc/old"),
        Entry::file("srv/new", b"0123456789"),
    ];
    let image = TestImage::builder(Family::Oci)
        .layer(Layer::new(&base, LayerCompression::Gzip))
        .layer(Layer::new(&top, LayerCompression::Gzip));
    registry.put("team/app", "1.0", &image.build());
    let head = desk.tree(&registry.reference("team/app", "1.0"), LookIn::Registry).await;
    let view = desk.view(head.id, FileScope::Between { from: 1, to: 2 }, "").await;
    files::fold_files(&desk.app, view.id, 0, true, true).await.expect("opened");
    let rows = files::file_rows(&desk.app, view.id, 0, 10).await.expect("rows").rows;
    let said: Vec<_> = rows.iter().map(|row| (&*row.name, row.change, row.note.as_deref())).collect();
    assert_eq!(
        said,
        [
            ("etc", FileChange::Modified, None),
            ("motd", FileChange::Modified, None),
            ("old", FileChange::Removed, Some("moved to /srv/new")),
            ("srv", FileChange::Added, None),
            ("new", FileChange::Added, Some("moved from /etc/old")),
        ]
    );
    assert_eq!((rows[4].moved, rows[2].moved), (Some(rows[2].node), Some(rows[4].node)));
    let of = |node: u32, layer: u32| FileVersionOf { node, layer };
    let diff = async |a, b| files::version_diff(&desk.app, head.id, a, b).await;
    let told = diff(of(rows[1].node, 1), of(rows[1].node, 2)).await.expect("a diff");
    let lines: Vec<_> =
        told.lines.expect("text").into_iter().map(|line| (line.a, line.b, line.text)).collect();
    let want = [(Some(1), Some(1), "one"), (Some(2), None, "two"), (None, Some(2), "2")];
    assert_eq!(lines, want.map(|(a, b, text)| (a, b, text.to_owned())));
    let same = diff(of(rows[2].node, 1), of(rows[4].node, 2)).await.expect("a diff").lines.expect("text");
    assert!(same.len() == 1 && same[0].a == same[0].b, "{same:?}");
    assert!(diff(of(rows[2].node, 1), of(rows[2].node, 2)).await.is_err(), "it is not there any more");
    assert!(diff(of(rows[2].node, 0), of(rows[2].node, 1)).await.is_err(), "there is no layer 0");
    let none = diff(of(rows[0].node, 1), of(rows[0].node, 2)).await.expect("an answer");
    assert!(none.lines.is_none() && none.why.is_some(), "a folder is no text");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_images_are_compared_file_by_file() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image("hello\n"));
    let moved = Layer::new(
        &[
            Entry::file("srv/run", b"#!/bin/sh\n").mode(0o4755),
            Entry::file("etc/motd", b"hello\nless\n"),
            Entry::file("etc/new", b"here"),
        ],
        LayerCompression::Gzip,
    );
    registry.put("team/app", "2.0", &TestImage::builder(Family::Oci).layer(moved).build());
    let a = desk.tree(&registry.reference("team/app", "1.0"), LookIn::Registry).await;
    let b = desk.tree(&registry.reference("team/app", "2.0"), LookIn::Registry).await;
    let told = files::compare_trees(&desk.app, a.id, b.id).await.expect("compared");
    assert_eq!((told.moved, told.changed), (1, 1), "{told:?}");
    let all = files::different_files(&desk.app, told.id, None, 0, 100).await.expect("rows");
    let rows: Vec<_> = all.rows.iter().map(|row| (&*row.path, row.difference)).collect();
    assert!(rows.contains(&("/srv/run", FileDifference::Moved)), "{rows:?}");
    assert!(rows.contains(&("/etc/link", FileDifference::Removed)), "{rows:?}");
    assert!(rows.contains(&("/etc/new", FileDifference::Added)), "{rows:?}");
    let only = files::different_files(&desk.app, told.id, Some(FileDifference::Moved), 0, 9).await;
    assert_eq!(only.expect("rows").rows[0].was.as_deref(), Some("/usr/run"));
    let diff = files::text_diff(&desk.app, told.id, "/etc/motd".into()).await.expect("a diff");
    let lines: Vec<_> =
        diff.lines.expect("it is text").into_iter().map(|line| (line.a, line.b, line.text)).collect();
    let want = [(Some(1), Some(1), "hello"), (Some(2), None, "more"), (None, Some(2), "less")];
    assert_eq!(lines, want.map(|(a, b, text)| (a, b, text.to_owned())));
    // What only one of them has is all new, or all gone.
    let new = files::text_diff(&desk.app, told.id, "/etc/new".into()).await.expect("a diff");
    let new = new.lines.expect("it is text").remove(0);
    assert_eq!((new.a, new.b, &*new.text), (None, Some(1), "here"));
    assert!(
        files::text_diff(&desk.app, told.id, "/etc/passwd".into()).await.is_err(),
        "a path of this computer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f121_numbers_that_there_are_none_of_are_refused() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image("hello\n"));
    let head = desk.tree(&registry.reference("team/app", "1.0"), LookIn::Registry).await;
    let view = desk.view(head.id, FileScope::Merged, "").await.id;
    for node in [head.files as u32 + 5, u32::MAX] {
        assert!(files::file_detail(&desk.app, head.id, node).await.is_err());
        assert!(files::preview_file(&desk.app, head.id, node, None).await.is_err());
        assert!(files::file_bytes(&desk.app, head.id, node, None, 0).await.is_err());
        assert!(files::file_map(&desk.app, head.id, Some(node), 5).await.is_err());
        assert!(files::fold_files(&desk.app, view, node, true, true).await.is_err());
        assert!(files::reveal_file(&desk.app, view, node).await.is_err());
    }
    for scope in [FileScope::Layer { layer: 0 }, FileScope::Upto { layer: 9 }] {
        let opened = files::open_view(&desk.app, head.id, scope, FileFilter::default()).await;
        assert_eq!(opened.expect_err("no such layer").code(), Code::NotFound);
    }
    let glob = FileFilter { text: "[".into(), ..FileFilter::default() };
    assert!(files::open_view(&desk.app, head.id, FileScope::Merged, glob).await.is_err());
    for id in [0, 1 << 40, u64::MAX] {
        assert!(files::file_rows(&desk.app, id, u64::MAX, u32::MAX).await.is_err());
        assert!(files::compare_trees(&desk.app, head.id, id).await.is_err());
        assert!(files::different_files(&desk.app, id, None, 0, 1).await.is_err());
        assert!(archive::identify_file(&desk.app, id).await.is_err());
        assert!(archive::show_saved(&desk.app, id).await.is_err());
        let of = LayersOf::File { file: id };
        assert!(files::open_tree(&desk.app, of, 64, Stream::new(|_| true)).await.is_err());
    }
    let rows = files::file_rows(&desk.app, view, u64::MAX, u32::MAX).await.expect("none");
    assert!(rows.rows.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_and_a_filesystem_are_read_where_they_lie() {
    let desk = Desk::new();
    let layer = Layer::new(&[Entry::file("etc/motd", b"hello\n")], LayerCompression::Gzip);
    fs::write(desk.path("fs.tar.gz"), &layer.bytes).expect("written");
    desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path("fs.tar.gz"));
    let file = archive::open_files(&desk.app, false).await.expect("chosen")[0].id;
    let head = files::open_tree(&desk.app, LayersOf::File { file }, 64, Stream::new(|_| true))
        .await
        .expect("a tree")
        .tree;
    assert_eq!((head.title.as_str(), head.files), ("fs.tar.gz", 2));
    let node = desk.node(head.id, "motd").await;
    let look = files::preview_file(&desk.app, head.id, node, None).await.expect("a look");
    assert!(matches!(look, FilePreview::Text { text, .. } if text == "hello\n"));

    image("in place\n").write_layout(&desk.path("layout"), "team/app:1.0").expect("written");
    desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path("layout"));
    let file = archive::open_files(&desk.app, true).await.expect("chosen")[0].id;
    let of = LayersOf::Archive { file, image: 0, platform: None };
    let head = files::open_tree(&desk.app, of, 64, Stream::new(|_| true)).await.expect("a tree").tree;
    assert_eq!(head.layers.len(), 2);
    let of = LayersOf::Archive { file, image: 5, platform: None };
    assert!(files::open_tree(&desk.app, of, 64, Stream::new(|_| true)).await.is_err());
}
