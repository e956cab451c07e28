//! A hostile page: it may ask anything, and reaches nothing.

use std::collections::BTreeSet;

use testkit::auth::Guard;

use super::*;
use crate::wire::all::{
    DeleteMode, DragItem, Keep, LoadImage, Origin, SaveFormat, SaveSource, Squeeze, TypedSecret,
};

/// Texts that mean harm to whoever takes them for a path, a URL, an option or a format.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "/",
    "/etc/passwd",
    "../../../../etc/passwd",
    "..\\..\\x",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data/",
    "https://user:pw@example.com/x",
    "-v",
    "--help",
    "$(touch x)",
    "`touch x`",
    "; touch x",
    "|sh",
    "%00",
    "a\0b",
    "a\nb",
    "a\r\nHost: b",
    "\u{202e}gnp.exe",
    "\u{feff}nginx",
    "<img src=x onerror=alert(1)>",
    "{{7*7}}",
    "sha256:../../x",
    "nginx@sha256:../../../etc/passwd",
    "nginx@sha256:zz",
    "/@",
    "/@sha256:0",
    "/@/@",
    "localhost:99999/x",
    "[::1]:0/x",
    "127.0.0.1:1/x:y",
    "\u{1f6a2}",
];

fn paths_under(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path.strip_prefix(folder).expect("beneath").display().to_string());
        }
    }
    found
}

/// What a registry holds, and what goes from it.
async fn explore(desk: &Desk, text: &str) {
    let (app, owned) = (&desk.app, || text.to_owned());
    let known = || "127.0.0.1:1/x".to_owned();
    assert!(explorer::open_repository(app, owned()).await.is_err(), "{text:?}");
    assert!(explorer::list_catalog(app, "127.0.0.1:1".into(), Some(owned())).await.is_err(), "{text:?}");
    let _ = explorer::list_catalog(app, owned(), None).await;
    assert!(delete::plan_delete(app, owned(), vec!["1.0".into()]).await.is_err(), "{text:?}");
    assert!(delete::plan_delete(app, known(), vec![owned()]).await.is_err(), "{text:?}");
    assert!(referrer::list_referrers(app, owned(), LookIn::Auto).await.is_err(), "{text:?}");
    let side = |input: String, platform| CompareSide { input, from: LookIn::Store, platform };
    let compared = compare::compare_images(app, side(owned(), None), side(known(), Some(owned()))).await;
    assert!(compared.is_err(), "{text:?}");
}

/// Names and pushes; nothing of that name is here.
async fn push_and_name(desk: &Desk, text: &str) {
    let (app, owned) = (&desk.app, || text.to_owned());
    let known = || "127.0.0.1:1/x:y".to_owned();
    assert!(push::tag_image(app, owned(), known(), true).await.is_err(), "{text:?}");
    assert!(push::tag_image(app, known(), owned(), true).await.is_err(), "{text:?}");
    assert!(push::retag(app, known(), owned(), true).await.is_err(), "{text:?}");
    for (input, destination, platforms) in
        [(owned(), known(), vec![]), (known(), owned(), vec![]), (known(), known(), vec![owned()])]
    {
        let request = PushRequest { input, from: Origin::Store, destination, platforms, all_tags: false };
        if let Ok(id) = push::start_push(app, request).await {
            assert_eq!(desk.finish(id).await.0.state, JobEnd::Failed, "{text:?}");
        }
    }
}

/// A helper's name is no program, a secret no option, and neither is kept for a registry that refuses it.
async fn sign_in_and_out(desk: &Desk, host: &str, text: &str) {
    let app = &desk.app;
    let request = |host: &str, helper: &str, username: &str, secret: &str| SignInRequest {
        host: host.to_owned(),
        username: username.to_owned(),
        secret: TypedSecret(secret.to_owned().into()),
        keep: Keep::Helper,
        helper: Some(helper.to_owned()),
    };
    for typed in [
        request(host, text, "ann", "secret"),
        request(host, "pass", text, "secret"),
        request(host, "pass", "ann", text),
        request(text, "pass", "ann", "secret"),
    ] {
        assert!(account::sign_in(app, typed).await.is_err(), "{text:?}");
    }
    assert!(
        crate::commands::network::trust_certificate(app, host.to_owned(), text.to_owned()).await.is_err(),
        "{text:?}"
    );
}

/// Files that were given, saves, container engines and links: `file` is one that holds nothing.
async fn files_and_engines(desk: &Desk, file: u64, text: &str) {
    let (app, owned) = (&desk.app, || text.to_owned());
    let known = || "127.0.0.1:1/x:y".to_owned();
    let image = |name: &str| LoadImage { index: 0, names: vec![name.to_owned()] };
    for (names, destination) in [(text, None), ("x:y", Some(owned()))] {
        let request = LoadRequest { file, images: vec![image(names)], replace: true, destination };
        if let Ok(id) = archive::start_load(app, request).await {
            assert_eq!(desk.finish(id).await.0.state, JobEnd::Failed, "{text:?}");
        }
    }
    let import = |name: String| ImportRequest {
        file,
        name,
        platform: None,
        changes: vec![],
        message: None,
        replace: true,
    };
    for request in [
        import(owned()),
        ImportRequest { platform: Some(owned()), ..import(known()) },
        ImportRequest { changes: vec![owned()], ..import(known()) },
        ImportRequest { message: Some(owned()), ..import(known()) },
    ] {
        if let Ok(id) = archive::start_import(app, request).await {
            assert_eq!(desk.finish(id).await.0.state, JobEnd::Failed, "{text:?}");
        }
    }
    for (input, platform) in [(owned(), None), (known(), Some(owned()))] {
        let source = || SaveSource { input: input.clone(), from: Origin::Store, platform: platform.clone() };
        assert!(archive::plan_save(app, source()).await.is_err(), "{text:?}");
        // A person chooses no place: nothing is written wherever the page would like it.
        let request =
            SaveRequest { images: vec![source()], format: SaveFormat::Hybrid, compression: Squeeze::None };
        assert!(!matches!(archive::start_save(app, request).await, Ok(Some(_))), "{text:?}");
        let request = ExportRequest { image: source(), compression: Squeeze::None };
        assert!(!matches!(archive::start_export(app, request).await, Ok(Some(_))), "{text:?}");
        let item = DragItem::Image { source: source() };
        assert!(archive::drag_out(app, item).await.is_err(), "{text:?}");
        let item = DragItem::Layer { input: input.clone(), digest: owned() };
        assert!(archive::save_item(app, item).await.is_err(), "{text:?}");
        let opened = image::open_link(app, input, LookIn::Store, platform, owned(), owned()).await;
        assert!(opened.is_err(), "{text:?}");
    }
    assert!(daemon::daemon_images(app, owned()).await.is_err(), "{text:?}");
    assert!(daemon::start_take(app, owned(), owned(), true).await.is_err(), "{text:?}");
    assert!(daemon::start_give(app, owned(), known(), Some(owned())).await.is_err(), "{text:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f121_no_command_lets_the_page_reach_a_path_a_url_or_a_process() {
    let desk = Desk::new();
    desk.host().await;
    // The store exists before, so that what appears beside it is seen.
    store::list_images(&desk.app).await.expect("a store");
    fs::write(desk.path("nothing"), "no archive").expect("written");
    let file = desk.give(desk.path("nothing")).await;
    let before = paths_under(desk.folder.path());
    let guarded = Registry::guarded(Guard::basic("bob", "nobody types this"));
    let long = "a".repeat(100_000);
    for text in HOSTILE.iter().copied().chain([long.as_str()]) {
        let owned = || text.to_owned();
        let _ = reference::explain_reference(&desk.app, owned()).await;
        for from in [LookIn::Store, LookIn::Auto, LookIn::Registry] {
            assert!(image::inspect_image(&desk.app, owned(), from, None).await.is_err(), "{text:?}");
        }
        let known = "127.0.0.1:1/x:y".to_owned();
        assert!(
            image::inspect_image(&desk.app, known.clone(), LookIn::Store, Some(owned())).await.is_err(),
            "{text:?}"
        );
        let _ = store::remove_images(&desk.app, vec![owned()]).await;
        assert!(store::hash_document(&desk.app, known.clone(), owned()).await.is_err(), "{text:?}");
        for (input, platform) in [(owned(), None), (known.clone(), Some(owned()))] {
            let request = PullRequest { input, platform, all_platforms: false, all_tags: true };
            if let Ok(id) = transfer::start_pull(&desk.app, request).await {
                assert_eq!(desk.finish(id).await.0.state, JobEnd::Failed, "{text:?}");
            }
        }
        let _ = registry::ping_registry(&desk.app, owned()).await;
        explore(&desk, text).await;
        push_and_name(&desk, text).await;
        files_and_engines(&desk, file, text).await;
        sign_in_and_out(&desk, &guarded.host(), text).await;
        let settings = Settings { plain_http: vec![owned()], platform: Some(owned()), ..Settings::default() };
        let _ = settings::write_settings(&desk.app, settings).await;
    }
    for id in [0, 1 << 40, u64::MAX] {
        assert!(explorer::describe_tags(&desk.app, id, vec!["1.0".into()]).await.is_err());
        let request = DeleteRequest { plan: id, mode: DeleteMode::Manifest };
        assert!(delete::delete_tags(&desk.app, request).await.is_err());
        assert!(exchange::read_exchange(&desk.app, id).await.is_err());
        assert!(transfer::pause_job(&desk.app, id).await.is_err());
        assert!(transfer::cancel_job(&desk.app, id).await.is_err());
        let _ = exchange::list_exchanges(&desk.app, id).await;
        assert!(archive::identify_file(&desk.app, id).await.is_err());
        assert!(archive::show_saved(&desk.app, id).await.is_err());
    }
    assert_eq!(*desk.frame.opened.lock().expect("not poisoned"), <[String; 0]>::default());
    assert_eq!(*desk.frame.dragged.lock().expect("not poisoned"), <[std::path::PathBuf; 0]>::default());
    let made: Vec<_> = paths_under(desk.folder.path()).difference(&before).cloned().collect();
    let leases =
        |path: &&String| !path.starts_with("data/store/leases") && !path.starts_with("data/store/quarantine");
    assert_eq!(made.iter().filter(leases).collect::<Vec<_>>(), Vec::<&String>::new());
    for host in exchange::list_exchanges(&desk.app, 0).await.expect("heads").iter().map(|head| &head.host) {
        let loopback =
            host.starts_with("127.0.0.1") || host.starts_with("[::1]") || host.starts_with("localhost");
        assert!(loopback, "`{host}` was asked");
    }
}
