//! The commands as the page calls them, against the practice registry and registries that fail.

mod accounts;
mod archives;
mod comparisons;
mod hostile;
mod network;
mod plans;
mod pushes;
mod registries;
mod repositories;
mod restarts;
mod secrets;
mod trees;

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use engine::Code;
use engine::credential::{DockerConfigSource, HelperOptions, SearchPath};
use tempfile::TempDir;
use testkit::image::Image as TestImage;
use testkit::registry::Registry;
use testkit::server::{Fault as HttpFault, On};

use super::*;
use crate::frame::tests::Kept;
use crate::state::Places;
use crate::wire::all::{JobEnd, LocalState, RegistryKind, RowState, SignIn, TransferRow, Whence};

/// A window's inside in a folder of its own.
struct Desk {
    app: Arc<Longshore>,
    folder: TempDir,
    frame: Arc<Kept>,
}

impl Desk {
    fn new() -> Self {
        Self::with_docker_config("")
    }

    fn with_docker_config(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("docker")).expect("a folder");
        fs::write(folder.path().join("docker/config.json"), config).expect("written");
        let frame = Arc::new(Kept::default());
        Self { app: inside(&folder, frame.clone()), folder, frame }
    }

    /// The window is closed and opened again.
    async fn restart(&mut self) {
        self.app = inside(&self.folder, self.frame.clone());
        restore_jobs(&self.app).await;
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    async fn host(&self) -> String {
        app::app_info(&self.app).await.expect("it always answers").practice_host.expect("it runs")
    }

    async fn start(&self, input: &str) -> u64 {
        let request =
            PullRequest { input: input.into(), platform: None, all_platforms: false, all_tags: false };
        transfer::start_pull(&self.app, request).await.expect("it starts")
    }

    /// The outcome, and the rows and lines as they were last.
    async fn finish(&self, id: u64) -> (JobOutcome, Vec<TransferRow>, Vec<String>) {
        let seen = Arc::new(Mutex::new((Vec::<TransferRow>::new(), Vec::new())));
        let keep = seen.clone();
        let stream = Stream::new(move |update: JobUpdate| {
            let mut seen = keep.lock().expect("not poisoned");
            for row in update.rows {
                seen.0.retain(|known| known.digest != row.digest);
                seen.0.push(row);
            }
            if !update.lines.is_empty() {
                seen.1 = update.lines;
            }
            true
        });
        let outcome = transfer::watch_job(&self.app, id, stream).await.expect("it ends");
        let (rows, lines) = seen.lock().expect("not poisoned").clone();
        (outcome, rows, lines)
    }

    async fn pull(&self, input: &str) -> (JobOutcome, Vec<TransferRow>, Vec<String>) {
        self.finish(self.start(input).await).await
    }

    async fn inspect(&self, input: &str, from: LookIn) -> engine::Result<ImageDetail> {
        image::inspect_image(&self.app, input.into(), from, None).await
    }
}

fn inside(folder: &TempDir, frame: Arc<Kept>) -> Arc<Longshore> {
    let places = Places {
        store: folder.path().join("data/store"),
        practice: folder.path().join("data/practice"),
        practice_port: 0,
        config: Some(folder.path().join("config")),
        environment: |_| None,
    };
    let helpers = HelperOptions::new(SearchPath::new([folder.path().to_owned()]));
    let credentials = DockerConfigSource::in_dir(folder.path().join("docker"), helpers);
    Arc::new(Longshore::new(places, Box::new(frame), credentials))
}

fn layers_in(rows: &[TransferRow], state: RowState) -> usize {
    rows.iter().filter(|row| row.kind == crate::wire::RowKind::Layer && row.state == state).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_image_is_pulled_looked_at_and_removed() {
    let desk = Desk::new();
    let host = desk.host().await;
    let shelf = registry::practice_shelf(&desk.app).await.expect("a shelf");
    let names: Vec<_> =
        shelf.images.iter().map(|image| format!("{}:{}", image.repository, image.tag)).collect();
    assert_eq!(names, ["hello:1.0", "hello:1.1", "web:2.0", "web:2.1", "multi:1.0", "files:1.0"]);
    assert!(shelf.images.iter().all(|image| !image.local && image.missing > 0));

    let web = format!("{host}/web:2.0");
    let (outcome, rows, lines) = desk.pull(&web).await;
    assert_eq!((outcome.state, outcome.up_to_date), (JobEnd::Done, false));
    assert_eq!(layers_in(&rows, RowState::Complete), 3);
    assert_eq!(lines[0], "2.0: Pulling from web");
    let status = format!("Status: Downloaded newer image for {web}");
    let digest = format!("Digest: {}", outcome.digest.expect("a digest"));
    assert_eq!(lines[lines.len() - 3..], [digest, status, web.clone()]);

    let (outcome, rows, _) = desk.pull(&format!("{host}/web:2.1")).await;
    assert_eq!(outcome.state, JobEnd::Done);
    assert_eq!((layers_in(&rows, RowState::Exists), layers_in(&rows, RowState::Complete)), (2, 1));
    let (outcome, _, lines) = desk.pull(&web).await;
    assert!(outcome.up_to_date);
    assert!(lines.contains(&format!("Status: Image is up to date for {web}")), "{lines:?}");

    let shelf = registry::practice_shelf(&desk.app).await.expect("a shelf");
    let on_shelf = shelf.images.iter().find(|image| image.reference == web).expect("it is on the shelf");
    assert!(
        on_shelf.local && on_shelf.missing == 0 && on_shelf.layers.iter().all(|layer| layer.present_locally)
    );
    let labels: Vec<_> = on_shelf.layers.iter().map(|layer| &*layer.label).collect();
    assert_eq!(labels, ["base", "runtime", "web 2.0"]);

    let images = store::list_images(&desk.app).await.expect("images");
    assert_eq!(images.len(), 2);
    assert_eq!(images[0].platforms, ["linux/amd64"]);
    assert_eq!(images[0].size, on_shelf.size);

    let page = desk.inspect(&web, LookIn::Auto).await.expect("a page");
    assert_eq!((page.from, page.local, page.layer_count), (Whence::Store, LocalState::Same, 3));
    let numbered: Vec<_> = page.layers.iter().filter(|layer| layer.number.is_some()).collect();
    assert_eq!(numbered[0].also_in, [format!("{host}/web:2.1")]);
    assert!(numbered[2].also_in.is_empty());
    let hash = store::hash_document(&desk.app, web.clone(), page.digest.clone()).await.expect("hashed");
    assert_eq!((hash.digest, hash.bytes), (page.digest.clone(), page.size));

    let report =
        store::remove_images(&desk.app, vec![web.clone(), "absent:1".into()]).await.expect("removed");
    assert_eq!(report.removed, std::slice::from_ref(&web));
    assert!(report.freed_bytes >= numbered[2].size, "its own layer is freed");
    let page = desk.inspect(&web, LookIn::Auto).await.expect("a page");
    assert_eq!(
        (page.from, page.local),
        (Whence::Registry, LocalState::Absent),
        "the registry keeps its copy"
    );
    assert_eq!(page.layers.iter().filter(|layer| layer.present_locally).count(), 2, "web:2.1 has them still");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_platforms_and_all_tags_are_pulled() {
    let desk = Desk::new();
    let host = desk.host().await;
    let all = |input: String, all_platforms, all_tags| PullRequest {
        input,
        platform: None,
        all_platforms,
        all_tags,
    };
    let multi = format!("{host}/multi:1.0");
    let id = transfer::start_pull(&desk.app, all(multi.clone(), true, false)).await.expect("it starts");
    let (outcome, rows, _) = desk.finish(id).await;
    assert_eq!((outcome.state, layers_in(&rows, RowState::Complete)), (JobEnd::Done, 3));
    let images = store::list_images(&desk.app).await.expect("images");
    assert_eq!(images[0].platforms, ["linux/amd64", "linux/arm64", "linux/arm/v7"]);
    let page =
        image::inspect_image(&desk.app, multi.clone(), LookIn::Store, Some("linux/arm64".into())).await;
    assert_eq!(page.expect("a page").manifest.expect("a manifest").platform, "linux/arm64");
    let head = transfer::list_jobs(&desk.app).await.expect("jobs").remove(0);
    assert_eq!(head.command, format!("longshore pull --all-platforms {multi}"));

    let id =
        transfer::start_pull(&desk.app, all(format!("{host}/hello"), false, true)).await.expect("it starts");
    let (outcome, _, lines) = desk.finish(id).await;
    assert_eq!(outcome.state, JobEnd::Done, "{outcome:?}");
    assert!(
        lines.contains(&"1.0: Pulling from hello".into())
            && lines.contains(&"1.1: Pulling from hello".into())
    );
    assert_eq!(lines.last(), Some(&format!("{host}/hello")));
    let head = transfer::list_jobs(&desk.app).await.expect("jobs").remove(1);
    assert_eq!((&*head.title, &*head.reference), ("hello, all tags", &*format!("{host}/hello:1.0")));
    assert_eq!(head.command, format!("docker pull --all-tags {host}/hello"));
    assert_eq!(head.total, head.skipped + head.arrived);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_points_at_the_exchange_that_shows_it() {
    let desk = Desk::new();
    let host = desk.host().await;
    let error =
        desk.inspect(&format!("{host}/web:9.9"), LookIn::Auto).await.expect_err("there is no such tag");
    assert_eq!(error.code(), Code::NotFound);
    let id = error.exchange().expect("it names the exchange");
    let shown = exchange::read_exchange(&desk.app, id).await.expect("it is kept");
    assert_eq!((shown.head.status, shown.head.failed, shown.head.job), (Some(404), true, None));
    assert!(shown.body.expect("the registry said why").contains("MANIFEST_UNKNOWN"));

    let id = desk.start(&format!("{host}/web:9.9")).await;
    let (outcome, _, lines) = desk.finish(id).await;
    let fault = outcome.fault.expect("a fault");
    assert_eq!((outcome.state, fault.code.0), (JobEnd::Failed, Code::NotFound));
    let failing =
        exchange::read_exchange(&desk.app, fault.exchange.expect("an exchange")).await.expect("kept");
    assert_eq!(failing.head.job, Some(id), "it is the job's, by the window's own id");
    assert_eq!(lines.last(), Some(&fault.message));
    let heads = exchange::list_exchanges(&desk.app, failing.head.id - 1).await.expect("heads");
    assert_eq!(heads.first().map(|head| head.id), Some(failing.head.id));
    assert!(!heads.iter().any(|head| head.live));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_is_paused_cancelled_and_taken_up_again() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &TestImage::of_size(1, 3_000_000));
    registry.fault(On::blobs(), HttpFault::new().drip(400_000));
    let id = desk.start(&registry.reference("team/app", "1.0")).await;
    let arrived = || async { transfer::list_jobs(&desk.app).await.expect("jobs")[0].arrived };
    let wait = async {
        while arrived().await < 300_000 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.expect("bytes arrive");
    transfer::pause_job(&desk.app, id).await.expect("paused");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let paused = arrived().await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(arrived().await, paused, "nothing moves");
    transfer::cancel_job(&desk.app, id).await.expect("cancelled");
    let (outcome, ..) = desk.finish(id).await;
    assert_eq!((outcome.state, outcome.fault), (JobEnd::Cancelled, None));
    assert!(store::list_images(&desk.app).await.expect("images").is_empty(), "no name was given");

    registry.heal();
    registry.clear_log();
    transfer::resume_job(&desk.app, id).await.expect("again");
    let (outcome, ..) = desk.finish(id).await;
    assert_eq!(outcome.state, JobEnd::Done, "{outcome:?}");
    let fetched = registry.sent(&On::blobs());
    assert!(fetched < 3_100_000 - paused / 2, "{fetched} bytes were fetched, {paused} were here");
}

#[tokio::test(flavor = "multi_thread")]
async fn f123_streams_end_with_their_page() {
    let desk = Desk::new();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let keep = heads.clone();
    let stream = Stream::new(move |some: Vec<ExchangeHead>| {
        keep.lock().expect("not poisoned").extend(some);
        true
    });
    let app = desk.app.clone();
    let watching = tokio::spawn(async move { exchange::watch_exchanges(&app, stream).await });
    let host = desk.host().await;
    desk.inspect(&format!("{host}/hello:1.0"), LookIn::Registry).await.expect("a page");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    desk.app.page_begins();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), watching).await;
    ended.expect("it ends with its page").expect("no panic").expect("no failure");
    let heads = heads.lock().expect("not poisoned");
    assert!(
        heads.iter().any(|head| head.path == "/v2/hello/manifests/1.0" && head.status == Some(200)),
        "{heads:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sidebar_has_every_host_once_and_who_is_signed_in() {
    let config = r#"{"credsStore":"none","auths":{"ghcr.io":{"auth":"b2N0b2NhdDpwdw=="},"https://index.docker.io/v1/":{},"r.example:5000":{}}}"#;
    let desk = Desk::with_docker_config(config);
    let host = desk.host().await;
    let settings = Settings {
        plain_http: vec!["plain.example".into()],
        pinned: vec!["quay.io/a/b".into(), "nginx".into(), format!("{host}/web:2.0")],
        registries: vec!["nas.example:5000".into(), "ghcr.io".into()],
        ..Settings::default()
    };
    settings::write_settings(&desk.app, settings).await.expect("kept");
    let entries = registry::list_registries(&desk.app).await.expect("entries");
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| (&*entry.host, entry.kind, entry.state, entry.account.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("docker.io", RegistryKind::Hub, SignIn::Account, None),
            ("ghcr.io", RegistryKind::Ghcr, SignIn::Account, Some("octocat")),
            (&*host, RegistryKind::Practice, SignIn::Practice, None),
            ("nas.example:5000", RegistryKind::Other, SignIn::Anonymous, None),
            ("plain.example", RegistryKind::Other, SignIn::Plain, None),
            ("quay.io", RegistryKind::Other, SignIn::Anonymous, None),
            ("r.example:5000", RegistryKind::Other, SignIn::Account, None),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_hold_from_the_next_request_on() {
    let desk = Desk::new();
    let plain = |app: &Longshore| {
        let host = oci::Registry::parse("plain.example").expect("a registry");
        app.registries().http().is_plain(&host)
    };
    assert!(!plain(&desk.app));
    let settings = Settings {
        plain_http: vec!["plain.example".into()],
        platform: Some("linux/arm64".into()),
        ..Settings::default()
    };
    settings::write_settings(&desk.app, settings.clone()).await.expect("kept");
    assert!(plain(&desk.app));
    assert_eq!(settings::read_settings(&desk.app).await.expect("settings"), settings);
    assert_eq!(app::app_info(&desk.app).await.expect("info").platform, "linux/arm64");
    let host = desk.host().await;
    let page = desk.inspect(&format!("{host}/multi:1.0"), LookIn::Registry).await.expect("a page");
    assert_eq!(page.manifest.expect("a manifest").platform, "linux/arm64");
    // An image that lacks the platform can still be looked at; pulling it must be asked for.
    let page = desk.inspect(&format!("{host}/hello:1.0"), LookIn::Registry).await.expect("a page");
    assert_eq!(page.manifest.expect("a manifest").platform, "linux/amd64");

    let refused = Settings { plain_http: vec!["https://x".into()], ..settings.clone() };
    let error = settings::write_settings(&desk.app, refused).await.expect_err("no host");
    assert_eq!(error.code(), Code::ConfigInvalid);
    assert_eq!(settings::read_settings(&desk.app).await.expect("settings"), settings, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn f078_a_store_that_cant_be_opened_leaves_the_window_alive() {
    let desk = Desk::new();
    fs::write(desk.path("data"), "a file where a folder should be").expect("written");
    assert!(store::list_images(&desk.app).await.is_err());
    let info = app::app_info(&desk.app).await.expect("the window opens");
    assert!(info.practice_host.is_none() && info.practice_fault.is_some());
    let entries = registry::list_registries(&desk.app).await.expect("entries");
    assert_eq!(entries[2].state, SignIn::Stopped);
    let request =
        PullRequest { input: "nginx".into(), platform: None, all_platforms: false, all_tags: false };
    assert!(transfer::start_pull(&desk.app, request).await.is_err());

    // Put right, it goes on without a restart.
    fs::remove_file(desk.path("data")).expect("removed");
    assert_eq!(store::list_images(&desk.app).await.expect("images"), []);
    let host = desk.host().await;
    assert_eq!(desk.pull(&format!("{host}/hello:1.0")).await.0.state, JobEnd::Done);
}

#[tokio::test]
async fn a_missing_thing_is_a_fault_with_a_next_step() {
    let desk = Desk::new();
    let error = exchange::read_exchange(&desk.app, 99).await.expect_err("there is none");
    assert!(error.hint().is_some());
    let error = transfer::pause_job(&desk.app, 99).await.expect_err("there is none");
    assert!(error.hint().is_some());
    assert!(Path::new(&desk.path("docker/config.json")).exists());
    assert!(!desk.path("data").exists(), "looking makes nothing");
}
