//! kill -9: a pull in a process of its own, ended at any moment. Nothing wrong is ever visible, and the next pull
//! fetches again at most what was on its way.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use engine::exchange::ExchangeLog;
use engine::job::Job;
use engine::store::ContentStore;
use testkit::image::{Family, Image, Layer};
use testkit::proxy::{Link, Proxy};
use testkit::registry::Registry;

use crate::scene::{MIB, Scene, check_store, pull, quick};

/// Heads of requests and answers, bytes.
const HEADS: u64 = 256 << 10;

/// Where the test's other process finds what to pull, and into what.
const ROLE: &str = "LONGSHORE_TEST_PULL";

/// After how long without a byte that process gives an answer up, milliseconds; as usual where it is not set.
const STALL: &str = "LONGSHORE_TEST_STALL";

/// Runs a test of this file as another process, which pulls.
fn spawn(test: &str, scene: &Scene) -> Child {
    spawn_with(test, scene, None)
}

fn spawn_with(test: &str, scene: &Scene, stall: Option<Duration>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([&format!("kill::{test}"), "--exact", "--nocapture"])
        .env(ROLE, format!("{}\n{}", scene.reference(), scene.store.path().display()))
        .envs(stall.map(|stall| (STALL, stall.as_millis().to_string())))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// In the other process: pulls, and says by its end whether that went well.
fn is_the_other_process() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let (reference, dir) = role.split_once('\n').unwrap();
    let store = ContentStore::open(dir).unwrap();
    let mut options = quick();
    if let Some(stall) = std::env::var(STALL).ok().and_then(|text| text.parse().ok()) {
        options.pace.stall = Duration::from_millis(stall);
        options.pace.over = options.pace.stall;
    }
    let work = pull(store, options, ExchangeLog::default(), reference.parse().unwrap(), Job::silent());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work).unwrap();
    true
}

fn kill(mut child: Child) -> bool {
    // One that has ended well by now was not killed.
    let _ = child.kill();
    !child.wait().unwrap().success()
}

fn kept(scene: &Scene) -> u64 {
    let bytes = |blob: &testkit::image::Object| match scene.store.blob_size(&blob.digest).unwrap() {
        Some(size) => size,
        None => scene.store.partial_bytes(&blob.descriptor()),
    };
    scene.image.blobs.iter().map(bytes).sum()
}

#[test]
fn f075_a_killed_pull_goes_on_where_it_was() {
    if is_the_other_process() {
        return;
    }
    let layers = [(1, 40), (2, 6), (3, 2)].map(|(seed, size)| Layer::noise(seed, size << 20));
    let image = Image::builder(Family::Oci).layers(layers).build();
    let scene = Scene::new(Registry::start(), image);
    let link = Link { rate: Some(12 * MIB), round_trip: Duration::from_millis(5) };
    let proxy = Proxy::with_link(&scene.registry.host(), link);
    let scene = scene.at(&proxy.host());
    let test = "f075_a_killed_pull_goes_on_where_it_was";
    for at in [3, 12, 24, 36] {
        let (down, had) = (proxy.down(), kept(&scene));
        let child = spawn(test, &scene);
        proxy.wait_down(at * MIB, Duration::from_secs(20));
        assert!(kill(child), "it ended before it was killed, at {at} MiB");
        scene.check_nothing_visible();
        let (came, kept) = (proxy.down() - down, kept(&scene) - had);
        assert!(kept + 8 * MIB >= came, "killed at {at} MiB: {kept} of {came} bytes were kept");
        assert!(came > MIB, "nothing came before {at} MiB");
    }
    let (down, had) = (proxy.down(), kept(&scene));
    assert!(spawn(test, &scene).wait().unwrap().success());
    let rest = scene.image.blob_bytes() - had;
    let came = proxy.down() - down;
    assert!(came <= rest + MIB, "{came} bytes came for the last {rest}");
    assert_whole(&scene);
}

#[test]
fn f075_killed_at_any_moment_nothing_wrong_is_visible() {
    if is_the_other_process() {
        return;
    }
    let test = "f075_killed_at_any_moment_nothing_wrong_is_visible";
    let layers = (0..6).map(|seed| Layer::noise(seed, 300_000));
    let image = Image::builder(Family::Oci).layers(layers).build();
    let scene = Scene::new(Registry::start(), image);
    let mut killed = 0;
    // From before the first request to after the last rename, a little later each time, and round again.
    for round in 0..40_u64 {
        let child = spawn(test, &scene);
        std::thread::sleep(Duration::from_millis(4 + 2 * (round % 20)));
        killed += u32::from(kill(child));
        check_store(&scene.store);
        if !scene.store.images().unwrap().is_empty() {
            // It was done: from the beginning, at the other half of the moments.
            assert_whole(&scene);
            let left = scene.store.path().join("blobs/sha256");
            scene.store.remove(&scene.reference()).unwrap();
            scene.store.gc(false).unwrap();
            assert_eq!(std::fs::read_dir(left).unwrap().count(), 0);
        }
    }
    assert!(killed >= 10, "{killed} pulls were killed: the moments are too late");
    assert!(spawn(test, &scene).wait().unwrap().success());
    assert_whole(&scene);
}

#[test]
fn f026_a_pull_that_is_stopped_for_long_goes_on() {
    if is_the_other_process() {
        return;
    }
    // Too small for more than one connection: what two have under way for the same bytes is another matter.
    let image = Image::builder(Family::Oci).layer(Layer::noise(1, 7 << 20)).build();
    let scene = Scene::new(Registry::start(), image);
    let link = Link { rate: Some(6 * MIB), round_trip: Duration::from_millis(5) };
    let proxy = Proxy::with_link(&scene.registry.host(), link);
    let scene = scene.at(&proxy.host());
    // Stopped for twice as long as silence may last, as 60 s are to the usual 30 s.
    let stall = Duration::from_secs(1);
    let mut child = spawn_with("f026_a_pull_that_is_stopped_for_long_goes_on", &scene, Some(stall));
    proxy.wait_down(2 * MIB, Duration::from_secs(20));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    // What the kernel's buffers still take is under way.
    std::thread::sleep(Duration::from_millis(300));
    let (before, had) = (proxy.down(), kept(&scene));
    std::thread::sleep(2 * stall);
    assert!(proxy.down() < before + MIB && before < scene.image.blob_bytes(), "it was not stopped");
    assert!(had >= MIB, "{had} bytes were on disk when it was stopped");
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(child.wait().unwrap().success(), "it gave up");
    assert_whole(&scene);
    // What was under way may come again; what was on disk does not.
    let (came, rest) = (proxy.down() - before, scene.image.blob_bytes() - had);
    assert!(came <= rest + HEADS, "{came} bytes came for the last {rest}");
}

fn assert_whole(scene: &Scene) {
    check_store(&scene.store);
    let found = scene.store.resolve(&scene.reference()).unwrap().expect("the name is there");
    assert_eq!(&found.digest, scene.image.digest());
    for blob in &scene.image.blobs {
        assert_eq!(scene.store.blob_size(&blob.digest).unwrap(), Some(blob.size()));
    }
}
