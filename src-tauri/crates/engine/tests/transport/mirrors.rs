//! Mirrors: read first, never with the registry's account, and never in the way.

use std::time::Duration;

use engine::credential::{Credential, Keyring, Secret};
use engine::endpoint::{ImageSource as _, Target};
use engine::exchange::ExchangeLog;
use engine::job::{Job, TransferEvent};
use engine::registry::host::{HostSettings, Mirror};
use engine::registry::{Http, Registries, RegistrySource};
use testkit::auth::Guard;
use testkit::image::Image;
use testkit::registry::Registry;
use testkit::server::{Fault, On};
use testkit::tls::Authority;

use crate::scene::{MIB, Pulled, REPOSITORY, Scene};

fn mirrored(mut scene: Scene, mirrors: &[&str]) -> Scene {
    let mirrors = mirrors.iter().map(|it| (*it).to_owned()).collect();
    let settings = HostSettings { mirrors, ..HostSettings::default() };
    scene.options.hosts.insert(scene.host.clone(), settings);
    scene
}

fn mirror_of(scene: &Scene) -> Registry {
    let mirror = Registry::start();
    mirror.put(REPOSITORY, "latest", &scene.image);
    mirror
}

/// The one thing that it warned of.
fn warning(pulled: &Pulled) -> &str {
    let warned = pulled.events.iter().filter_map(|event| match event {
        TransferEvent::Warned { message } => Some(message.as_str()),
        _ => None,
    });
    let warnings: Vec<&str> = warned.collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    warnings[0]
}

#[tokio::test]
async fn everything_is_read_from_the_mirror_that_has_it() {
    let scene = Scene::of_size(50_000);
    let (empty, mirror) = (Registry::start(), mirror_of(&scene));
    let scene = mirrored(scene, &[&empty.url(""), &mirror.url("/")]);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert_eq!(scene.registry.log().len(), 0, "{}", scene.registry.transcript());
    // The record says who answered, and that it is a mirror.
    let answered: Vec<_> = pulled.exchanges.iter().filter(|it| it.status == Some(200)).collect();
    assert_eq!(answered.len(), 3);
    for exchange in answered {
        assert_eq!(exchange.host, mirror.host());
        assert!(
            exchange.purpose.explanation.contains(&format!("mirror of `{}`", scene.host)),
            "{exchange:?}"
        );
    }
}

#[tokio::test]
async fn whatever_a_mirror_lacks_or_gives_wrongly_comes_from_the_registry() {
    let wrong = |scene: &Scene| vec![0; scene.layer().bytes.len()];
    let scene = Scene::of_size(2 * MIB);
    let layer = scene.on_layer();
    let rows = [
        ("it has no manifest", On::manifests(), Fault::status(404), 0),
        ("it wants an account", On::any("*"), Fault::status(401), 0),
        ("it is in trouble", On::any("*"), Fault::status(503), 0),
        ("it answers with a page", On::any("*"), Fault::captive_portal(), 0),
        ("it lacks the layer", layer.clone(), Fault::status(404), 1),
        ("its layer is another", layer.clone(), Fault::new().body(wrong(&scene)), 1),
        ("its layer breaks off each time", layer.clone(), Fault::new().reset_after(300_000), 1),
        ("its layer has another size", layer, Fault::new().body("short"), 1),
    ];
    for (name, on, fault, most) in rows {
        let scene = Scene::of_size(2 * MIB);
        let mirror = mirror_of(&scene);
        mirror.fault(on, fault);
        let scene = mirrored(scene, &[&mirror.url("")]);
        let pulled = scene.pull().await;
        assert!(pulled.result.is_ok(), "{name}: {:?}\n{}", pulled.result, mirror.transcript());
        pulled.whole(&scene);
        assert!(!mirror.log().is_empty(), "{name}: it was asked");
        if most > 0 {
            assert_eq!(scene.registry.count(&On::manifests()), 0, "{name}: the rest came from the mirror");
            assert!(scene.layer_requests() >= most, "{name}");
        }
    }
}

#[tokio::test]
async fn a_dead_mirror_is_left_alone() {
    let closed = {
        let listener = std::net::TcpListener::bind(("127.7.7.9", 0)).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let scene = mirrored(Scene::of_size(50_000), &[&closed]);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    let tries = pulled.exchanges.iter().filter(|it| closed.ends_with(&it.host)).count();
    assert_eq!(tries, 1, "it rests after the first failure");
    let told = format!("a mirror of `{}` is left out: nothing listens at `{}`", scene.host, &closed[7..]);
    assert_eq!(warning(&pulled), told);
    assert!(pulled.took < Duration::from_secs(3), "{:?}", pulled.took);
}

#[tokio::test]
async fn a_mirror_that_speaks_no_tls_is_told_how_to_be_named() {
    let scene = Scene::of_size(50_000);
    let mirror = mirror_of(&scene);
    let scene = mirrored(scene, &[&mirror.host()]);
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert!(!scene.registry.log().is_empty(), "the registry gave it");
    let warning = warning(&pulled);
    assert!(warning.ends_with(&format!("name it as `http://{}`", mirror.host())), "{warning}");
}

#[tokio::test]
async fn the_registrys_account_stays_with_the_registry() {
    let image = Image::of_size(1, 50_000);
    let scene = Scene::new(Registry::guarded(Guard::basic("ann", "hunter22")), image);
    let mirror = Registry::guarded(Guard::basic("ann", "hunter22"));
    mirror.put(REPOSITORY, "latest", &scene.image);
    let scene = mirrored(scene, &[&mirror.url("")]);
    let keyring = Keyring::anonymous();
    let account = Credential::Basic { username: "ann".to_owned(), password: Secret::new("hunter22") };
    keyring.remember(scene.reference().registry(), account.clone());
    let pull = async |keyring: &Keyring| {
        let registries =
            Registries::new(Http::new(scene.options.clone(), ExchangeLog::default()), keyring.clone());
        let reference = scene.reference();
        let source =
            RegistrySource::new(registries.client(reference.registry()), reference.repository().clone());
        source.resolve(&Target::Named(reference), &Job::silent()).await.unwrap()
    };
    pull(&keyring).await;
    assert_eq!(mirror.log().len(), 1, "{}", mirror.transcript());
    assert!(mirror.log().iter().all(|it| it.request.header("authorization").is_none()));
    let asked = scene.registry.log().len();
    assert!(asked > 0, "the registry gave it");
    // An account that is stored for the mirror itself is the mirror's.
    keyring.remember(&mirror.host().parse().unwrap(), account);
    pull(&keyring).await;
    assert_eq!(scene.registry.log().len(), asked, "{}", scene.registry.transcript());
}

#[tokio::test]
async fn containerds_file_names_mirrors_and_whom_they_trust() {
    let (authority, dir) = (Authority::new(), tempfile::tempdir().unwrap());
    let mut scene = Scene::of_size(50_000);
    let mirror = Registry::start_tls(&authority.loopback(), Guard::Open);
    mirror.put(&format!("cache/{REPOSITORY}"), "latest", &scene.image);
    let folder = dir.path().join(&scene.host);
    std::fs::create_dir_all(&folder).unwrap();
    authority.write(&folder).unwrap();
    let text = format!(
        "[host.\"https://push.test\"]\ncapabilities = [\"push\"]\n[host.\"{}/v2/cache\"]\ncapabilities = [\"pull\", \"resolve\"]\noverride_path = true\nca = \"ca.crt\"\n",
        mirror.url("")
    );
    std::fs::write(folder.join("hosts.toml"), text).unwrap();
    scene.options.certificates.containerd = vec![dir.path().to_owned()];
    let pulled = scene.pull().await;
    pulled.whole(&scene);
    assert_eq!(scene.registry.log().len(), 0, "{:?}", pulled.exchanges);
}

#[test]
fn a_mirrors_address_is_a_url_without_an_account() {
    let rows = [
        ("mirror.test", Some("https://mirror.test/v2")),
        ("http://10.0.0.2:5000/", Some("http://10.0.0.2:5000/v2")),
        ("https://mirror.test/hub", Some("https://mirror.test/hub/v2")),
        ("https://mirror.test/v2/", Some("https://mirror.test/v2")),
        ("https://ann:hunter22@mirror.test", None),
        ("ftp://mirror.test", None),
        ("https://mirror.test?x", None),
        ("", None),
    ];
    for (text, want) in rows {
        match Mirror::parse(text) {
            Ok(mirror) => assert_eq!(Some(mirror.base.as_str()), want, "{text}"),
            Err(error) => {
                assert_eq!(None, want, "{text}: {error:?}");
                assert!(!format!("{error:?}").contains("hunter22"), "{error:?}");
            }
        }
    }
}
