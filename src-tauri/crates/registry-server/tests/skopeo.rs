//! The real skopeo against the server: pulls from it, pushes to it, copies within it, deletes.

// clippy.toml allows it in tests, but clippy takes helpers here for something else.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{header, served};
use engine::store::ContentStore;
use oci::digest::Digest;
use registry_server::practice;

/// Runs skopeo without the person's configuration; what it prints.
async fn skopeo(home: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new("skopeo");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home);
    command.env("XDG_RUNTIME_DIR", home).env("TMPDIR", home).arg("--insecure-policy").args(arguments);
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{shown}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_pulls_every_sample_and_pushes_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    let server = practice::start(&home.join("practice"), 0).await.unwrap();
    let host = server.address();
    for sample in practice::shelf() {
        let (repository, tag) = (sample.repository, sample.tag);
        let remote = format!("docker://{host}/{repository}:{tag}");
        let raw = skopeo(home, &["inspect", "--raw", "--tls-verify=false", &remote]).await;
        assert_eq!(Digest::sha256(&raw).to_string(), sample.digest);
        let lying = format!("oci:{}:practice.invalid/{repository}:{tag}", home.join("practice").display());
        assert_eq!(
            skopeo(home, &["inspect", "--raw", &lying]).await,
            raw,
            "the store is a layout that it reads"
        );

        let copy = format!("oci:{}:{repository}-{tag}", home.join("copies").display());
        skopeo(home, &["copy", "--all", "--preserve-digests", "--src-tls-verify=false", &remote, &copy])
            .await;
        assert_eq!(skopeo(home, &["inspect", "--raw", &copy]).await, raw);

        let back = format!("docker://{host}/mine/{repository}:pushed-{tag}");
        skopeo(home, &["copy", "--all", "--preserve-digests", "--dest-tls-verify=false", &copy, &back]).await;
        assert_eq!(skopeo(home, &["inspect", "--raw", "--tls-verify=false", &back]).await, raw);
    }
    let tags = skopeo(home, &["list-tags", "--tls-verify=false", &format!("docker://{host}/mine/web")]).await;
    let tags: serde_json::Value = serde_json::from_slice(&tags).unwrap();
    assert_eq!(tags["Tags"], serde_json::json!(["pushed-2.0", "pushed-2.1"]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn skopeo_copies_within_the_registry_converts_and_deletes() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    let served = served().await;
    practice::fill(&served.store).unwrap();
    let host = served.server.address();
    let source = format!("docker://{host}/web:2.0");
    let target = format!("docker://{host}/team/promoted:2.0");
    let insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    skopeo(home, &["copy", insecure[0], insecure[1], &source, &target]).await;
    let docker = format!("docker://{host}/team/docker:2.0");
    skopeo(home, &["copy", "--format", "v2s2", insecure[0], insecure[1], &source, &docker]).await;
    let response = served.send("HEAD", "/v2/team/docker/manifests/2.0").await;
    assert_eq!(header(&response, "content-type"), oci::media_type::DOCKER_MANIFEST);

    skopeo(home, &["delete", "--tls-verify=false", &target]).await;
    assert_eq!(served.send("HEAD", "/v2/team/promoted/manifests/2.0").await.status(), 404);
    assert_eq!(served.send("HEAD", "/v2/web/manifests/2.0").await.status(), 200);
    let again = ContentStore::open(served.store.path()).unwrap();
    assert!(again.resolve(&"practice.invalid/team/docker:2.0".parse().unwrap()).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pushed_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path();
    let first = practice::start(&home.join("practice"), 0).await.unwrap();
    let source = format!("docker://{}/hello:1.0", first.address());
    let mine = format!("docker://{}/mine:1", first.address());
    skopeo(home, &["copy", "--src-tls-verify=false", "--dest-tls-verify=false", &source, &mine]).await;
    let port = first.address().port();
    first.stop().await;
    let second = practice::start(&home.join("practice"), port).await.unwrap();
    assert_eq!(second.address().port(), port, "the port is free again");
    let copy = format!("oci:{}:mine", home.join("copy").display());
    let mine = format!("docker://{}/mine:1", second.address());
    skopeo(home, &["copy", "--src-tls-verify=false", &mine, &copy]).await;
    second.stop().await;
}
