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

#[test]
fn a_registry_speaks_tls_and_wants_client_certificates() {
    let authority = Authority::new();
    let tls = authority.loopback();
    let registry = DockerRegistry::builder().tls(&tls).start();
    let image = Image::tiny("over TLS");
    registry.put("app", "1", &image);
    let name = format!("docker://{}", registry.reference("app", "1"));
    let dir = tempfile::tempdir().unwrap();
    authority.write(dir.path()).unwrap();
    let trusting = format!("--cert-dir={}", dir.path().display());
    assert_eq!(Skopeo::new().digest(&name, &[&trusting]), image.digest().as_str());
    assert!(!Skopeo::new().command(&["inspect", "--raw", &name]).output().unwrap().status.success());

    let closed = DockerRegistry::builder().tls(&tls).client_certificates(&authority).start();
    let name = format!("docker://{}", closed.reference("app", "1"));
    let reach = || {
        let output = Skopeo::new().command(&["inspect", "--raw", &trusting, &name]).output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let refused = reach();
    assert!(refused.contains("certificate"), "{refused}");
    authority.client().write_client(dir.path()).unwrap();
    let answered = reach();
    assert!(answered.contains("manifest unknown"), "{answered}");
}

#[test]
fn nginx_redirects_limits_and_refuses() {
    let registry = DockerRegistry::open();
    let image = Image::tiny("behind nginx");
    registry.put("app", "1", &image);
    let path = format!("/v2/app/blobs/{}", image.largest_blob().digest);
    let status = |nginx: &Nginx, request: &str| crate::server::tests::ask(&nginx.host(), request, &[]);

    let redirecting =
        Nginx::before(&registry.host()).redirect_blobs(&format!("http://{}", registry.host())).start();
    let answer = status(&redirecting, &format!("GET {path}"));
    assert_eq!(
        (answer.status(), answer.header("location")[0]),
        (307, &*format!("http://{}{path}", registry.host()))
    );
    assert_eq!(status(&redirecting, "GET /v2/app/tags/list").status(), 200);
    assert!(redirecting.log().contains(&format!("GET {path} 307")), "{}", redirecting.log());

    let limiting = Nginx::before(&registry.host()).limit(1, 429, 7).start();
    assert_eq!(status(&limiting, "GET /v2/").status(), 200);
    let answer = status(&limiting, "GET /v2/");
    assert_eq!((answer.status(), answer.header("retry-after")[0]), (429, "7"));

    let small = Nginx::before(&registry.host()).largest_body(10).start();
    let stream = std::net::TcpStream::connect(small.host()).unwrap();
    let answer = {
        use std::io::{Read as _, Write as _};
        let mut stream = stream;
        let head = "POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 11\r\n\r\n";
        stream.write_all(format!("{head}hello world").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("<html>"), "{answer}");

    let broken = Nginx::before(&registry.host()).send("/blobs/", "127.0.0.1:1").start();
    assert_eq!(status(&broken, &format!("GET {path}")).status(), 502);
}

#[test]
fn tinyproxy_passes_on_and_asks_for_its_account() {
    let registry = DockerRegistry::open();
    let line = format!("GET http://{}/v2/", registry.host());
    let open = Tinyproxy::start(None);
    assert_eq!(crate::server::tests::ask(&open.host(), &line, &[]).status(), 200);
    let closed = Tinyproxy::start(Some(("ann", "secret")));
    assert_eq!(crate::server::tests::ask(&closed.host(), &line, &[]).status(), 407);
    let account = ("Proxy-Authorization", "Basic YW5uOnNlY3JldA==");
    assert_eq!(crate::server::tests::ask(&closed.host(), &line, &[account]).status(), 200);
    assert!(open.log().contains("127.0.0.1"), "{}", open.log());
}
