//! How hosts are reached: TLS under a private authority, proxies in front and in between, mirrors.

use std::fs;

use peers::{Longshore, Running};
use serde_json::{Value, json};
use testkit::forward_proxy::ForwardProxy;
use testkit::image::Image;
use testkit::real::{DockerRegistry, Nginx, Skopeo};
use testkit::tls::Authority;

/// Runs with these variables beside.
fn run_with(longshore: &Longshore, variables: &[(&str, &str)], arguments: &[&str]) -> peers::Finished {
    let mut command = longshore.command(arguments);
    command.envs(variables.iter().copied());
    Running::start(&mut command).wait()
}

fn stored_digest(longshore: &Longshore, reference: &str) -> String {
    Skopeo::new().digest(&longshore.stored(reference), &[])
}

#[test]
fn a_private_authority_is_trusted_where_it_is_said_and_nowhere_else() {
    let authority = Authority::new();
    let tls = authority.loopback();
    let registry = DockerRegistry::builder().tls(&tls).start();
    let image = Image::tiny("over TLS");
    registry.put("team/app", "1", &image);
    let (host, reference) = (registry.host(), registry.reference("team/app", "1"));

    let longshore = Longshore::new();
    let refused = longshore.run(&["pull", "--json", &reference]).with_status(1);
    let error: Value = serde_json::from_str(refused.stderr.lines().last().unwrap()).unwrap();
    let error = &error["error"];
    assert_eq!(error["code"], "tls_failed");
    assert_eq!(error["remedies"][0]["action"], "trust_certificate", "{error}");
    assert_eq!(error["remedies"][0]["target"], host.as_str());
    assert!(
        error["docker"].as_str().unwrap().ends_with("x509: certificate signed by unknown authority"),
        "{error}"
    );
    assert!(longshore.blobs().is_empty());

    // As Docker has it, beside its config.json.
    let folder = longshore.dir().join("docker/certs.d").join(&host);
    fs::create_dir_all(&folder).unwrap();
    authority.write(&folder).unwrap();
    longshore.run(&["pull", &reference]).ok();
    assert_eq!(stored_digest(&longshore, &reference), image.digest().as_str());

    let by_option = Longshore::new();
    let file = authority.write(by_option.dir()).unwrap();
    by_option.run(&["pull", "--ca", &file.display().to_string(), &reference]).ok();

    let unchecked = Longshore::new();
    let pulled = unchecked.run(&["pull", "--skip-tls-verify", &host, &reference]).with_status(0);
    assert!(
        pulled.stderr.contains(&format!("the certificate of `{host}` is not checked")),
        "{}",
        pulled.stderr
    );
    let other = unchecked.run(&["pull", "--skip-tls-verify", "other.test", &reference]).with_status(1);
    assert!(other.stderr.contains("does not trust"), "{}", other.stderr);
}

#[test]
fn a_certificate_is_looked_at_and_trusted() {
    let registry = DockerRegistry::builder().tls(&Authority::self_signed(&["elsewhere.test"])).start();
    registry.put("team/app", "1", &Image::tiny("pinned"));
    let (host, reference) = (registry.host(), registry.reference("team/app", "1"));
    let longshore = Longshore::new();
    longshore.run(&["pull", &reference]).with_status(1);
    let shown = longshore.run(&["certificates", "--json", &host]).json();
    let certificate = &shown["certificates"][0];
    assert_eq!((&certificate["names"], &certificate["trusted"]), (&json!(["elsewhere.test"]), &json!(false)));
    let sha256 = certificate["sha256"].as_str().unwrap();
    let text = longshore.run(&["certificates", &host]).ok();
    assert!(text.contains(sha256) && text.contains("CN=Longshore test server"), "{text}");
    longshore.run(&["certificates", &host, "--trust", &"0".repeat(64)]).with_status(1);
    longshore.run(&["certificates", &host, "--trust", sha256]).ok();
    longshore.run(&["pull", &reference]).ok();
    longshore.run(&["certificates", &host, "--distrust", sha256]).ok();
    longshore.run(&["pull", &reference]).with_status(1);
}

#[test]
fn nginx_in_front_redirects_blobs() {
    let (registry, storage) = (DockerRegistry::open(), DockerRegistry::open());
    let image = Image::of_size(3, 300_000);
    for it in [&registry, &storage] {
        it.put("team/app", "1", &image);
    }
    let nginx = Nginx::before(&registry.host()).redirect_blobs(&format!("http://{}", storage.host())).start();
    let longshore = Longshore::new();
    let reference = nginx.reference("team/app", "1");
    longshore.run(&["pull", &reference]).ok();
    assert_eq!(stored_digest(&longshore, &reference), image.digest().as_str());
    assert!(nginx.log().contains(" 307"), "{}", nginx.log());
}

#[test]
fn a_mirror_is_named_by_an_option_or_by_the_settings() {
    let (registry, mirror) = (DockerRegistry::open(), DockerRegistry::open());
    let image = Image::tiny("mirrored");
    for it in [&registry, &mirror] {
        it.put("team/app", "1", &image);
    }
    let before = Nginx::before(&mirror.host()).start();
    let reference = registry.reference("team/app", "1");
    let named = format!("{}=http://{}", registry.host(), before.host());
    Longshore::new().run(&["pull", "--mirror", &named, &reference]).ok();
    let asked = before.log().lines().count();
    assert!(asked >= 3, "{}", before.log());

    let longshore = Longshore::new();
    let settings = longshore.dir().join("home/config/longshore");
    fs::create_dir_all(&settings).unwrap();
    let url = format!("http://{}", before.host());
    let file = json!({ "registries": { registry.host(): { "mirrors": [url] } } });
    fs::write(settings.join("registries.json"), file.to_string()).unwrap();
    longshore.run(&["pull", &reference]).ok();
    assert_eq!(before.log().lines().count(), 2 * asked, "{}", before.log());

    fs::write(settings.join("registries.json"), "{\n\"registries\": 7\n}").unwrap();
    let refused = longshore.run(&["pull", &reference]).with_status(1);
    assert!(
        refused.stderr.contains("registries.json") && refused.stderr.contains("line 2"),
        "{}",
        refused.stderr
    );
    longshore.run(&["images"]).ok();
}

#[test]
fn f126_a_proxy_of_the_environment_is_used_and_its_password_never_shown() {
    let registry = DockerRegistry::open();
    let image = Image::tiny("behind a proxy");
    registry.put("team/app", "1", &image);
    let proxy = ForwardProxy::with_account("ann", "hunter22");
    proxy.resolve("registry.test", registry.host().parse().unwrap());
    let pull = ["pull", "--json", "--plain-http", "registry.test", "registry.test/team/app:1"];
    let longshore = Longshore::new();
    run_with(&longshore, &[("HTTP_PROXY", &proxy.url())], &pull).ok();
    assert_eq!(stored_digest(&longshore, "registry.test/team/app:1"), image.digest().as_str());

    let option = Longshore::new();
    let url = proxy.url();
    let with_proxy = [&pull[..], &["--proxy", &url]].concat();
    run_with(&option, &[("HTTP_PROXY", "http://127.0.0.1:1")], &with_proxy).ok();
    let asked = proxy.asked().len();
    let direct = run_with(&option, &[("HTTP_PROXY", &proxy.url()), ("NO_PROXY", "registry.test")], &pull);
    assert!(direct.with_status(1).stderr.contains("does not resolve"));
    assert_eq!(proxy.asked().len(), asked);

    let dead = run_with(&option, &[("HTTP_PROXY", "http://ann:hunter22@127.0.0.1:1")], &pull).with_status(1);
    assert!(dead.stderr.contains("the proxy `http://127.0.0.1:1`"), "{}", dead.stderr);
    assert!(!dead.stderr.contains("hunter22"), "{}", dead.stderr);
}
