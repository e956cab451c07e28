//! Pushes to real registries that are not simply there: over TLS under a private authority, and behind a narrow proxy.

use engine::Code;
use engine::remedy::{RemedyAction, remedies};
use testkit::real::{DockerRegistry, Nginx, Skopeo};
use testkit::tls::Authority;

use crate::scene::{Scene, layered};

/// A scene that pushes to another host.
fn to(host: &str) -> Scene {
    let mut scene = Scene::open();
    host.clone_into(&mut scene.host);
    scene
}

#[tokio::test]
async fn a_push_trusts_whom_the_hosts_folder_names() {
    let authority = Authority::new();
    let tls = authority.loopback();
    let registry = DockerRegistry::builder().tls(&tls).start();
    let image = layered(1, 2);
    let mut scene = to(&registry.host());
    let refused = scene.push(&image).await.result.expect_err("nobody trusts it yet");
    assert_eq!(refused.code(), Code::TlsFailed, "{refused:?}");
    assert_eq!(remedies(&refused, None)[0].action, RemedyAction::TrustCertificate);

    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(registry.host());
    std::fs::create_dir_all(&folder).unwrap();
    authority.write(&folder).unwrap();
    scene.options.certificates.docker = vec![dir.path().to_owned()];
    let pushed = scene.push(&image).await;
    assert!(pushed.result.is_ok(), "{:?}", pushed.result.err());
    let name = format!("docker://{}", scene.destination());
    let trusting = format!("--cert-dir={}", folder.display());
    assert_eq!(Skopeo::new().digest(&name, &[&trusting]), image.digest().as_str());
}

#[tokio::test]
async fn a_proxy_that_takes_no_large_bodies_is_named() {
    let registry = DockerRegistry::open();
    let nginx = Nginx::before(&registry.host()).largest_body(10_000).start();
    let scene = to(&nginx.host());
    let image = layered(1, 1);
    let refused = scene.push(&image).await.result.expect_err("the layer is too large");
    assert_eq!(refused.code(), Code::RegistryRefused, "{refused:?}");
    let found = remedies(&refused, None);
    assert!(found[0].cause.contains("client_max_body_size"), "{found:?} of {refused:?}");
    let wide = Nginx::before(&registry.host()).start();
    let scene = to(&wide.host());
    let pushed = scene.push(&image).await;
    assert!(pushed.result.is_ok(), "{:?}", pushed.result.err());
    let name = format!("docker://{}", scene.destination());
    assert_eq!(Skopeo::new().digest(&name, &["--tls-verify=false"]), image.digest().as_str());
}
