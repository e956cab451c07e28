//! How registries are reached, from what the page says to what is kept.

use super::super::network;
use super::*;
use crate::wire::all::{HostSettings, ProxyMode, ProxySettings};

fn kept(desk: &Desk) -> serde_json::Value {
    let text = fs::read(desk.path("config/registries.json")).expect("kept");
    serde_json::from_slice(&text).expect("JSON")
}

fn host(name: &str) -> HostSettings {
    HostSettings { host: name.to_owned(), ..HostSettings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_kept_used_at_once_and_forgotten() {
    let desk = Desk::new();
    let nas = oci::Registry::parse("nas.example:5000").expect("a host");
    assert!(!desk.app.registries().http().is_plain(&nas));
    let plain =
        HostSettings { plain_http: true, mirrors: vec!["mirror.example".into()], ..host("NAS.example:5000") };
    let network = network::write_host(&desk.app, plain).await.expect("kept");
    assert_eq!(network.hosts.len(), 1, "{network:?}");
    assert!(network.hosts[0].plain_http && network.hosts[0].mirrors == ["mirror.example"], "{network:?}");
    assert!(desk.app.registries().http().is_plain(&nas), "from the next request on");
    assert_eq!(kept(&desk)["registries"]["nas.example:5000"]["plainHttp"], true);

    // What the command line puts there meanwhile stays, and is used once it is seen.
    fs::write(
        desk.path("config/registries.json"),
        r#"{"registries":{"nas.example:5000":{"plainHttp":true},"b.example":{"plainHttp":true,"later":1}}}"#,
    )
    .expect("written");
    let network = network::write_host(&desk.app, host("nas.example:5000")).await.expect("kept");
    assert_eq!(network.hosts.iter().map(|host| host.host.as_str()).collect::<Vec<_>>(), ["b.example"]);
    assert_eq!(kept(&desk)["registries"]["b.example"]["later"], 1);
    assert!(desk.app.registries().http().is_plain(&oci::Registry::parse("b.example").expect("a host")));
    assert!(!desk.app.registries().http().is_plain(&nas));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let desk = Desk::new();
    let rows = [
        ("a URL for a host", host("http://nas.example")),
        (
            "a mirror with an account",
            HostSettings { mirrors: vec!["https://u:p@m.example".into()], ..host("a.example") },
        ),
        ("a list without end", HostSettings { mirrors: vec!["m.example".into(); 501], ..host("a.example") }),
    ];
    for (name, settings) in rows {
        let error = network::write_host(&desk.app, settings).await.expect_err(name);
        assert_eq!(error.code(), Code::ConfigInvalid, "{name}");
        assert!(!desk.path("config/registries.json").exists(), "{name}");
    }
    fs::create_dir_all(desk.path("config")).expect("a folder");
    fs::write(desk.path("config/registries.json"), "{\n,}").expect("written");
    let error = network::read_network(&desk.app).await.expect_err("it does not parse");
    assert!(error.message().contains("line 2"), "{error:?}");
    network::write_host(&desk.app, HostSettings { plain_http: true, ..host("a.example") })
        .await
        .expect_err("refused");
    assert_eq!(fs::read_to_string(desk.path("config/registries.json")).expect("there"), "{\n,}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_the_windows_own_settings_move_when_they_are_changed() {
    let desk = Desk::new();
    let settings = Settings { plain_http: vec!["nas.example:5000".into()], ..Settings::default() };
    desk.app.change_settings(settings).expect("kept");
    let network = network::read_network(&desk.app).await.expect("settings");
    assert!(network.hosts[0].plain_http, "{network:?}");
    let network = network::write_host(&desk.app, host("nas.example:5000")).await.expect("kept");
    assert!(network.hosts.is_empty(), "{network:?}");
    assert!(desk.app.settings().plain_http.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_of_a_proxy_is_kept_and_not_shown() {
    let desk = Desk::new();
    let custom = |url: &str| ProxySettings {
        mode: ProxyMode::Custom,
        url: Some(url.to_owned()),
        no_proxy: vec!["corp.example".into()],
    };
    let network = network::write_proxy(&desk.app, custom("http://ann:hunter22@proxy.example:3128"))
        .await
        .expect("kept");
    let shown = network.proxy.url.clone().expect("an address");
    assert!(!format!("{network:?}").contains("hunter22"), "{network:?}");
    let off = ProxySettings { mode: ProxyMode::None, ..custom(&shown) };
    let network = network::write_proxy(&desk.app, off).await.expect("kept");
    assert_eq!(
        (network.proxy.mode, network.proxy.no_proxy),
        (ProxyMode::None, vec!["corp.example".to_owned()])
    );
    assert_eq!(
        kept(&desk)["proxy"]["url"],
        "http://ann:hunter22@proxy.example:3128",
        "what was shown stands for it"
    );
    let error = network::write_proxy(&desk.app, custom("nothing at all")).await.expect_err("no address");
    assert_eq!(error.code(), Code::ConfigInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn token_servers_come_and_go() {
    let desk = Desk::new();
    network::trust_realm(&desk.app, "auth.example".into(), true).await.expect("kept");
    let network = network::trust_realm(&desk.app, "auth.example".into(), true).await.expect("kept");
    assert_eq!(network.trusted_realms, ["auth.example"], "once is enough");
    let network = network::trust_realm(&desk.app, "auth.example".into(), false).await.expect("kept");
    assert!(network.trusted_realms.is_empty());
    network::trust_realm(&desk.app, "https://auth.example/token".into(), true).await.expect_err("no host");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_looked_at_trusted_for_its_host_and_no_longer() {
    let tls = testkit::tls::Authority::new().loopback();
    let registry = Registry::start_tls(&tls, testkit::auth::Guard::Open);
    let desk = Desk::new();
    let chain = network::read_certificates(&desk.app, registry.host()).await.expect("certificates");
    let own = &chain.certificates[0];
    assert!(!own.is_ca && own.sha256.len() == 64 && own.not_before < own.not_after, "{own:?}");
    assert!(
        network::read_network(&desk.app).await.expect("settings").hosts.is_empty(),
        "looking trusts nothing"
    );

    network::trust_certificate(&desk.app, registry.host(), own.sha256.clone()).await.expect("trusted");
    let network = network::read_network(&desk.app).await.expect("settings");
    assert_eq!(network.hosts, [HostSettings { trusted: vec![own.sha256.clone()], ..host(&registry.host()) }]);
    network::trust_certificate(&desk.app, registry.host(), "0".repeat(64))
        .await
        .expect_err("it shows another");

    let network = network::write_host(&desk.app, host(&registry.host())).await.expect("kept");
    assert!(network.hosts.is_empty(), "{network:?}");
}
