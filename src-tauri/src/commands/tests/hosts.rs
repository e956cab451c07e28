//! What is kept for hosts.

use testkit::auth::Guard;
use testkit::tls::Authority;

use super::*;
use crate::wire::ProxyMode;

fn host(name: &str) -> HostSettings {
    HostSettings { host: name.to_owned(), ..HostSettings::default() }
}

fn is_plain(desk: &Desk, host: &str) -> bool {
    desk.app.registries().http().is_plain(&oci::Registry::parse(host).expect("a registry"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_host_holds_at_once_and_is_shared_with_the_command_line() {
    let desk = Desk::new();
    let plain = HostSettings {
        plain_http: true,
        mirrors: vec!["https://mirror.example".into()],
        ..host("nas.example:5000")
    };
    let told = network::write_host(&desk.app, plain.clone()).await.expect("kept");
    assert_eq!(told.hosts, std::slice::from_ref(&plain));
    assert!(is_plain(&desk, "nas.example:5000"));
    let entries = registry::list_registries(&desk.app).await.expect("entries");
    assert!(entries.iter().any(|entry| entry.host == "nas.example:5000" && entry.state == SignIn::Plain));

    // Somebody else changes another thing: both stay.
    let file = desk.path("config/registries.json");
    let text = fs::read_to_string(&file).expect("a file");
    let theirs = text.replace(
        r#""registries": {"#,
        r#""newer": 7, "registries": { "other.example": { "plainHttp": true },"#,
    );
    assert_ne!(text, theirs);
    fs::write(&file, theirs).expect("written");
    let told = network::trust_realm(&desk.app, "auth.example".into(), true).await.expect("kept");
    assert_eq!((told.hosts.len(), &told.trusted_realms[..]), (2, &["auth.example".to_owned()][..]));
    assert!(is_plain(&desk, "other.example"), "it holds here too");
    assert!(fs::read_to_string(&file).expect("a file").contains("\"newer\""), "what is not known stays");

    // An entry that says nothing is forgotten, in whatever spelling.
    let told = network::write_host(&desk.app, host("NAS.example:5000")).await.expect("kept");
    assert_eq!(told.hosts.iter().map(|host| &*host.host).collect::<Vec<_>>(), ["other.example"]);
    assert!(!is_plain(&desk, "nas.example:5000"));
    let told = network::trust_realm(&desk.app, "auth.example".into(), false).await.expect("kept");
    assert!(told.trusted_realms.is_empty());

    for refused in [
        host("https://x"),
        host(""),
        HostSettings { mirrors: vec!["ftp://mirror.example".into()], ..host("a.example") },
        HostSettings { mirrors: vec!["https://user:pw@mirror.example".into()], ..host("a.example") },
    ] {
        let error = network::write_host(&desk.app, refused.clone()).await.expect_err("refused");
        assert_eq!(error.code(), Code::ConfigInvalid, "{refused:?}");
        assert!(!format!("{error:?}").contains("pw@"), "{error:?}");
    }
    assert_eq!(network::read_network(&desk.app).await.expect("settings").hosts.len(), 1, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn f041_a_proxys_password_never_comes_back() {
    let desk = Desk::new();
    let proxy = |url: Option<&str>| ProxySettings {
        mode: ProxyMode::Custom,
        url: url.map(str::to_owned),
        no_proxy: vec!["corp.example".into()],
    };
    let typed = proxy(Some("http://ann:canary-of-the-proxy@proxy.example:3128"));
    assert!(!format!("{typed:?}").contains("canary"), "{typed:?}");
    let told = network::write_proxy(&desk.app, typed).await.expect("kept");
    let shown = told.proxy.url.clone().expect("an address");
    assert!(shown.contains("proxy.example:3128") && !shown.contains("canary"), "{shown}");
    // What was shown stands for what is kept.
    let again = ProxySettings { no_proxy: Vec::new(), ..told.proxy };
    let told = network::write_proxy(&desk.app, again).await.expect("kept");
    assert!(told.proxy.no_proxy.is_empty());
    let file = fs::read_to_string(desk.path("config/registries.json")).expect("a file");
    assert!(file.contains("canary-of-the-proxy"), "it is not lost");
    let error = network::write_proxy(&desk.app, proxy(Some("nonsense://x"))).await.expect_err("refused");
    assert_eq!(error.code(), Code::ConfigInvalid);
    let none = ProxySettings { mode: ProxyMode::None, ..ProxySettings::default() };
    assert_eq!(network::write_proxy(&desk.app, none.clone()).await.expect("kept").proxy, none);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_looked_at_trusted_and_trusted_no_longer() {
    let desk = Desk::new();
    let authority = Authority::new();
    let registry = Registry::start_tls(&authority.loopback(), Guard::Open);
    registry.put("team/app", "1.0", &TestImage::tiny("x"));
    let input = registry.reference("team/app", "1.0");
    let error = desk.inspect(&input, LookIn::Registry).await.expect_err("nobody knows that authority");
    assert_eq!(error.code(), Code::TlsFailed);

    let chain = network::read_certificates(&desk.app, registry.host()).await.expect("a chain");
    assert_eq!(chain.host, registry.host());
    let own = &chain.certificates[0];
    assert!(own.names.contains(&"127.0.0.1".to_owned()) && own.sha256.len() == 64, "{own:?}");
    assert!(desk.inspect(&input, LookIn::Registry).await.is_err(), "looking trusts nothing");
    let other = network::trust_certificate(&desk.app, registry.host(), "00".repeat(32)).await;
    assert_eq!(other.expect_err("it shows another").code(), Code::TlsFailed);

    network::trust_certificate(&desk.app, registry.host(), own.sha256.clone()).await.expect("trusted");
    desk.inspect(&input, LookIn::Registry).await.expect("it is trusted from now on");
    let told = network::read_network(&desk.app).await.expect("settings");
    let kept = told.hosts.iter().find(|kept| kept.host == registry.host());
    assert_eq!(kept.map(|kept| &kept.trusted[..]), Some(&[own.sha256.clone()][..]));
    network::write_host(&desk.app, host(&registry.host())).await.expect("kept");
    assert!(desk.inspect(&input, LookIn::Registry).await.is_err(), "it is trusted no longer");
}

#[tokio::test(flavor = "multi_thread")]
async fn f048_settings_that_do_not_parse_are_told_and_never_overwritten() {
    let desk = Desk::new();
    fs::create_dir(desk.path("config")).expect("a folder");
    fs::write(desk.path("config/registries.json"), "{ \"registries\": [ }").expect("written");
    for told in [
        network::read_network(&desk.app).await,
        network::trust_realm(&desk.app, "a.example".into(), true).await,
    ] {
        let error = told.expect_err("it does not parse");
        assert_eq!(error.code(), Code::ConfigInvalid);
        assert!(error.message().contains("line 1"), "{error:?}");
    }
    assert_eq!(
        fs::read_to_string(desk.path("config/registries.json")).expect("a file"),
        "{ \"registries\": [ }"
    );
    let host = desk.host().await;
    desk.inspect(&format!("{host}/web:2.0"), LookIn::Registry).await.expect("the rest works");
}

#[test]
fn plain_http_hosts_of_an_older_window_move_to_the_common_file() {
    let desk = Desk::new();
    let frame = Kept::default();
    let old = serde_json::json!({ "plainHttp": ["nas.example:5000"], "wireOpen": true });
    *frame.0.lock().expect("not poisoned") = Some(old);
    let mut settings = crate::settings::load(&frame);
    crate::network::adopt_plain_http(desk.app.places(), &frame, &mut settings);
    assert!(settings.plain_http.is_empty() && settings.wire_open);
    let kept = crate::network::load(desk.app.places()).expect("settings");
    assert!(kept.registries["nas.example:5000"].plain_http);
    let saved = frame.0.lock().expect("not poisoned").clone().expect("saved");
    assert_eq!(saved["plainHttp"], serde_json::json!([]));
}
