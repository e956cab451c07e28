//! Failures as registries make them, and what is offered for them.

use std::net::IpAddr;

use engine::credential::Keyring;
use engine::exchange::ExchangeLog;
use engine::registry::{Http, HttpOptions, Registries};
use engine::remedy::{Remedy, RemedyAction, docker_says, remedies};
use engine::{Action, Code, Error};
use oci::reference::Reference;
use testkit::hub::Hub;
use testkit::image::Image;
use testkit::real::{DockerRegistry, Nginx};
use testkit::server::{Fault, On};

use crate::scene::{Scene, layered, quick};

/// A client of the fake Hub, whose addresses count as public.
fn at(hub: &Hub) -> Registries {
    let mut options: HttpOptions = quick();
    options.network.hosts.extend(hub.hosts());
    options.network.private = |_: IpAddr| false;
    options.extra_roots = vec![hub.authority_pem()];
    Registries::new(Http::new(options, ExchangeLog::default()), Keyring::anonymous())
}

async fn manifest(registries: &Registries, name: &str) -> engine::Result<()> {
    let reference: Reference = name.parse().unwrap();
    let client = registries.client(reference.registry());
    client.manifest(reference.repository(), &reference.manifest_selector(), None).await.map(drop)
}

fn actions(remedies: &[Remedy]) -> Vec<&'static str> {
    remedies.iter().map(|remedy| remedy.action.as_str()).collect()
}

#[tokio::test]
async fn docker_hub_does_not_say_whether_it_is_missing_or_private() {
    let hub = Hub::start();
    hub.put("library/nginx", "1.25", &Image::tiny("nginx"));
    let registries = at(&hub);
    manifest(&registries, "nginx:1.25").await.unwrap();
    let error = manifest(&registries, "ngnix:1.25").await.expect_err("there is no such repository");
    assert_eq!(error.code(), Code::AuthRequired);
    let subject = error.subject().expect("it is about a repository");
    assert_eq!(
        (subject.repository.as_ref().unwrap().familiar().as_str(), subject.action),
        ("ngnix", Action::Pull)
    );
    assert_eq!(actions(&remedies(&error, None)), ["edit_reference", "sign_in", "edit_reference"]);
    assert_eq!(
        docker_says(&error).as_deref(),
        Some(
            "Error response from daemon: pull access denied for ngnix, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
        )
    );
    let error = manifest(&registries, "nginx:1.26").await.expect_err("there is no such tag");
    assert_eq!(
        docker_says(&error).as_deref(),
        Some(
            "Error response from daemon: manifest for nginx:1.26 not found: manifest unknown: manifest unknown"
        )
    );
}

#[tokio::test]
async fn a_limit_says_how_long_to_wait() {
    let hub = Hub::builder().limit(0).start();
    hub.put("library/nginx", "latest", &Image::tiny("nginx"));
    let mut error = manifest(&at(&hub), "nginx").await.expect_err("nothing is left");
    assert_eq!(error.code(), Code::RateLimited);
    assert_eq!(actions(&remedies(&error, None)), ["sign_in", "wait"]);
    assert!(
        docker_says(&error)
            .unwrap()
            .starts_with("Error response from daemon: toomanyrequests: You have reached")
    );

    let scene = Scene::open(layered(1));
    scene.registry.fault(On::manifests(), Fault::status(429).header("Retry-After", "300"));
    // Nobody is kept waiting who is not told: what is merely looked at says at once how long it would be.
    let registries = Registries::new(Http::new(quick(), ExchangeLog::default()), Keyring::anonymous());
    error = manifest(&registries, &scene.reference().to_string()).await.expect_err("it asks for patience");
    assert_eq!(error.message(), format!("`{}` asks you to wait 5 min", scene.host));
    assert_eq!(scene.registry.log().len(), 1);
    let wait = &remedies(&error, Some("ann"))[0];
    assert_eq!(
        (&wait.action, &*wait.label),
        (&RemedyAction::Wait { seconds: 300 }, "Wait 5 min, then try again")
    );

    scene.registry.heal();
    scene.registry.fault(On::manifests(), Fault::status(429).header("Retry-After", "0"));
    error = scene.pull().await.result.err().unwrap();
    assert_eq!(remedies(&error, Some("ann"))[0].action, RemedyAction::Wait { seconds: 0 });
}

#[tokio::test]
async fn a_real_registry_says_what_is_missing() {
    let registry = DockerRegistry::open();
    registry.put("team/app", "1", &Image::tiny("x"));
    let registries = Registries::new(Http::new(quick(), ExchangeLog::default()), Keyring::anonymous());
    let host = registry.host();
    let error = manifest(&registries, &format!("{host}/team/app:2")).await.expect_err("no such tag");
    assert_eq!(
        docker_says(&error),
        Some(format!(
            "Error response from daemon: manifest for {host}/team/app:2 not found: manifest unknown: manifest unknown"
        ))
    );
    let reference: Reference = format!("{host}/no/such").parse().unwrap();
    let listed = registries.client(reference.registry()).tags(reference.repository(), None).await;
    let error: Error = listed.expect_err("no such repository");
    assert_eq!(error.subject().unwrap().action, Action::List);
    assert_eq!(actions(&remedies(&error, None)), ["edit_reference", "sign_in"]);
    assert_eq!(
        docker_says(&error),
        Some(format!(
            "Error response from daemon: repository {host}/no/such not found: name unknown: repository name not known to registry"
        ))
    );
}

#[tokio::test]
async fn a_proxy_in_front_that_is_broken_is_told_apart_from_the_registry() {
    let registry = DockerRegistry::open();
    let broken = Nginx::before("127.0.0.1:1").start();
    let page = Nginx::before(&registry.host())
        .location("^/v2/", "default_type text/html; return 200 '<html>hello</html>';")
        .start();
    let registries = Registries::new(Http::new(quick(), ExchangeLog::default()), Keyring::anonymous());
    let small = Nginx::before(&registry.host()).location("^/v2/", "return 413;").start();
    let rows = [
        ("413", small.reference("team/app", "1"), Code::RegistryRefused, vec!["none"]),
        ("502", broken.reference("team/app", "1"), Code::RegistryFailed, vec!["retry"]),
        ("a page", page.reference("team/app", "1"), Code::NotARegistry, vec!["retry", "edit_reference"]),
    ];
    for (name, reference, code, want) in rows {
        let error = manifest(&registries, &reference).await.expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error:?}");
        assert_eq!(actions(&remedies(&error, None)), want, "{name}");
    }
}
