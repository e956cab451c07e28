//! Pulls that are cut, killed or cancelled, and two at once.

use std::time::{Duration, Instant};

use peers::Longshore;
use testkit::image::Image;
use testkit::proxy::{Cut, Limit, Link, Proxy};
use testkit::real::{DockerRegistry, Skopeo};

const MIB: u64 = 1024 * 1024;
const SIZE: u64 = 60_000_000;
/// Cut here.
const HALF: u64 = 30_000_000;
/// What may be fetched twice after a kill: at most 1% or 8 MiB, the larger.
const AGAIN: u64 = 8 * MIB;

/// A registry with one image of a 60 MB blob, a proxy before it, and the image's name through the proxy.
fn large() -> (DockerRegistry, Proxy, Image, String) {
    let registry = DockerRegistry::open();
    let image = Image::of_size(11, 60_000_000);
    registry.put("team/large", "1", &image);
    let proxy = Proxy::start(&registry.host());
    let reference = format!("{}/team/large:1", proxy.host());
    (registry, proxy, image, reference)
}

#[track_caller]
fn assert_stored(longshore: &Longshore, reference: &str, image: &Image) {
    assert_eq!(Skopeo::new().digest(&longshore.stored(reference), &[]), image.digest().as_str());
    assert_eq!(longshore.blobs().len(), 3, "manifest, config and layer, each as its name says");
}

/// A pull that was stopped at [`HALF`] has kept what it received, and the next one fetches the rest.
#[track_caller]
fn assert_goes_on(longshore: &Longshore, proxy: &Proxy, reference: &str) {
    let kept = longshore.partial_bytes();
    assert!(kept + AGAIN >= HALF, "{kept} bytes were kept of the {HALF} that came down");
    proxy.heal();
    let before = proxy.down();
    longshore.run(&["pull", reference]).ok();
    let fetched = proxy.down() - before;
    assert!(fetched + kept >= SIZE, "{fetched} bytes are less than what was missing of {kept}");
    assert!(fetched + kept <= SIZE + AGAIN, "{fetched} bytes were fetched, though {kept} were here");
}

#[test]
fn f075_a_killed_pull_goes_on_from_where_it_was() {
    let (_registry, proxy, image, reference) = large();
    proxy.limit(Limit::total(HALF, Cut::Stall));
    let longshore = Longshore::new();
    let running = longshore.start(&["pull", &reference]);
    proxy.wait_down(HALF, Duration::from_secs(60));
    longshore.settle();
    running.kill();
    assert!(
        longshore.blobs().iter().all(|digest| *digest != image.largest_blob().digest),
        "half a blob is visible"
    );

    assert_goes_on(&longshore, &proxy, &reference);
    assert_stored(&longshore, &reference, &image);
}

#[test]
fn f002_one_cut_connection_is_survived_in_the_same_pull() {
    for cut in [Cut::Reset, Cut::End] {
        let (_registry, proxy, image, reference) = large();
        proxy.limit(Limit::total(HALF, cut).once());
        let longshore = Longshore::new();
        longshore.run(&["pull", &reference]).ok();
        assert_eq!(proxy.cuts(), 1, "{cut:?}");
        assert!(proxy.down() <= SIZE + AGAIN, "{cut:?}: {} bytes came down", proxy.down());
        assert_stored(&longshore, &reference, &image);
    }
}

#[test]
fn ctrl_c_ends_it_with_130_and_what_is_there_is_kept() {
    let (_registry, proxy, image, reference) = large();
    proxy.limit(Limit::total(HALF, Cut::Stall));
    let longshore = Longshore::new();
    let running = longshore.start(&["pull", &reference]);
    proxy.wait_down(HALF, Duration::from_secs(60));
    longshore.settle();
    let asked = Instant::now();
    running.interrupt();
    running.wait().with_status(130);
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());

    assert_goes_on(&longshore, &proxy, &reference);
    assert_stored(&longshore, &reference, &image);
}

#[test]
fn f081_two_processes_pull_one_image_at_once() {
    let registry = DockerRegistry::open();
    let image = Image::of_size(12, 10_000_000);
    registry.put("team/app", "1", &image);
    // Slow enough that both are at it at the same time.
    let link = Link { rate: Some(5_000_000), round_trip: Duration::from_millis(10) };
    let proxy = Proxy::with_link(&registry.host(), link);
    let reference = format!("{}/team/app:1", proxy.host());
    let longshore = Longshore::new();
    let both = [longshore.start(&["pull", &reference]), longshore.start(&["pull", &reference])];
    for running in both {
        running.wait().ok();
    }
    assert!(proxy.down() < 11_000_000, "{} bytes: the blob was fetched twice", proxy.down());
    assert_stored(&longshore, &reference, &image);
}
