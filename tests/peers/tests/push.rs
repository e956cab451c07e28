//! Pushes and copies to a real docker-registry and to Longshore's own, compared with what skopeo pushes and pulls.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use peers::Longshore;
use testkit::auth::{Signer, TokenServer};
use testkit::image::{Entry, Family, Image, Layer, LayerCompression, Object};
use testkit::proxy::{Link, Proxy};
use testkit::real::{DockerRegistry, Skopeo};

const PLAIN: &[&str] = &["--tls-verify=false"];

fn two_platforms() -> Image {
    let of = |platform, seed| {
        Image::builder(Family::Oci).platform(platform).layer(Layer::noise(seed, 50_000)).build()
    };
    Image::index(Family::Oci, &[&of("linux/amd64", 2), &of("linux/arm64/v8", 3)])
}

fn kinds() -> Vec<(&'static str, Image)> {
    let files = [Entry::directory("etc"), Entry::file("etc/motd", b"hello\n")];
    let zstd = Layer::new(&files, LayerCompression::Zstd);
    let empty = Object::new(oci::media_type::OCI_LAYER_GZIP, &b""[..]);
    let entry = empty.descriptor_json();
    let mut with_empty = Image::builder(Family::Oci)
        .layer(Layer::noise(5, 10_000))
        .edit_manifest(move |manifest| {
            manifest["layers"].as_array_mut().expect("a manifest has layers").push(entry.clone());
        })
        .build();
    with_empty.blobs.push(empty);
    vec![
        ("oci", Image::builder(Family::Oci).layer(Layer::noise(1, 3_000_000)).build()),
        ("docker", Image::builder(Family::Docker).layer(Layer::noise(1, 30_000)).build()),
        ("zstd", Image::builder(Family::Oci).layer(zstd).build()),
        ("index", two_platforms()),
        ("empty", with_empty),
    ]
}

/// Puts an image into the store, as another program's layout brings it.
fn store(longshore: &Longshore, image: &Image, name: &str) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    image.write_layout(dir.path(), "it").expect("the image can be written");
    longshore.run(&["copy", &format!("oci:{}:it", dir.path().display()), &format!("store:{name}")]).ok();
}

/// Longshore's own registry, ended with the value.
struct Served {
    child: Child,
    host: String,
    _longshore: Longshore,
}

impl Served {
    fn start() -> Self {
        let longshore = Longshore::new();
        let mut command = longshore.command(&["serve", "--json"]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it is built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let said: serde_json::Value = serde_json::from_str(&line).expect("its line is JSON");
        let host = said["address"].as_str().expect("an address").to_owned();
        Self { child, host, _longshore: longshore }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What skopeo finds there has the digest, and every byte of it is right.
#[track_caller]
fn assert_there(reference: &str, image: &Image) {
    let skopeo = Skopeo::new();
    let name = format!("docker://{reference}");
    assert_eq!(skopeo.digest(&name, PLAIN), image.digest().as_str(), "{reference}");
    let copy = tempfile::tempdir().expect("a temporary folder");
    let target = format!("dir:{}", copy.path().display());
    skopeo.run(&["copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false", &name, &target]);
}

#[test]
fn what_longshore_pushes_skopeo_pulls_and_the_other_way_round() {
    let (registry, longshore) = (DockerRegistry::open(), Longshore::new());
    let served = Served::start();
    for (kind, image) in kinds() {
        for host in [registry.host(), served.host.clone()] {
            let pushed = format!("{host}/team/{kind}:1");
            store(&longshore, &image, &pushed);
            let said = longshore.run(&["push", &pushed]).ok();
            assert!(
                said.contains(&format!("1: digest: {} size: {}", image.digest(), image.root.size())),
                "{said}"
            );
            if kind != "empty" {
                assert_there(&pushed, &image);
            }
            assert_eq!(Skopeo::new().digest(&format!("docker://{pushed}"), PLAIN), image.digest().as_str());
        }
        // And back: pushed by skopeo, copied by Longshore to its own registry.
        if kind != "empty" {
            registry.put("theirs/app", kind, &image);
            let source = format!("docker://{}", registry.reference("theirs/app", kind));
            let target = format!("{}/back/{kind}:1", served.host);
            longshore.run(&["copy", &source, &format!("docker://{target}")]).ok();
            assert_there(&target, &image);
        }
    }
}

#[test]
fn a_second_push_moves_nothing_and_another_repository_mounts_everything() {
    let (registry, longshore) = (DockerRegistry::open(), Longshore::new());
    let image = Image::of_size(3, 4_000_000);
    let proxy = Proxy::start(&registry.host());
    let first = format!("{}/team/app:1", proxy.host());
    store(&longshore, &image, &first);
    let pushed = longshore.run(&["push", "--json", &first]).json();
    assert_eq!(pushed["moved"], image.blob_bytes());
    let before = proxy.up();
    let again = longshore.run(&["push", "--json", &first]).json();
    assert_eq!((again["moved"].as_u64(), again["up_to_date"].as_bool()), (Some(0), Some(true)));
    let second = format!("{}/prod/app:1", proxy.host());
    longshore.run(&["tag", &first, &second]).ok();
    let mounted = longshore.run(&["push", "--json", &second]).json();
    assert_eq!((mounted["moved"].as_u64(), mounted["mounted"].as_u64()), (Some(0), Some(image.blob_bytes())));
    assert!(proxy.up() - before < 20_000, "{} bytes went up for requests alone", proxy.up() - before);
    assert_there(&second, &image);
}

#[test]
fn f116_a_push_that_is_killed_leaves_no_tag_and_the_next_one_is_whole() {
    let (registry, longshore) = (DockerRegistry::open(), Longshore::new());
    let image = Image::of_size(4, 40_000_000);
    let link = Link { rate: Some(20_000_000), round_trip: Duration::from_millis(2) };
    let proxy = Proxy::with_link(&registry.host(), link);
    let name = format!("{}/team/app:1", proxy.host());
    store(&longshore, &image, &name);
    let running = longshore.start(&["push", &name]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while proxy.up() < 10_000_000 {
        assert!(Instant::now() < deadline, "{} bytes went up", proxy.up());
        std::thread::sleep(Duration::from_millis(5));
    }
    running.kill();
    let there = registry.reference("team/app", "1");
    let raw = Skopeo::new()
        .command(&["inspect", "--raw", "--tls-verify=false", &format!("docker://{there}")])
        .output();
    let raw = raw.expect("skopeo is installed");
    assert!(!raw.status.success(), "a tag is there: {}", String::from_utf8_lossy(&raw.stdout));
    longshore.run(&["push", &name]).ok();
    assert_there(&there, &image);
}

#[test]
fn accounts_by_password_and_by_token_may_push_and_strangers_may_not() {
    let signer = Signer::new("peers");
    let tokens = TokenServer::builder().account("ann", "secret").no_anonymous().signed(signer).start();
    let registries = [
        DockerRegistry::builder().htpasswd("ann", "secret").start(),
        DockerRegistry::builder().tokens(&tokens, Some(("ann", "secret"))).start(),
    ];
    for registry in registries {
        let longshore = Longshore::new();
        let image = Image::of_size(5, 500_000);
        let (first, second) = (registry.reference("team/app", "1"), registry.reference("prod/app", "1"));
        store(&longshore, &image, &first);
        longshore.log_in(&registry.host(), "ann", "wrong");
        let refused = longshore.run(&["push", "--trust-realm", &tokens.host(), &first]).with_status(1);
        assert!(
            refused.stderr.contains(&format!("longshore login {}", registry.host())),
            "{}",
            refused.stderr
        );
        longshore.log_in(&registry.host(), "ann", "secret");
        longshore.run(&["push", "--trust-realm", &tokens.host(), &first]).ok();
        longshore.run(&["tag", &first, &second]).ok();
        let mounted = longshore.run(&["push", "--json", "--trust-realm", &tokens.host(), &second]).json();
        assert_eq!(mounted["mounted"], image.blob_bytes(), "a mount may read the other repository");
    }
}

#[test]
fn an_artifact_is_found_by_its_subject_with_and_without_the_registrys_help() {
    let (registry, longshore) = (DockerRegistry::open(), Longshore::new());
    let served = Served::start();
    let subject = Image::of_size(6, 10_000);
    let about = subject.root.descriptor_json();
    let artifact = Image::builder(Family::Oci)
        .layer(Layer::noise(7, 300))
        .edit_manifest(move |manifest| {
            manifest["subject"] = about.clone();
            manifest["artifactType"] = "application/spdx+json".into();
        })
        .build();
    for host in [registry.host(), served.host.clone()] {
        let (image_name, artifact_name) = (format!("{host}/team/app:1"), format!("{host}/team/app:sbom"));
        store(&longshore, &subject, &image_name);
        store(&longshore, &artifact, &artifact_name);
        longshore.run(&["push", &image_name]).ok();
        longshore.run(&["push", &artifact_name]).ok();
        let found = longshore.run(&["referrers", "--json", &image_name]).json().to_string();
        assert!(found.contains(artifact.digest().as_str()), "{host}: {found}");
    }
}
