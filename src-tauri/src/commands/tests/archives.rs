//! Files that are given, what is made of them, and images that become files.

use std::path::PathBuf;

use testkit::image::{Entry, Family, Layer, LayerCompression};

use super::*;
use crate::wire::all::{
    ArchiveKind, DragItem, LoadImage, NameState, Origin, SaveFormat, SaveSource, Squeeze,
};

impl Desk {
    /// A file that a person opens.
    pub(super) async fn give(&self, path: PathBuf) -> u64 {
        self.frame.chosen.lock().expect("not poisoned").push_back(path);
        let files = archive::open_files(&self.app, false).await.expect("chosen");
        files.first().expect("it is there").id
    }

    /// Saves where a person says.
    async fn save(&self, input: &str, from: Origin, format: SaveFormat, to: PathBuf) -> u64 {
        self.frame.chosen.lock().expect("not poisoned").push_back(to);
        let images = vec![SaveSource { input: input.to_owned(), from, platform: None }];
        let request = SaveRequest { images, format, compression: Squeeze::None };
        archive::start_save(&self.app, request).await.expect("it starts").expect("a place was chosen")
    }
}

fn load_all(file: u64, names: &[&str], replace: bool) -> LoadRequest {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    LoadRequest { file, images: vec![LoadImage { index: 0, names }], replace, destination: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_saved_identified_and_loaded_again() {
    let desk = Desk::new();
    let host = desk.host().await;
    let web = format!("{host}/web:2.0");
    let (pulled, ..) = desk.pull(&web).await;
    let file = desk.path("web.tar");
    let job = desk.save(&web, Origin::Store, SaveFormat::Hybrid, file.clone()).await;
    let (outcome, rows, lines) = desk.finish(job).await;
    assert_eq!((outcome.state, &outcome.digest), (JobEnd::Done, &pulled.digest), "{outcome:?}");
    assert_eq!(layers_in(&rows, RowState::Complete), 3);
    assert_eq!(lines.first().map(String::as_str), Some("Getting image source signatures"));
    assert_eq!(*desk.frame.proposed.lock().expect("not poisoned"), ["web-2.0.tar"]);
    archive::show_saved(&desk.app, job).await.expect("shown");
    assert_eq!(*desk.frame.revealed.lock().expect("not poisoned"), std::slice::from_ref(&file));

    let id = desk.give(file).await;
    let view = archive::identify_file(&desk.app, id).await.expect("a view");
    assert_eq!((view.kind, view.name.as_str(), view.whole), (ArchiveKind::Hybrid, "web.tar", true));
    assert!(view.evidence.iter().any(|card| card.chosen && card.title == "OCI archive"), "{view:?}");
    let image = &view.images[0];
    assert_eq!((Some(&image.digest), image.new_bytes), (pulled.digest.as_ref(), 0));
    assert!(image.layers.len() == 3 && image.layers.iter().all(|layer| layer.here));
    let name = &image.names[0];
    assert_eq!((name.name.as_str(), name.state), (web.as_str(), NameState::Same));

    store::remove_images(&desk.app, vec![web.clone()]).await.expect("removed");
    let view = archive::identify_file(&desk.app, id).await.expect("a view");
    assert_eq!(view.images[0].names[0].state, NameState::New);
    assert!(view.images[0].new_bytes > 0);
    let job = archive::start_load(&desk.app, load_all(id, &[&web], false)).await.expect("it starts");
    let (outcome, _, lines) = desk.finish(job).await;
    assert_eq!((outcome.state, outcome.digest), (JobEnd::Done, pulled.digest), "{:?}", outcome.fault);
    assert_eq!(lines.last(), Some(&format!("Loaded image: {web}")));
    assert_eq!(store::list_images(&desk.app).await.expect("images").len(), 1);
}

/// What the sheet says of an archive is what is written.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_has_the_archives_length() {
    let desk = Desk::new();
    let host = desk.host().await;
    let name = format!("{host}/multi:1.0");
    for (from, platform) in [(Origin::Registry, None), (Origin::Registry, Some("linux/arm64".to_owned()))] {
        let source = SaveSource { input: name.clone(), from, platform };
        let plan = archive::plan_save(&desk.app, source.clone()).await.expect("a plan");
        let to = desk.path("planned.tar");
        desk.frame.chosen.lock().expect("not poisoned").push_back(to.clone());
        let request =
            SaveRequest { images: vec![source], format: SaveFormat::Hybrid, compression: Squeeze::None };
        let job = archive::start_save(&desk.app, request).await.expect("it starts").expect("chosen");
        assert_eq!(desk.finish(job).await.0.state, JobEnd::Done);
        assert_eq!(plan.save_bytes, fs::metadata(to).expect("it is there").len());
        assert!(plan.save_entries.iter().any(|entry| entry.name == "index.json" && entry.size > 200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f107_a_name_moves_only_where_that_was_agreed_to() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &TestImage::tiny("one"));
    let name = registry.reference("team/app", "1.0");
    desk.pull(&name).await;
    let file = desk.path("one.tar");
    let job = desk.save(&name, Origin::Store, SaveFormat::Oci, file.clone()).await;
    assert_eq!(desk.finish(job).await.0.state, JobEnd::Done);
    registry.put("team/app", "1.0", &TestImage::tiny("two"));
    let (newer, ..) = desk.pull(&name).await;

    let id = desk.give(file).await;
    let view = archive::identify_file(&desk.app, id).await.expect("a view");
    assert_eq!(view.images[0].names[0].state, NameState::Moves);
    assert_eq!(view.images[0].names[0].previous, newer.digest);
    let job = archive::start_load(&desk.app, load_all(id, &[&name], false)).await.expect("it starts");
    let fault = desk.finish(job).await.0.fault.expect("it is refused");
    assert_eq!(fault.code.0, Code::Changed);
    let images = store::list_images(&desk.app).await.expect("images");
    assert_eq!(Some(&images[0].digest), newer.digest.as_ref(), "nothing moved");
    let job = archive::start_load(&desk.app, load_all(id, &[&name], true)).await.expect("it starts");
    assert_eq!(desk.finish(job).await.0.state, JobEnd::Done);
    let images = store::list_images(&desk.app).await.expect("images");
    assert_ne!(Some(&images[0].digest), newer.digest.as_ref());
    // A name that the archive does not give is not taken from the page.
    let job = archive::start_load(&desk.app, load_all(id, &["other:1"], true)).await.expect("it starts");
    assert_eq!(desk.finish(job).await.0.fault.expect("refused").code.0, Code::ImageMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_goes_straight_to_a_registry() {
    let desk = Desk::new();
    let (from, to) = (Registry::start(), Registry::start());
    from.put("team/app", "1.0", &TestImage::of_size(1, 100_000));
    let source = from.reference("team/app", "1.0");
    let file = desk.path("app.tar");
    let job = desk.save(&source, Origin::Registry, SaveFormat::Hybrid, file.clone()).await;
    let (saved, ..) = desk.finish(job).await;
    assert_eq!(saved.state, JobEnd::Done, "{saved:?}");
    let id = desk.give(file).await;
    let destination = Some(to.reference("other/app", "2.0"));
    let request = LoadRequest { destination, ..load_all(id, &[], false) };
    let job = archive::start_load(&desk.app, request).await.expect("it starts");
    let (outcome, _, lines) = desk.finish(job).await;
    assert_eq!((outcome.state, &outcome.digest), (JobEnd::Done, &saved.digest), "{outcome:?}");
    assert!(lines.last().is_some_and(|line| line.starts_with("2.0: digest: sha256:")), "{lines:?}");
    assert!(store::list_images(&desk.app).await.expect("images").is_empty(), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn f109_a_save_that_is_cancelled_leaves_what_stood_there() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &TestImage::of_size(1, 2_000_000));
    registry.fault(On::blobs(), HttpFault::new().drip(200_000));
    let folder = desk.path("saved");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join("app.tar"), "older").expect("written");
    let name = registry.reference("team/app", "1.0");
    let job = desk.save(&name, Origin::Registry, SaveFormat::Hybrid, folder.join("app.tar")).await;
    let arrived = || async { transfer::list_jobs(&desk.app).await.expect("jobs")[0].arrived };
    while arrived().await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    transfer::cancel_job(&desk.app, job).await.expect("cancelled");
    assert_eq!(desk.finish(job).await.0.state, JobEnd::Cancelled);
    assert!(archive::show_saved(&desk.app, job).await.is_err(), "there is nothing to show");
    let left: Vec<_> =
        fs::read_dir(&folder).expect("a folder").map(|it| it.expect("one").file_name()).collect();
    assert_eq!(left, ["app.tar"]);
    assert_eq!(fs::read(folder.join("app.tar")).expect("there"), b"older");

    registry.heal();
    transfer::resume_job(&desk.app, job).await.expect("again");
    assert_eq!(desk.finish(job).await.0.state, JobEnd::Done);
    assert!(fs::metadata(folder.join("app.tar")).expect("there").len() > 2_000_000);
    // As a folder it is a layout and nothing else.
    let job = desk.save(&name, Origin::Registry, SaveFormat::Folder, folder.join("layout")).await;
    assert_eq!(desk.finish(job).await.0.state, JobEnd::Done);
    let mut parts: Vec<_> = fs::read_dir(folder.join("layout"))
        .expect("a folder")
        .map(|it| it.expect("one").file_name().into_string().expect("text"))
        .collect();
    parts.sort();
    assert_eq!(parts, ["blobs", "index.json", "oci-layout"]);
    let id = desk.give(folder.join("layout")).await;
    assert_eq!(archive::identify_file(&desk.app, id).await.expect("a view").images.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_is_compressed_as_it_was_asked_for() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &TestImage::of_size(1, 50_000));
    let input = registry.reference("team/app", "1.0");
    let rows = [(Squeeze::Gzip, "app.tar.gz", "gzip"), (Squeeze::Zstd, "app.tar.zst", "zstd")];
    for (compression, name, wanted) in rows {
        desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path(name));
        let images = vec![SaveSource { input: input.clone(), from: Origin::Registry, platform: None }];
        let request = SaveRequest { images, format: SaveFormat::Hybrid, compression };
        let job = archive::start_save(&desk.app, request).await.expect("it starts").expect("chosen");
        assert_eq!(desk.finish(job).await.0.state, JobEnd::Done, "{name}");
        let id = desk.give(desk.path(name)).await;
        let view = archive::identify_file(&desk.app, id).await.expect("a view");
        assert_eq!((view.compression.as_deref(), view.images.len()), (Some(wanted), 1), "{name}");
    }
}

fn import(file: u64, name: &str, changes: &[&str]) -> ImportRequest {
    ImportRequest {
        file,
        name: name.to_owned(),
        platform: Some("linux/arm64".to_owned()),
        changes: changes.iter().map(|change| (*change).to_owned()).collect(),
        message: None,
        replace: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_exported_and_imported_back() {
    let desk = Desk::new();
    let host = desk.host().await;
    let files = format!("{host}/files:1.0");
    desk.pull(&files).await;
    let source = SaveSource { input: files.clone(), from: Origin::Store, platform: None };
    let plan = archive::plan_save(&desk.app, source.clone()).await.expect("a plan");
    assert!(plan.digest_preserved && plan.export_bytes.is_none(), "its layers were not read yet");
    assert_eq!((plan.suggested_name.as_str(), plan.tags.as_slice()), ("files-1.0", &["1.0".to_owned()][..]));

    desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path("fs.tar"));
    let request = ExportRequest { image: source.clone(), compression: Squeeze::None };
    let job = archive::start_export(&desk.app, request).await.expect("it starts").expect("chosen");
    let (outcome, ..) = desk.finish(job).await;
    assert_eq!(outcome.state, JobEnd::Done, "{outcome:?}");
    let plan = archive::plan_save(&desk.app, source).await.expect("a plan");
    assert!(plan.export_bytes.is_some() && !plan.export_top.is_empty(), "now they were");

    let id = desk.give(desk.path("fs.tar")).await;
    let bad = archive::start_import(&desk.app, import(id, "fs:1", &["RUN make"])).await;
    assert_eq!(bad.expect_err("no such change").code(), Code::ConfigInvalid);
    let request = import(id, "fs:1", &[r#"CMD ["/bin/sh"]"#]);
    let job = archive::start_import(&desk.app, request.clone()).await.expect("it starts");
    let (outcome, _, lines) = desk.finish(job).await;
    assert_eq!(outcome.state, JobEnd::Done, "{outcome:?}");
    assert_eq!(lines.last(), outcome.digest.as_ref());
    let page = desk.inspect("fs:1", LookIn::Store).await.expect("a page");
    let manifest = page.manifest.expect("a manifest");
    assert_eq!((manifest.platform.as_str(), page.layer_count), ("linux/arm64", 1));

    // The same name for another image is not taken without asking.
    let other = ImportRequest { changes: vec!["USER app".into()], ..request };
    let job = archive::start_import(&desk.app, other.clone()).await.expect("it starts");
    assert_eq!(desk.finish(job).await.0.fault.expect("refused").code.0, Code::Changed);
    let job = archive::start_import(&desk.app, ImportRequest { replace: true, ..other }).await;
    assert_eq!(desk.finish(job.expect("it starts")).await.0.state, JobEnd::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_and_a_file_are_saved_and_dragged() {
    let desk = Desk::new();
    let registry = Registry::start();
    let layer = Layer::new(&[Entry::file("etc/motd", b"hello\n")], LayerCompression::Gzip);
    registry.put("team/app", "1.0", &TestImage::builder(Family::Oci).layer(layer.clone()).build());
    let name = registry.reference("team/app", "1.0");
    let digest = oci::Digest::sha256(&layer.bytes).to_string();
    let item = DragItem::Layer { input: name.clone(), digest: digest.clone() };
    desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path("layer.tar.gz"));
    let place = archive::save_item(&desk.app, item.clone()).await.expect("saved").expect("chosen");
    assert!(place.place.ends_with("/layer.tar.gz") && place.left_out.is_empty(), "{place:?}");
    assert_eq!(fs::read(desk.path("layer.tar.gz")).expect("there"), layer.bytes);
    assert!(archive::drag_out(&desk.app, item).await.expect("dragged"));
    let dragged = desk.frame.dragged.lock().expect("not poisoned").pop().expect("one");
    assert_eq!(fs::read(&dragged).expect("there"), layer.bytes);
    assert!(dragged.to_string_lossy().ends_with(".tar.gz"));

    let of = LayersOf::Image { input: name, from: LookIn::Registry, platform: None };
    let head = files::open_tree(&desk.app, of, 64, Stream::new(|_| true)).await.expect("a tree").tree;
    let view = files::open_view(&desk.app, head.id, FileScope::Merged, FileFilter::default()).await;
    let view = view.expect("a view").id;
    let found = files::find_file(&desk.app, view, "motd".into(), None, false).await.expect("looked");
    let node = found.expect("it is there").node;
    desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path("motd"));
    let item = DragItem::File { tree: head.id, node, layer: None };
    archive::save_item(&desk.app, item).await.expect("saved");
    assert_eq!(fs::read(desk.path("motd")).expect("there"), b"hello\n");
    let save = async |to: &str, item: DragItem| {
        desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path(to));
        archive::save_item(&desk.app, item).await
    };
    save("stored", DragItem::Stored { tree: head.id, layer: 1 }).await.expect("saved");
    assert_eq!(fs::read(desk.path("stored")).expect("there"), layer.bytes);
    // It is refused before anybody is asked where to.
    assert!(save("none", DragItem::Stored { tree: head.id, layer: 2 }).await.is_err());
    assert!(!desk.path("none").exists());
    desk.frame.chosen.lock().expect("not poisoned").clear();
    assert_eq!(
        archive::save_item(&desk.app, DragItem::File { tree: head.id, node, layer: None })
            .await
            .expect("asked"),
        None
    );
    let rights = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(desk.path("motd")).expect("there").permissions(),
    );
    assert_ne!(rights & 0o044, 0, "others may read it, as any file that a person makes: {rights:o}");

    // A folder is a tar of it, by its own name.
    let found = files::find_file(&desk.app, view, "etc".into(), None, false).await.expect("looked");
    let item = DragItem::File { tree: head.id, node: found.expect("it is there").node, layer: None };
    assert!(archive::drag_out(&desk.app, item).await.expect("dragged"));
    let dragged = desk.frame.dragged.lock().expect("not poisoned").pop().expect("one");
    assert_eq!(dragged.file_name().and_then(|name| name.to_str()), Some("etc.tar"));
    let bytes = fs::read(&dragged).expect("there");
    assert!(
        bytes.starts_with(b"etc/\0") && bytes[512..].starts_with(b"etc/motd\0"),
        "the folder, then what is in it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_saved_as_a_container_sees_it_after_a_layer() {
    let desk = Desk::new();
    let registry = Registry::start();
    let base = [
        Entry::file("etc/app/old", b"1"),
        Entry::file("etc/app/sub/kept", b"22"),
        Entry::file("srv/file", b"333"),
        Entry::file("etc/other", b"4"),
    ];
    let top = [
        Entry::whiteout("etc/app/old"),
        Entry::hardlink("etc/app/hard", "srv/file"),
        Entry::hardlink("etc/app/lost", "nowhere"),
        Entry::whiteout("srv"),
    ];
    let image = TestImage::builder(Family::Oci)
        .layer(Layer::new(&base, LayerCompression::Gzip))
        .layer(Layer::new(&top, LayerCompression::Zstd));
    registry.put("team/app", "1.0", &image.build());
    let of = LayersOf::Image {
        input: registry.reference("team/app", "1.0"),
        from: LookIn::Registry,
        platform: None,
    };
    let head = files::open_tree(&desk.app, of, 64, Stream::new(|_| true)).await.expect("a tree").tree;
    let view =
        files::open_view(&desk.app, head.id, FileScope::Layer { layer: 2 }, FileFilter::default()).await;
    let view = view.expect("a view").id;
    let node = async |name: &str| {
        let found = files::find_file(&desk.app, view, name.into(), None, false).await.expect("looked");
        found.expect("it is there").node
    };
    let (folder, gone) = (node("app").await, node("srv").await);
    let save = async |node, layer| {
        desk.frame.chosen.lock().expect("not poisoned").push_back(desk.path("app.tar"));
        archive::save_item(&desk.app, DragItem::File { tree: head.id, node, layer }).await
    };
    let listed = || {
        let bytes = fs::read(desk.path("app.tar")).expect("there");
        let mut archive = tar::Archive::new(&*bytes);
        let entries = archive.entries().expect("a tar").map(|entry| {
            let mut entry = entry.expect("an entry");
            let mut content = String::new();
            std::io::Read::read_to_string(&mut entry, &mut content).expect("text");
            format!("{} {content}", entry.path().expect("a path").display())
        });
        entries.collect::<Vec<_>>()
    };
    let saved = save(folder, None).await.expect("saved").expect("chosen");
    assert_eq!(listed(), ["app/ ", "app/sub/ ", "app/sub/kept 22", "app/hard 333"]);
    assert!(saved.left_out[0].contains("`/etc/app/lost` is a hard link to `nowhere`"), "{saved:?}");
    save(folder, Some(1)).await.expect("saved");
    assert_eq!(listed(), ["app/ ", "app/sub/ ", "app/old 1", "app/sub/kept 22"]);
    let before = fs::read(desk.path("app.tar")).expect("there");
    save(folder, Some(1)).await.expect("saved");
    assert_eq!(fs::read(desk.path("app.tar")).expect("there"), before, "the same bytes again");
    assert_eq!(save(gone, Some(2)).await.expect_err("removed").code(), Code::NotFound);
    assert_eq!(save(folder, Some(3)).await.expect_err("no such layer").code(), Code::NotFound);
    assert!(
        archive::drag_out(&desk.app, DragItem::File { tree: head.id, node: folder, layer: None })
            .await
            .expect("dragged")
    );
    let dragged = desk.frame.dragged.lock().expect("not poisoned").pop().expect("one");
    assert!(dragged.ends_with("app.tar"), "{dragged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_hears_of_files_until_another_page_comes() {
    let desk = Desk::new();
    fs::write(desk.path("a.tar"), "x").expect("written");
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = told.clone();
    let stream = Stream::new(move |event: FilesEvent| {
        keep.lock().expect("not poisoned").push(event);
        true
    });
    desk.app.given().give([desk.path("a.tar")]);
    let app = desk.app.clone();
    let watching = tokio::spawn(async move { archive::watch_files(&app, stream).await });
    while told.lock().expect("not poisoned").is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    desk.app.given().over(Some(&[desk.path("a.tar")]));
    while told.lock().expect("not poisoned").len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    desk.app.page_begins();
    watching.await.expect("no panic").expect("it ends");
    let told = told.lock().expect("not poisoned");
    assert!(matches!(&told[0], FilesEvent::Given { files } if files[0].name == "a.tar"));
    assert_eq!(told[1], FilesEvent::Over { names: vec!["a.tar".into()] });
}

/// The page names a label and the host that a person was told; the address comes from the image.
#[tokio::test(flavor = "multi_thread")]
async fn f119_a_link_opens_to_the_host_that_was_named() {
    let desk = Desk::new();
    let registry = Registry::start();
    let labels = serde_json::json!({ "Labels": {
        "org.opencontainers.image.source": "https://github.com/team/app",
        "org.opencontainers.image.url": "http://plain.example/",
    }});
    registry.put("team/app", "1.0", &TestImage::builder(Family::Oci).container_config(labels).build());
    let name = registry.reference("team/app", "1.0");
    let page = desk.inspect(&name, LookIn::Registry).await.expect("a page");
    let links: Vec<_> = page.links.iter().map(|link| (&*link.key, &*link.host)).collect();
    let key = "org.opencontainers.image.source";
    assert_eq!(links, [(key, "github.com")]);
    let open = async |key: &str, host: &str| {
        image::open_link(&desk.app, name.clone(), LookIn::Registry, None, key.to_owned(), host.to_owned())
            .await
    };
    for (key, host) in [
        (key, "evil.example"),
        (key, "https://github.com/team/app"),
        ("org.opencontainers.image.url", "plain.example"),
        ("org.opencontainers.image.title", "github.com"),
    ] {
        assert_eq!(open(key, host).await.expect_err("there is none").code(), Code::NotFound, "{key} {host}");
    }
    assert_eq!(*desk.frame.opened.lock().expect("not poisoned"), <[String; 0]>::default());
    open(key, "github.com").await.expect("it opens");
    assert_eq!(*desk.frame.opened.lock().expect("not poisoned"), ["https://github.com/team/app"]);
}
