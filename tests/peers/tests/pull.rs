//! Pulls from a real docker-registry, compared with what skopeo sees.

use std::process::Command;

use peers::Longshore;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::proxy::Proxy;
use testkit::real::{DockerRegistry, Skopeo, run};

const PLAIN: &[&str] = &["--tls-verify=false"];

fn layered(seed: u64) -> Image {
    let files = [Entry::directory("etc"), Entry::file("etc/motd", b"hello\n")];
    Image::builder(Family::Oci)
        .layer(Layer::new(&files, LayerCompression::Gzip))
        .layer(Layer::noise(seed, 3_000_000))
        .layer(Layer::new(&[Entry::whiteout("etc/motd")], LayerCompression::Zstd))
        .build()
}

/// linux/amd64 and linux/arm64 with a layer in common.
fn two_platforms() -> (Image, Image, Image) {
    let shared = Layer::noise(1, 100_000);
    let of = |platform, seed| {
        Image::builder(Family::Oci)
            .platform(platform)
            .layer(shared.clone())
            .layer(Layer::noise(seed, 50_000))
            .build()
    };
    let (amd, arm) = (of("linux/amd64", 2), of("linux/arm64/v8", 3));
    let index = Image::index(Family::Oci, &[&amd, &arm]);
    (index, amd, arm)
}

#[test]
fn by_tag_it_is_what_skopeo_sees() {
    let registry = DockerRegistry::open();
    let image = layered(1);
    registry.put("team/app", "1.0", &image);
    let reference = registry.reference("team/app", "1.0");
    let longshore = Longshore::new();

    let said = longshore.run(&["pull", &reference]).ok();
    let skopeo = Skopeo::new();
    let theirs = skopeo.digest(&format!("docker://{reference}"), PLAIN);
    assert_eq!(theirs, image.digest().as_str());
    assert!(said.contains(&format!("Digest: {theirs}")), "{said}");
    assert!(said.contains(&format!("Status: Downloaded newer image for {reference}")), "{said}");

    assert_eq!(skopeo.digest(&longshore.stored(&reference), &[]), theirs);
    // skopeo checks every digest on its way.
    let copy = tempfile::tempdir().unwrap();
    skopeo.run(&["copy", &longshore.stored(&reference), &format!("dir:{}", copy.path().display())]);
    for layer in &image.blobs {
        assert_eq!(std::fs::read(copy.path().join(layer.digest.hex())).unwrap(), layer.bytes);
    }
    assert_eq!(longshore.blobs().len(), 1 + image.blobs.len());
}

#[test]
fn by_digest() {
    let registry = DockerRegistry::open();
    let image = layered(2);
    registry.put("team/app", "1.0", &image);
    // The tag moves on; the digest stays.
    registry.put("team/app", "1.0", &layered(3));
    let reference = format!("{}/team/app@{}", registry.host(), image.digest());
    let longshore = Longshore::new();
    let said = longshore.run(&["pull", &reference]).ok();
    assert!(said.contains(image.digest().as_str()), "{said}");
    assert_eq!(Skopeo::new().digest(&longshore.stored(&reference), &[]), image.digest().as_str());
}

#[test]
fn dockers_own_media_types_are_kept() {
    let registry = DockerRegistry::open();
    let image = Image::builder(Family::Docker).layer(Layer::noise(4, 10_000)).build();
    registry.put("team/app", "docker", &image);
    let reference = registry.reference("team/app", "docker");
    let longshore = Longshore::new();
    longshore.run(&["pull", &reference]).ok();
    let mut expected: Vec<_> = image.blobs.iter().chain([&image.root]).map(|it| it.digest.clone()).collect();
    expected.sort();
    assert_eq!(longshore.blobs(), expected);
    let listed = longshore.run(&["images", "--json"]).json().to_string();
    assert!(listed.contains(image.digest().as_str()) && listed.contains(&reference), "{listed}");
}

#[test]
fn one_platform_of_several() {
    let registry = DockerRegistry::open();
    let (index, amd, arm) = two_platforms();
    registry.put("team/app", "multi", &index);
    let reference = registry.reference("team/app", "multi");
    let longshore = Longshore::new();
    longshore.run(&["pull", &reference, "--platform", "linux/arm64"]).ok();
    let blobs = longshore.blobs();
    assert!(blobs.contains(&arm.blobs[2].digest), "arm64's own layer");
    assert!(!blobs.contains(&amd.blobs[2].digest), "amd64's own layer was not asked for");
    // The name is the index's, as the registry has it, and skopeo finds the platform in it.
    let skopeo = Skopeo::new();
    assert_eq!(skopeo.digest(&longshore.stored(&reference), &[]), index.digest().as_str());
    let copy = tempfile::tempdir().unwrap();
    let arm64 = ["--override-os=linux", "--override-arch=arm64", "--override-variant=v8"];
    let stored = longshore.stored(&reference);
    let target = format!("dir:{}", copy.path().display());
    skopeo.run(&[&arm64[..], &["copy", &stored, &target]].concat());
    assert_eq!(std::fs::read(copy.path().join("manifest.json")).unwrap(), arm.root.bytes);

    let missing = Longshore::new().run(&["pull", &reference, "--platform", "linux/s390x"]).with_status(1);
    assert!(
        missing.stderr.contains("linux/amd64") && missing.stderr.contains("linux/arm64"),
        "{}",
        missing.stderr
    );
}

#[test]
fn all_platforms() {
    let registry = DockerRegistry::open();
    let (index, ..) = two_platforms();
    registry.put("team/app", "multi", &index);
    let reference = registry.reference("team/app", "multi");
    let longshore = Longshore::new();
    longshore.run(&["pull", &reference, "--all-platforms"]).ok();
    assert_eq!(longshore.blobs().len(), 1 + index.manifests.len() + index.blobs.len());
    let copy = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", copy.path().display());
    Skopeo::new().run(&["copy", "--all", &longshore.stored(&reference), &target]);
    assert_eq!(std::fs::read(copy.path().join("manifest.json")).unwrap(), index.root.bytes);
}

#[test]
fn all_tags() {
    let registry = DockerRegistry::open();
    let images = [("a", layered(5)), ("b", layered(6)), ("c", Image::tiny("c"))];
    for (tag, image) in &images {
        registry.put("team/app", tag, image);
    }
    let longshore = Longshore::new();
    longshore.run(&["pull", &format!("{}/team/app", registry.host()), "--all-tags"]).ok();
    for (tag, image) in &images {
        let stored = longshore.stored(&registry.reference("team/app", tag));
        assert_eq!(Skopeo::new().digest(&stored, &[]), image.digest().as_str(), "{tag}");
    }
}

#[test]
fn a_second_pull_moves_no_blob_bytes() {
    let registry = DockerRegistry::open();
    registry.put("team/app", "1.0", &layered(7));
    let proxy = Proxy::start(&registry.host());
    let reference = format!("{}/team/app:1.0", proxy.host());
    let longshore = Longshore::new();
    longshore.run(&["pull", &reference]).ok();
    let first = proxy.down();
    assert!(first > 3_000_000, "{first} bytes");
    let said = longshore.run(&["pull", &reference]).ok();
    assert!(proxy.down() - first < 20_000, "{} bytes the second time", proxy.down() - first);
    assert!(said.contains(&format!("Status: Image is up to date for {reference}")), "{said}");
}

#[test]
fn a_shared_layer_is_not_fetched_again() {
    let registry = DockerRegistry::open();
    let base = Layer::noise(8, 2_000_000);
    for (tag, seed) in [("one", 9), ("two", 10)] {
        let image = Image::builder(Family::Oci).layer(base.clone()).layer(Layer::noise(seed, 10_000)).build();
        registry.put("team/app", tag, &image);
    }
    let proxy = Proxy::start(&registry.host());
    let longshore = Longshore::new();
    longshore.run(&["pull", &format!("{}/team/app:one", proxy.host())]).ok();
    let first = proxy.down();
    let said = longshore.run(&["pull", &format!("{}/team/app:two", proxy.host())]).ok();
    assert!(proxy.down() - first < 50_000, "{} bytes the second time", proxy.down() - first);
    assert!(said.contains("Already exists"), "{said}");
}

#[test]
fn images_without_content() {
    let registry = DockerRegistry::open();
    let none = Image::builder(Family::Oci).build();
    let empty = Image::builder(Family::Oci).layer(Layer::empty_archive()).build();
    for (tag, image) in [("none", &none), ("empty", &empty)] {
        registry.put("team/app", tag, image);
        let reference = registry.reference("team/app", tag);
        let longshore = Longshore::new();
        longshore.run(&["pull", &reference]).ok();
        assert_eq!(longshore.blobs().len(), 1 + image.blobs.len());
    }
}

#[test]
fn umoci_unpacks_what_was_pulled() {
    let registry = DockerRegistry::open();
    let below =
        [Entry::directory("etc"), Entry::file("etc/kept", b"below"), Entry::file("etc/gone", b"below")];
    let above = [Entry::directory("etc"), Entry::whiteout("etc/gone"), Entry::file("etc/new", b"above")];
    let gzip = |entries| Layer::new(entries, LayerCompression::Gzip);
    let image = Image::builder(Family::Oci).layer(gzip(&below)).layer(gzip(&above)).build();
    registry.put("team/app", "1", &image);
    let reference = registry.reference("team/app", "1");
    let longshore = Longshore::new();
    longshore.run(&["pull", &reference]).ok();

    let bundle = longshore.dir().join("bundle");
    let stored = format!("{}:{reference}", longshore.store().display());
    run(Command::new("umoci").args(["unpack", "--rootless", "--image", &stored]).arg(&bundle));
    let file = |path: &str| std::fs::read_to_string(bundle.join("rootfs/etc").join(path)).ok();
    assert_eq!(file("kept").as_deref(), Some("below"));
    assert_eq!(file("new").as_deref(), Some("above"));
    assert_eq!(file("gone"), None);
}
