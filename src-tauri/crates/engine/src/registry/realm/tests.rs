use proptest::prelude::*;

use super::*;

fn endpoint(registry: &str, realm: &str) -> Result<TokenEndpoint> {
    let registry = Url::parse(registry).expect("a registry's origin");
    let private = registry.host().is_some_and(|host| is_private_host(&host));
    token_url(&registry, private, realm, Some("s"), &["repository:a:pull".to_owned()])
}

#[test]
fn f030_credentials_go_to_the_same_owner_only() {
    let table = [
        ("Docker Hub", "https://registry-1.docker.io", "https://auth.docker.io/token", true),
        ("GitLab", "https://registry.gitlab.com", "https://gitlab.com/jwt/auth", true),
        ("the same host", "https://ghcr.io", "https://ghcr.io/token", true),
        ("the same host, another port", "https://r.example.com:5000", "https://r.example.com:5001/t", true),
        ("a dot at the end", "https://r.example.com", "https://auth.example.com./t", true),
        ("the same IP address", "https://198.51.100.7:5000", "https://198.51.100.7/t", true),
        ("the exact origin, plain", "http://127.0.0.1:5000", "http://127.0.0.1:5000/t", true),
        ("a default port, spelled out", "https://r.example.com", "https://r.example.com:443/t", true),
        ("under a country's second level", "https://r.shop.co.uk", "https://auth.shop.co.uk/t", true),
        ("an internationalised name", "https://r.例子.公司.cn", "https://auth.例子.公司.cn/t", true),
        ("https beside a plain registry", "http://r.example.com", "https://auth.example.com/t", true),
        ("another owner", "https://r.example.com", "https://auth.example.net/t", false),
        ("a look-alike", "https://docker.io", "https://evildocker.io/t", false),
        ("a name that starts alike", "https://r.example.com", "https://r.example.com.evil.net/t", false),
        ("two owners under one country's second level", "https://a.co.uk", "https://b.co.uk/t", false),
        ("two owners under a private suffix", "https://a.github.io", "https://b.github.io/t", false),
        (
            "two machines of a cloud",
            "https://a.eu-west-1.compute.amazonaws.com",
            "https://b.eu-west-1.compute.amazonaws.com/t",
            false,
        ),
        ("two owners under an internationalised suffix", "https://a.公司.cn", "https://b.公司.cn/t", false),
        ("an unknown suffix", "https://a.team.cluster.local", "https://b.team.cluster.local/t", false),
        ("two addresses", "https://198.51.100.7", "https://198.51.100.8/t", false),
        ("another port, plain", "http://127.0.0.1:5000", "http://127.0.0.1:5001/t", false),
        ("plain, one domain", "http://r.example.com", "http://auth.example.com/t", false),
        (
            "a backslash before an at sign",
            "https://r.example.com",
            r"https://evil.net\@r.example.com/t",
            false,
        ),
    ];
    for (name, registry, realm, expected) in table {
        let endpoint = endpoint(registry, realm).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(endpoint.may_send_credentials, expected, "{name}");
    }
}

#[test]
fn f030_credentials_that_are_withheld_are_named() {
    let endpoint =
        endpoint("https://r.example.com", "https://auth.example.net/t?x=canary").expect("asked without");
    let error = endpoint.credentials_withheld(&Url::parse("https://r.example.com/v2/").expect("a URL"));
    assert_eq!(error.code(), Code::RealmRefused);
    assert!(error.message().contains("`https://r.example.com`"), "{error}");
    assert!(error.message().contains("`https://auth.example.net`"), "{error}");
    assert!(!error.message().contains("canary"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn f031_realms_that_must_not_be_asked_are_refused() {
    let table = [
        ("plain HTTP", "http://r.example.com/t", "plain HTTP"),
        ("a file", "file:///etc/passwd", "`file:`"),
        ("a script", "javascript:alert(1)", "`javascript:`"),
        ("data", "data:text/plain,x", "`data:`"),
        ("a path", "/token", "no absolute URL"),
        ("nothing", "", "no absolute URL"),
        ("no host", "https://", "no absolute URL"),
        ("a name", "https://canary@r.example.com/t", "user name or a password"),
        ("a name and a password", "https://u:canary@r.example.com/t", "user name or a password"),
        ("a password alone", "https://:canary@r.example.com/t", "user name or a password"),
        ("loopback", "https://127.0.0.1/t", "private address"),
        ("loopback by name", "https://localhost/t", "private address"),
        ("loopback under its name", "https://a.LOCALHOST./t", "private address"),
        ("loopback, short", "https://127.1/t", "private address"),
        ("loopback, as a number", "https://2130706433/t", "private address"),
        ("loopback, in hexadecimal", "https://0x7f000001/t", "private address"),
        ("this host", "https://0.0.0.0/t", "private address"),
        ("ten", "https://10.1.2.3/t", "private address"),
        ("172.16", "https://172.31.0.1/t", "private address"),
        ("192.168", "https://192.168.1.1:8443/t", "private address"),
        ("carrier's", "https://100.64.0.1/t", "private address"),
        ("a cloud's metadata", "https://169.254.169.254/latest", "private address"),
        ("IPv6 loopback", "https://[::1]/t", "private address"),
        ("IPv6 mapped", "https://[::ffff:10.0.0.1]/t", "private address"),
        ("IPv6 compatible", "https://[::127.0.0.1]/t", "private address"),
        ("NAT64", "https://[64:ff9b::a00:1]/t", "private address"),
        ("6to4", "https://[2002:c0a8:101::1]/t", "private address"),
        ("unique local", "https://[fd00::1]/t", "private address"),
        ("link-local", "https://[fe80::1]/t", "private address"),
        ("multicast", "https://[ff02::1]/t", "private address"),
        ("a line break", "https://r.example.com/\r\nt", "control characters"),
        ("a tab in the host", "https://r.exam\tple.com/t", "control characters"),
        ("a NUL", "https://r.example.com/t\0", "control characters"),
    ];
    for (name, realm, reason) in table {
        let error = endpoint("https://r.example.com", realm).expect_err(name);
        assert_eq!(error.code(), Code::RealmRefused, "{name}");
        assert!(error.message().contains(reason), "{name}: {error}");
        let all = format!("{error} {:?} {:?}", error.hint(), error.causes());
        assert!(!all.contains("canary"), "{name}: {all}");
    }
}

#[test]
fn f031_a_private_registry_may_name_a_private_realm() {
    assert!(endpoint("https://10.0.0.5:5000", "https://10.0.0.6/t").is_ok());
    assert!(endpoint("http://localhost:5000", "http://127.0.0.1:5001/t").is_ok());
    assert!(endpoint("https://r.example.com", "https://203.0.113.9/t").is_ok(), "a public address");
    assert!(endpoint("https://r.example.com", "https://[2606:4700::1]/t").is_ok(), "a public IPv6 address");
}

#[test]
fn f033_service_and_scopes_are_encoded_and_controls_refused() {
    let registry = Url::parse("https://r.example.com").expect("a URL");
    let scopes = ["repository:r:5000/a:pull,push".to_owned(), "x&scope=admin#?+ é".to_owned()];
    let endpoint =
        token_url(&registry, false, "https://r.example.com/t?keep=a%26b#f", Some("a&b=c#d"), &scopes)
            .expect("a realm of the registry");
    assert_eq!(
        endpoint.url.as_str(),
        "https://r.example.com/t?keep=a%26b&service=a%26b%3Dc%23d&scope=repository%3Ar%3A5000%2Fa%3Apull%2Cpush&scope=x%26scope%3Dadmin%23%3F%2B+%C3%A9"
    );
    assert_eq!(endpoint.base.as_str(), "https://r.example.com/t?keep=a%26b");

    let replaced = token_url(
        &registry,
        false,
        "https://r.example.com/t?service=old&scope=old&service=older",
        Some("new"),
        &[],
    )
    .expect("a realm of the registry");
    assert_eq!(replaced.url.as_str(), "https://r.example.com/t?scope=old&service=new");

    let bare =
        token_url(&registry, false, "https://r.example.com/t", None, &[]).expect("a realm of the registry");
    assert_eq!(bare.url.as_str(), "https://r.example.com/t");

    for control in ['\r', '\n', '\0', '\t', '\u{7f}', '\u{85}'] {
        let text = format!("a{control}b");
        for (service, scopes) in [(Some(text.as_str()), vec![]), (None, vec!["ok".to_owned(), text.clone()])]
        {
            let error = token_url(&registry, false, "https://r.example.com/t", service, &scopes)
                .expect_err("control characters");
            assert_eq!(error.code(), Code::RealmRefused, "{control:?}");
            assert!(!error.message().contains(control), "{control:?}");
        }
    }
}

proptest! {
    #[test]
    fn f033_what_is_asked_arrives_as_it_was(service in "\\PC{0,40}", scopes in proptest::collection::vec("\\PC{0,40}", 0..4)) {
        let registry = Url::parse("https://r.example.com").expect("a URL");
        let endpoint = token_url(&registry, false, "https://r.example.com/t", Some(&service), &scopes)
            .expect("no control characters");
        let arrived: Vec<(String, String)> = endpoint.url.query_pairs().into_owned().collect();
        let sent: Vec<(String, String)> = std::iter::once(("service".to_owned(), service))
            .chain(scopes.into_iter().map(|scope| ("scope".to_owned(), scope)))
            .collect();
        prop_assert_eq!(arrived, sent);
        prop_assert_eq!(endpoint.url.origin(), registry.origin());
    }

    #[test]
    fn f031_no_realm_panics_or_gets_past_the_rules(realm in "(https?|file|[a-z]{2,6})?:?(//|/|\\\\)?\\PC{0,40}") {
        if let Ok(endpoint) = endpoint("https://r.example.com", &realm) {
            prop_assert_eq!(endpoint.url.scheme(), "https");
            prop_assert!(endpoint.url.username().is_empty() && endpoint.url.password().is_none());
            prop_assert!(!endpoint.url.host().is_some_and(|host| is_private_host(&host)));
        }
    }
}
