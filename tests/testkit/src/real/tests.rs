use super::*;
use crate::auth::{Signer, TokenServer};
use crate::image::{Family, Image, Layer};

const PLAIN: &[&str] = &["--tls-verify=false"];

fn two_platforms() -> Image {
    let layer = Layer::noise(1, 50_000);
    let amd = Image::builder(Family::Oci).layer(layer.clone()).build();
    let arm = Image::builder(Family::Oci).platform("linux/arm64/v8").layer(layer).build();
    Image::index(Family::Oci, &[&amd, &arm])
}

#[test]
fn an_open_registry_keeps_digests() {
    let registry = DockerRegistry::open();
    let skopeo = Skopeo::new();
    let docker = Image::builder(Family::Docker).layer(Layer::noise(2, 1_000)).build();
    let zstd = Layer::new(&[crate::image::Entry::file("a", b"b")], crate::image::LayerCompression::Zstd);
    let zstd = Image::builder(Family::Oci).layer(zstd).build();
    let list = Image::index(Family::Docker, &[&docker]);
    for (tag, image) in [("list", list), ("multi", two_platforms()), ("docker", docker), ("zstd", zstd)] {
        registry.put("team/app", tag, &image);
        let found = skopeo.digest(&format!("docker://{}", registry.reference("team/app", tag)), PLAIN);
        assert_eq!(found, image.digest().as_str(), "{tag}");
    }
}

#[test]
fn htpasswd_lets_only_the_account_in() {
    let registry = DockerRegistry::builder().htpasswd("ann", "s3cret pass").start();
    let image = Image::tiny("hello");
    registry.put("app", "1", &image);
    let skopeo = Skopeo::new();
    let name = format!("docker://{}", registry.reference("app", "1"));
    assert!(
        !skopeo
            .command(&["inspect", "--raw", "--tls-verify=false", &name])
            .output()
            .unwrap()
            .status
            .success()
    );
    let options = ["--tls-verify=false", "--creds=ann:s3cret pass"];
    assert_eq!(skopeo.digest(&name, &options), image.digest().as_str());
}

#[test]
fn tokens_are_accepted_by_the_real_registry() {
    let tokens = TokenServer::builder()
        .account("ann", "secret")
        .signed(Signer::new("testkit"))
        .grant(|account, scope| match account {
            Some(_) => Some(scope.to_owned()),
            None => scope.starts_with("repository:public/").then(|| scope.replace(",push", "")),
        })
        .start();
    let registry = DockerRegistry::builder().tokens(&tokens, Some(("ann", "secret"))).start();
    let image = Image::tiny("hello");
    registry.put("public/app", "1", &image);
    registry.put("private/app", "1", &image);

    let skopeo = Skopeo::new();
    let public = format!("docker://{}", registry.reference("public/app", "1"));
    assert_eq!(skopeo.digest(&public, PLAIN), image.digest().as_str(), "anonymously");
    let private = format!("docker://{}", registry.reference("private/app", "1"));
    let refused = skopeo.command(&["inspect", "--raw", "--tls-verify=false", &private]).output().unwrap();
    assert!(!refused.status.success());
    let options = ["--tls-verify=false", "--creds=ann:secret"];
    assert_eq!(skopeo.digest(&private, &options), image.digest().as_str());
    assert!(tokens.issued().iter().any(|it| it.account.is_none()));
}

#[test]
fn a_dropped_registry_is_gone() {
    let registry = DockerRegistry::open();
    let port = registry.port;
    let dir = registry.dir().to_owned();
    drop(registry);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(!dir.exists());
}

#[test]
fn skopeo_reads_a_layout() {
    let dir = tempfile::tempdir().unwrap();
    let image = two_platforms();
    image.write_layout(dir.path(), "127.0.0.1:5000/team/app:1").unwrap();
    let name = format!("oci:{}:127.0.0.1:5000/team/app:1", dir.path().display());
    assert_eq!(Skopeo::new().digest(&name, &[]), image.digest().as_str());
}
