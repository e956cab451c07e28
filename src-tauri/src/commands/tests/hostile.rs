//! A hostile page: it may ask anything, and reaches nothing.

use std::collections::BTreeSet;

use super::*;

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

#[tokio::test(flavor = "multi_thread")]
async fn f121_no_command_lets_the_page_reach_a_path_a_url_or_a_process() {
    let desk = Desk::new();
    desk.host().await;
    // The store exists before, so that what appears beside it is seen.
    store::list_images(&desk.app).await.expect("a store");
    let before = paths_under(desk.folder.path());
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
        let settings = Settings { plain_http: vec![owned()], platform: Some(owned()), ..Settings::default() };
        let _ = settings::write_settings(&desk.app, settings).await;
    }
    for id in [0, 1 << 40, u64::MAX] {
        assert!(exchange::read_exchange(&desk.app, id).await.is_err());
        assert!(transfer::pause_job(&desk.app, id).await.is_err());
        assert!(transfer::cancel_job(&desk.app, id).await.is_err());
        let _ = exchange::list_exchanges(&desk.app, id).await;
    }
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
