//! What a registry is told and asked: deletions and what they take along, pushes that need an account, where an account
//! comes from, certificates, mirrors, proxies and limits.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use testkit::auth::{Signer, TokenServer};
use testkit::forward_proxy::ForwardProxy;
use testkit::front::Front;
use testkit::helper::{Behaviour, Helpers};
use testkit::hub::Hub;
use testkit::image::Object;
use testkit::real::{DockerRegistry, Nginx, SecretService, Tinyproxy};
use testkit::registry::Registry;
use testkit::server::On;
use testkit::tls::Authority;

use crate::prelude::*;
use crate::steps::{
    fill_sign_in, image, kept, no_dialog, open, open_tags, plan_for, press_by_keys, pull_and_open, tab_to,
    tags,
};

const PASSWORD: &str = "canary-of-the-hosts";

/// Opens an image of the practice registry, and its planner for this destination.
async fn plan(window: &Window, destination: &str) {
    pull_and_open(window, "hello:1.0").await;
    window.press("Push…").await;
    plan_for(window, destination).await;
}

#[tokio::test]
async fn a_push_that_wants_an_account_is_planned_again_after_signing_in() {
    let registry = DockerRegistry::builder().htpasswd("ann", PASSWORD).start();
    let destination = registry.reference("team/hello", "1");
    let window = Window::open().await;
    plan(&window, &destination).await;
    window.says("No account").await;
    window.says("May not push").await;
    let held = "return document.querySelector('dialog[open] .btn--go').disabled";
    window.until("nothing can be pushed", held).await;
    window.looks_good("push-without-account").await;

    window.press("Sign in…").await;
    fill_sign_in(&window, "ann", PASSWORD, "file").await;
    window.says("Encoded, not encrypted.").await;
    window.press("Sign in").await;
    window.says("May push").await;
    window.says("ann").await;
    window.show("push-with-account").await;
    let config =
        fs::read_to_string(window.home().path().join("home/.docker/config.json")).expect("it is kept");
    assert!(config.contains(&registry.host()), "{config}");
    assert!(!config.contains(PASSWORD), "{config}");

    window.chord(&[CONTROL, ENTER]).await;
    window.says("Pushed hello:1 in").await;
    assert_eq!(tags(&registry, "team/hello"), ["1"]);
}

#[tokio::test]
async fn an_account_that_may_only_read_is_told_so_before_anything_moves() {
    let front = Front::start();
    let signer = Signer::new("longshore tests");
    let tokens = TokenServer::builder()
        .account("reader", PASSWORD)
        .account("writer", PASSWORD)
        .realm(&front.url("/token"))
        .grant(|account, scope| {
            let (name, _) = scope.rsplit_once(':')?;
            if account == Some("writer") { Some(scope.to_owned()) } else { Some(format!("{name}:pull")) }
        })
        .signed(signer)
        .start();
    let registry = DockerRegistry::builder().tokens(&tokens, None).start();
    front.route("/token", &tokens.host());
    front.route("/", &registry.host());
    let destination = format!("{}/team/hello:1", front.host());

    let window = Window::open().await;
    plan(&window, &destination).await;
    window.says("No account").await;
    window.press("Sign in…").await;
    fill_sign_in(&window, "reader", PASSWORD, "session").await;
    window.press("Sign in").await;
    window
        .until(
            "it is asked as reader",
            "return document.querySelector('dialog[open] .who')?.innerText.includes('reader')",
        )
        .await;
    window.says("May not push").await;
    let refused = window.text("dialog[open] .who").await;
    assert!(refused.contains("The account on") && refused.contains("may not write there"), "{refused}");
    assert!(refused.contains("sign in with an account or a token that has it"), "{refused}");
    window.show("push-read-only").await;
    assert_eq!(tags(&registry, "team/hello"), Vec::<String>::new());

    window.press("Other account…").await;
    fill_sign_in(&window, "writer", PASSWORD, "session").await;
    window.press("Sign in").await;
    window.says("May push").await;
    window.chord(&[CONTROL, ENTER]).await;
    window.says("Pushed hello:1 in").await;
    assert_eq!(tags(&registry, "team/hello"), ["1"]);
}

/// A helper that speaks to a real keyring. The window finds it by the `PATH` of the login shell, as one that a desktop
/// started.
fn keyring_helper(home: &Home, helpers: &Helpers, service: &SecretService, server: &str, account: &str) {
    let mut store = service.command("docker-credential-secretservice");
    let mut store = store.arg("store").stdin(Stdio::piped()).spawn().expect("the helper is installed");
    let entry = json!({ "ServerURL": server, "Username": account, "Secret": PASSWORD });
    let mut input = store.stdin.take().expect("it is a pipe");
    input.write_all(entry.to_string().as_bytes()).expect("it reads");
    drop(input);
    assert!(store.wait().expect("it ends").success(), "the keyring takes the account");
    helpers.write_script(
        "ring",
        &format!(
            "DBUS_SESSION_BUS_ADDRESS='{}' exec docker-credential-secretservice \"$@\"",
            service.address()
        ),
    );
    let profile = format!("PATH='{}':$PATH\nexport PATH\n", helpers.path().display());
    fs::write(home.path().join("home/.profile"), profile).expect("it can be written");
}

/// Opens where the account of a host comes from, by the menu of its row.
async fn trail(window: &Window, host: &str) {
    window.click(&format!("button[aria-label='Actions for {host}']")).await;
    window.press("Where its account comes from").await;
    window.find("dialog[open] ol.steps").await;
}

/// The steps of the open trail, each as one line.
async fn steps(window: &Window) -> Vec<String> {
    window.texts("dialog[open] .steps .step").await
}

/// Whether one of the steps says all of this.
fn has_step(steps: &[String], parts: &[&str]) {
    let found = steps.iter().any(|step| parts.iter().all(|part| step.contains(part)));
    assert!(found, "no step has {parts:?}: {steps:#?}");
}

#[tokio::test]
async fn the_trail_of_an_account_says_which_place_was_taken_and_what_docker_would_take() {
    let service = SecretService::start();
    let (ringed, entered) = (
        DockerRegistry::builder().htpasswd("ring-ann", PASSWORD).start(),
        DockerRegistry::builder().htpasswd("file-ann", PASSWORD).start(),
    );
    for registry in [&ringed, &entered] {
        registry.put("team/app", "1", &image(1, "linux/amd64"));
    }
    let home = Home::new();
    let helpers = Helpers::new();
    keyring_helper(&home, &helpers, &service, &ringed.host(), "ring-ann");
    helpers.write("empty", &Behaviour::None);
    let auth = STANDARD.encode(format!("file-ann:{PASSWORD}"));
    let config = json!({
        "auths": { ringed.host(): { "auth": auth }, entered.host(): { "auth": auth } },
        "credHelpers": { ringed.host(): "ring", entered.host(): "empty" },
    });
    fs::create_dir_all(home.path().join("home/.docker")).expect("a folder");
    fs::write(home.path().join("home/.docker/config.json"), config.to_string()).expect("it can be written");

    let window = Window::open_in(home, 1280, 800).await;
    window.practice_host().await;
    trail(&window, &ringed.host()).await;
    window.says(&format!("{} is asked as ring-ann, from docker-credential-ring.", ringed.host())).await;
    let told = steps(&window).await;
    has_step(&told, &["docker-credential-ring credHelpers[", "names this helper for it", "Used ring-ann"]);
    has_step(&told, &["auths[", "An earlier place has an account", "Not reached file-ann"]);
    assert!(told[told.len() - 1].contains("Docker asks this helper alone Used ring-ann"), "{told:#?}");
    window.show("trail-helper").await;
    window.press("Close").await;
    no_dialog(&window).await;

    trail(&window, &entered.host()).await;
    window.says("Docker would take another entry.").await;
    let told = steps(&window).await;
    has_step(&told, &["docker-credential-empty credHelpers[", "The helper has no account", "Passed over"]);
    has_step(&told, &["auths[", "Used file-ann"]);
    assert!(told[told.len() - 1].contains("which has no account: it goes on without one"), "{told:#?}");
    window.looks_good("trail-differs").await;
    window.press("Close").await;
    no_dialog(&window).await;

    // What the trail says is what happens, and no secret is on the page that tells it.
    for registry in [&ringed, &entered] {
        open(&window, &registry.reference("team/app", "1")).await;
        window.says("What the name points to").await;
    }
    window.chord(&[CONTROL, 'j']).await;
    window.says("manifests/1").await;
    trail(&window, &entered.host()).await;
    let page = window.script("return document.documentElement.outerHTML + document.body.innerText + [...document.querySelectorAll('input')].map((it) => it.value).join()", vec![]).await;
    let page = page.as_str().expect("a text");
    for secret in [PASSWORD.to_owned(), auth, STANDARD.encode(format!("ring-ann:{PASSWORD}"))] {
        assert!(!page.contains(&secret), "{secret} is on the page");
    }
}

#[tokio::test]
async fn a_certificate_is_looked_at_trusted_for_its_host_and_pulled_through() {
    let authority = Authority::new();
    let tls = authority.loopback();
    let registry = DockerRegistry::builder().tls(&tls).start();
    registry.put("team/app", "1", &image(1, "linux/amd64"));
    let host = registry.host();
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &registry.reference("team/app", "1")).await;
    window.find(".fault--page").await;
    window.show("certificate-fault").await;

    window.press("Look at its certificate…").await;
    window.says("Trust this certificate?").await;
    let body: String = tls.pem().lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).expect("PEM");
    let hex = Object::new("", der).digest.hex().to_uppercase();
    let pairs: Vec<&str> = (0..32).map(|at| &hex[2 * at..2 * at + 2]).collect();
    window.says("CN=Longshore test server").await;
    let shown = window.text("dialog[open] .print").await.split_whitespace().collect::<Vec<_>>().join(":");
    assert_eq!(shown, pairs.join(":"), "the fingerprint is that of the certificate");
    window.looks_good("certificate").await;
    window.press("Trust this certificate").await;
    no_dialog(&window).await;
    window.says("What the name points to").await;
    let kept = window.home().path().join("config/longshore/certificates").join(&host);
    assert_eq!(fs::read_dir(kept).expect("a folder of this host").count(), 1);

    window.press("Pull").await;
    window.says("Status: Downloaded newer image").await;
    window.chord(&[CONTROL, ',']).await;
    window.says("1 trusted").await;
    window.press(&format!("Change {host}")).await;
    window.find("dialog[open] .prints button[aria-label^='Do not trust']").await;
    window.show("host-with-certificate").await;
}

#[tokio::test]
async fn an_authority_is_trusted_by_keys_alone() {
    let authority = Authority::new();
    let registry = DockerRegistry::builder().tls(&authority.loopback().with_authority(&authority)).start();
    registry.put("team/app", "1", &image(1, "linux/amd64"));
    let window = Window::open().await;
    window.practice_host().await;
    open(&window, &registry.reference("team/app", "1")).await;
    window.find(".fault--page").await;
    press_by_keys(&window, "Look at its certificate…").await;
    // Both are shown, the host's own first.
    window.says("The host’s own").await;
    let shown = window.texts("dialog[open] .cert b").await;
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].contains("test server") && shown[1].contains("test authority"), "{shown:?}");
    tab_to(&window, "the certificates", "focused.matches('input[name=certificate]')").await;
    let authority_is_chosen = "return document.querySelectorAll('input[name=certificate]')[1].checked";
    if window.script(authority_is_chosen, vec![]).await != true {
        window.chord(&[ARROW_DOWN]).await;
    }
    window.until("the authority is chosen", authority_is_chosen).await;
    window.says("any certificate that this authority signs").await;
    window.looks_good("authority").await;
    press_by_keys(&window, "Trust this authority").await;
    no_dialog(&window).await;
    window.says("What the name points to").await;
    let kept = window.home().path().join("config/longshore/certificates").join(registry.host());
    let files: Vec<_> = fs::read_dir(kept).expect("a folder of this host").flatten().collect();
    assert_eq!(fs::read_to_string(files[0].path()).expect("it is kept").trim(), authority.pem().trim());
}

/// Opens the settings of a host by Settings.
async fn host_settings(window: &Window, host: &str) {
    window.chord(&[CONTROL, ',']).await;
    window.click("input[aria-label='Host to change']").await;
    window.type_text(host).await;
    window.press("Change host…").await;
    window.says(&format!("Settings of {host}")).await;
}

#[tokio::test]
async fn a_mirror_that_is_set_for_a_host_gives_what_is_pulled() {
    let (origin, behind) = (Registry::start(), DockerRegistry::open());
    let image = image(1, "linux/amd64");
    origin.put("team/app", "1", &image);
    behind.put("team/app", "1", &image);
    let mirror = Nginx::before(&behind.host()).start();
    let window = Window::open().await;
    window.practice_host().await;
    host_settings(&window, &origin.host()).await;
    window.click("dialog[open] input[aria-label='Host of a mirror']").await;
    let address = format!("http://{}", mirror.host());
    window.type_text(&address).await;
    window.chord(&[ENTER]).await;
    window.find(&format!("dialog[open] button[aria-label='Remove {address}']")).await;
    window.looks_good("host-settings").await;
    window.click("dialog[open] .foot button").await;
    no_dialog(&window).await;
    window.says("1 mirror").await;
    assert_eq!(kept(&window)["registries"][origin.host()]["mirrors"][0], address.as_str());

    crate::steps::pull(&window, &origin.reference("team/app", "1")).await;
    assert!(
        mirror.log().contains(&format!("/v2/team/app/blobs/{}", image.largest_blob().digest)),
        "{}",
        mirror.log()
    );
    assert_eq!(origin.count(&On::any("/v2/team/app")), 0, "{}", origin.transcript());
    window.show("mirrored").await;
}

#[tokio::test]
async fn a_plain_host_is_reached_by_the_proxy_that_is_set() {
    let registry = DockerRegistry::open();
    let image = image(1, "linux/amd64");
    registry.put("team/app", "1", &image);
    // It knows the name, which nothing else on this computer does.
    let inner = ForwardProxy::start();
    inner.resolve("registry.test", registry.host().parse().expect("an address"));
    let proxy = Tinyproxy::before(&inner.host());
    let window = Window::open().await;
    window.practice_host().await;
    host_settings(&window, "registry.test").await;
    window.click("dialog[open] .way:has(input[value=plain])").await;
    window.says("Not private.").await;
    window.click("dialog[open] .foot button").await;
    no_dialog(&window).await;
    window.press("This one").await;
    window.click("input[aria-label='Address of the proxy']").await;
    window.type_text(&proxy.host()).await;
    window.press("Use it").await;
    window.says("Without the proxy").await;
    window.looks_good("proxy").await;
    let kept = kept(&window);
    assert_eq!(kept["registries"]["registry.test"], json!({ "plainHttp": true }));
    assert_eq!(kept["proxy"], json!({ "mode": "custom", "url": format!("http://{}", proxy.host()) }));

    crate::steps::pull(&window, "registry.test/team/app:1").await;
    let asked = proxy.log();
    assert!(
        asked.contains(&format!("registry.test/v2/team/app/blobs/{}", image.largest_blob().digest))
            || asked.contains("registry.test:80"),
        "{asked}"
    );
    window.chord(&[CONTROL, 'j']).await;
    window.show("through-the-proxy").await;

    // The proxy goes away: what is said names it, and where it is set.
    drop(proxy);
    open(&window, "registry.test/team/app:2").await;
    window.find(".fault--page").await;
    window.show("proxy-down").await;
}

#[tokio::test]
async fn docker_hub_shows_what_is_left_and_says_when_nothing_is() {
    let hub = Hub::builder().limit(5).start();
    for (seed, tag) in [(1, "1.26"), (2, "1.27")] {
        hub.put("library/nginx", tag, &image(seed, "linux/amd64"));
    }
    let proxy = ForwardProxy::start();
    let home = Home::new();
    for (name, address) in hub.hosts() {
        proxy.resolve(&name, address);
        let folder = home.path().join("home/.docker/certs.d").join(&name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("ca.crt"), hub.authority_pem()).expect("it can be written");
    }
    let settings = home.path().join("config/longshore");
    fs::create_dir_all(&settings).expect("a folder");
    let through = json!({ "proxy": { "mode": "custom", "url": proxy.url() } });
    fs::write(settings.join("registries.json"), through.to_string()).expect("it can be written");

    let window = Window::open_in(home, 1280, 800).await;
    window.practice_host().await;
    open(&window, "nginx:1.26").await;
    window.says("What the name points to").await;
    open_tags(&window, 2).await;
    let read = "return document.querySelector(\"[role=row][aria-label*='details not read yet']\") === null";
    window.until("the details are read", read).await;
    // Reading them was not free.
    let left = format!("{} of 5 pulls left", hub.remaining());
    let shown = format!("return document.querySelector('.gauge')?.innerText.trim() === '{left}'");
    window.until(&format!("the gauge says {left}"), &shown).await;
    assert!(hub.remaining() < 4, "the image and both tags were read: {left}");
    window.show("hub-gauge").await;

    hub.use_up();
    open(&window, "nginx:1.27").await;
    window.find(".fault--page").await;
    window.looks_good("hub-limit").await;
    window.press("Wait 60 s, then try again").await;
    window.find("[role=timer]").await;
    window.show("hub-waiting").await;
}
