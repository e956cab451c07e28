//! Whom a connection trusts: authorities of one host, single certificates, anybody; and what it shows of itself.

use std::fs;
use std::path::Path;

use engine::Code;
use engine::credential::Keyring;
use engine::exchange::ExchangeLog;
use engine::registry::host::HostSettings;
use engine::registry::{Http, Registries};
use testkit::auth::Guard;
use testkit::image::Image;
use testkit::real::DockerRegistry;
use testkit::registry::Registry;
use testkit::tls::{Authority, ServerTls};

use crate::scene::Scene;

fn over(tls: &ServerTls, name: &str) -> Scene {
    Scene::new(Registry::start_tls(tls, Guard::Open), Image::of_size(1, 50_000)).named(name)
}

/// Puts a PEM file into the folder of a host.
fn put(root: &Path, host: &str, name: &str, pem: &str) {
    fs::create_dir_all(root.join(host)).unwrap();
    fs::write(root.join(host).join(name), pem).unwrap();
}

fn registries(scene: &Scene) -> Registries {
    Registries::new(Http::new(scene.options.clone(), ExchangeLog::default()), Keyring::anonymous())
}

#[tokio::test]
async fn an_authority_in_a_hosts_folder_is_good_for_that_host_alone() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let tls = authority.for_names(&["registry.test", "other.test"]);
    let mut scene = over(&tls, "registry.test");
    scene.options.certificates.docker = vec![dir.path().join("missing"), dir.path().to_owned()];
    let untrusted = scene.pull().await;
    untrusted.refused(&scene, Code::TlsFailed, &scene.host);
    put(dir.path(), &scene.host, "ca.crt", authority.pem());
    put(dir.path(), &scene.host, "README.txt", "not looked at");
    scene.pull().await.whole(&scene);
    // The same registry under another name has another folder.
    let other = scene.named("other.test");
    other.pull().await.failed(Code::TlsFailed, &other.host);
}

#[tokio::test]
async fn a_server_certificate_in_dockers_folder_is_good_for_its_names_and_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let own = Authority::self_signed(&["registry.test"]);
    let rows = [("its name", "registry.test", true), ("another name", "other.test", false)];
    for (name, host, good) in rows {
        let mut scene = over(&own, host);
        scene.options.certificates.docker = vec![dir.path().to_owned()];
        put(dir.path(), &scene.host, "server.crt", own.pem());
        let pulled = scene.pull().await;
        if good {
            pulled.whole(&scene);
        } else {
            let error = pulled.refused(&scene, Code::TlsFailed, &scene.host);
            assert!(error.message().contains("another name"), "{name}: {error:?}");
        }
    }
    let authority = Authority::new();
    let expired = authority.expired();
    let mut scene = over(&expired, "localhost");
    scene.options.certificates.docker = vec![dir.path().to_owned()];
    put(dir.path(), &scene.host, "server.crt", expired.pem());
    let pulled = scene.pull().await;
    assert!(pulled.refused(&scene, Code::TlsFailed, &scene.host).message().contains("expired"));
}

#[tokio::test]
async fn files_that_are_no_certificates_are_told_and_left_out() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let mut scene = over(&authority.for_names(&["registry.test"]), "registry.test");
    scene.options.certificates.docker = vec![dir.path().to_owned()];
    put(dir.path(), &scene.host, "a.crt", "nothing");
    put(dir.path(), &scene.host, "b.cert", authority.client().pem());
    put(dir.path(), &scene.host, "ca.crt", authority.pem());
    scene.pull().await.whole(&scene);
    let warnings = scene.client().warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("a.crt") && warnings[0].contains("no certificate"), "{warnings:?}");
    assert!(warnings[1].contains("b.cert") && warnings[1].contains("b.key"), "{warnings:?}");
}

#[tokio::test]
async fn containerds_folder_is_read() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let tls = authority.for_names(&["registry.test"]);
    let rows = [
        ("an authority beside it", "ca = \"ca.pem\"\n", true),
        ("a list of them", "ca = [\"ca.pem\"]\n", true),
        (
            "the server's own table",
            "server = \"https://HOST\"\n[host.\"https://HOST\"]\nca = \"ca.pem\"\n",
            true,
        ),
        ("nobody's certificate is checked", "skip_verify = true\n", true),
        ("it says nothing of that", "server = \"https://HOST\"\n", false),
        ("it does not parse", "ca = [\n", false),
    ];
    for (name, text, good) in rows {
        let mut scene = over(&tls, "registry.test");
        scene.options.certificates.containerd = vec![dir.path().to_owned()];
        let folder = format!("{}_", scene.host.replace(':', "_"));
        put(dir.path(), &folder, "ca.pem", authority.pem());
        put(dir.path(), &folder, "hosts.toml", &text.replace("HOST", &scene.host));
        let pulled = scene.pull().await;
        if good {
            assert!(pulled.result.is_ok(), "{name}: {:?}", pulled.result);
        } else {
            pulled.refused(&scene, Code::TlsFailed, &scene.host);
        }
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_its_host() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let tls = authority.loopback();
    let registry = DockerRegistry::builder().tls(&tls).client_certificates(&authority).start();
    put(dir.path(), &registry.host(), "ca.crt", authority.pem());
    let mut scene = Scene::of_size(1000).at(&registry.host());
    scene.options.certificates.docker = vec![dir.path().to_owned()];
    let error = scene.client().ping(None).await.expect_err("no certificate was shown");
    assert!(!error.message().contains("has expired"), "{error:?}");
    authority.client().write_client(&dir.path().join(registry.host())).unwrap();
    scene.client().ping(None).await.unwrap();
}

#[tokio::test]
async fn verification_is_skipped_for_the_marked_host_and_said_in_the_record() {
    let tls = Authority::new().expired();
    let mut scene = over(&tls, "registry.test");
    let settings = HostSettings { skip_tls_verification: true, ..HostSettings::default() };
    scene.options.hosts.insert(scene.host.to_uppercase(), settings);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert!(pulled.exchanges.iter().all(|it| it.unverified), "{:?}", pulled.exchanges);
    assert!(pulled.exchanges.iter().all(|it| it.summary.contains("certificate not checked")));
    let warnings = scene.client().warnings();
    assert!(warnings[0].contains(&scene.host) && warnings[0].contains("is not checked"), "{warnings:?}");
    let other = scene.named("other.test");
    let pulled = other.pull().await;
    pulled.failed(Code::TlsFailed, &other.host);
    assert!(pulled.exchanges.iter().all(|it| !it.unverified));
}

#[tokio::test]
async fn a_host_shows_its_certificates_and_one_of_them_is_trusted_for_it() {
    let dir = tempfile::tempdir().unwrap();
    // For another name, signed by itself, and still good for the host that a person trusts it for.
    let own = Authority::self_signed(&["elsewhere.test"]);
    let mut scene = over(&own, "registry.test");
    scene.options.certificates.own = Some(dir.path().to_owned());
    scene.pull().await.refused(&scene, Code::TlsFailed, &scene.host);

    let (registries, reference) = (registries(&scene), scene.reference());
    let shown = registries.read_certificates(reference.registry()).await.unwrap();
    let [certificate] = &shown[..] else { panic!("{shown:?}") };
    assert!(certificate.subject.contains("CN=Longshore test server, signed by itself"), "{certificate:?}");
    assert_eq!(certificate.subject, certificate.issuer);
    assert_eq!(certificate.names, ["elsewhere.test"]);
    assert_eq!(
        (&*certificate.not_before, &*certificate.not_after),
        ("2000-01-01T00:00:00Z", "2200-01-01T00:00:00Z")
    );
    assert_eq!(certificate.pem().trim(), own.pem().replace("\r\n", "\n").trim());
    assert!(certificate.is_ca);
    assert!(scene.registry.log().is_empty(), "nothing was sent");

    let unknown = "0".repeat(64);
    let error = registries.trust_certificate(reference.registry(), &unknown).await.expect_err("not shown");
    assert!(error.message().contains(&unknown), "{error:?}");
    // A client that was refused before trusts it without a restart.
    let client = registries.client(reference.registry());
    client.ping(None).await.expect_err("not trusted yet");
    registries.trust_certificate(reference.registry(), &certificate.sha256.to_uppercase()).await.unwrap();
    client.ping(None).await.unwrap();
    scene.pull().await.whole(&scene);
    assert_eq!(registries.trusted_certificates(reference.registry()).unwrap(), shown);

    // The pin is of that host alone, and of that certificate alone.
    let asked = scene.registry.log().len();
    let other = scene.named("other.test");
    other.pull().await.failed(Code::TlsFailed, &other.host);
    assert_eq!(other.registry.log().len(), asked);
    let scene = other.named("registry.test");
    let folder = dir.path().join(&scene.host);
    let mut replaced = over(&Authority::self_signed(&["elsewhere.test"]), "registry.test");
    fs::create_dir_all(dir.path().join(&replaced.host)).unwrap();
    fs::copy(
        folder.join(format!("{}.crt", certificate.sha256)),
        dir.path().join(&replaced.host).join("old.crt"),
    )
    .unwrap();
    replaced.options.certificates.own = Some(dir.path().to_owned());
    replaced.pull().await.refused(&replaced, Code::TlsFailed, &replaced.host);

    assert!(registries.distrust_certificate(reference.registry(), &certificate.sha256).unwrap());
    assert!(!registries.distrust_certificate(reference.registry(), &certificate.sha256).unwrap());
    client.ping(None).await.expect_err("no longer trusted");
}

#[tokio::test]
async fn looking_for_certificates_says_what_is_there_instead() {
    let plain = Scene::of_size(1000).named("registry.test");
    let error =
        registries(&plain).read_certificates(plain.reference().registry()).await.expect_err("plain HTTP");
    assert!(matches!(error.code(), Code::PlainHttpRefused | Code::Unreachable), "{error:?}");
    assert!(error.hint().unwrap().contains("--plain-http"), "{error:?}");
}
