use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::image::Image;
use crate::registry::Registry;
use crate::server::tests::{Seen, ask};

fn json(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap_or_else(|_| panic!("{}", seen.head))
}

fn get_token(server: &TokenServer, scope: &str, account: Option<&str>) -> Seen {
    let header = account.map(|it| format!("Basic {}", STANDARD.encode(it)));
    let headers: Vec<(&str, &str)> = header.iter().map(|it| ("Authorization", it.as_str())).collect();
    ask(&server.host(), &format!("GET /token?service={}&scope={scope}", server.service()), &headers)
}

fn post_token(server: &TokenServer, form: &str) -> Seen {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(server.host()).unwrap();
    let head = format!("POST /token HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", form.len());
    stream.write_all(format!("{head}{form}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Seen { head: head.to_owned(), body: body.as_bytes().to_vec(), error: None }
}

fn ask_with(registry: &Registry, path: &str, token: &str) -> Seen {
    ask(&registry.host(), &format!("GET {path}"), &[("Authorization", &format!("Bearer {token}"))])
}

#[test]
fn basic_wants_the_account() {
    let registry = Registry::guarded(Guard::basic("ann", "a:b"));
    let seen = ask(&registry.host(), "GET /v2/", &[]);
    assert_eq!(
        (seen.status(), seen.header("www-authenticate")),
        (401, vec!["Basic realm=\"Registry Realm\""])
    );
    for (account, status) in [("ann:a:b", 200), ("ann:a", 401), ("bob:a:b", 401)] {
        let header = format!("Basic {}", STANDARD.encode(account));
        assert_eq!(
            ask(&registry.host(), "GET /v2/", &[("authorization", &header)]).status(),
            status,
            "{account}"
        );
    }
}

#[test]
fn a_token_opens_what_its_scope_names() {
    let tokens = TokenServer::builder().start();
    let registry = Registry::guarded(tokens.guard());
    registry.put("team/app", "1", &Image::tiny("x"));
    let seen = ask(&registry.host(), "GET /v2/team/app/manifests/1", &[]);
    let challenge = format!(
        "Bearer realm=\"{}\",service=\"registry.test\",scope=\"repository:team/app:pull\"",
        tokens.url("/token")
    );
    assert_eq!((seen.status(), seen.header("www-authenticate")), (401, vec![challenge.as_str()]));

    let token =
        json(&get_token(&tokens, "repository:team/app:pull", None))["token"].as_str().unwrap().to_owned();
    assert_eq!(ask_with(&registry, "/v2/team/app/manifests/1", &token).status(), 200);
    let other = ask_with(&registry, "/v2/team/other/manifests/1", &token);
    assert!(other.header("www-authenticate")[0].ends_with("error=\"insufficient_scope\""));
    assert_eq!(ask_with(&registry, "/v2/_catalog", &token).status(), 401);
    assert_eq!(ask_with(&registry, "/v2/", &token).status(), 200);

    tokens.revoke_all();
    let ended = ask_with(&registry, "/v2/team/app/manifests/1", &token);
    assert!(ended.header("www-authenticate")[0].ends_with("error=\"invalid_token\""));
}

#[test]
fn accounts_and_grants() {
    let tokens = TokenServer::builder()
        .account("ann", "secret")
        .identity_token("ann", "refresh me")
        .no_anonymous()
        .grant(|_, scope| Some(scope.replace(",push", "")))
        .field("access_token")
        .claim_expires_in(Value::Null)
        .prefix("canary")
        .start();
    assert_eq!(get_token(&tokens, "repository:a:pull", None).status(), 401);
    assert_eq!(get_token(&tokens, "repository:a:pull", Some("ann:wrong")).status(), 401);
    let granted = json(&get_token(&tokens, "repository:a:pull,push", Some("ann:secret")));
    assert_eq!(granted, json!({ "access_token": "canary-0001" }));
    assert_eq!(tokens.issued()[0].scopes, ["repository:a:pull"]);

    let rest = "&service=registry.test&client_id=x&scope=repository%3Aa%3Apull+repository%3Ab%3Apull";
    for (form, status) in [
        ("grant_type=password&username=ann&password=secret", 200),
        ("grant_type=refresh_token&refresh_token=refresh+me", 200),
        ("grant_type=refresh_token&refresh_token=other", 401),
        ("grant_type=magic", 401),
    ] {
        assert_eq!(post_token(&tokens, &format!("{form}{rest}")).status(), status, "{form}");
    }
    assert_eq!(post_token(&tokens, "grant_type=password&username=ann&password=secret").status(), 401);
    assert_eq!(tokens.issued()[2].scopes, ["repository:a:pull", "repository:b:pull"]);
    let without_post = TokenServer::builder().no_post().start();
    assert_eq!(post_token(&without_post, "grant_type=password").status(), 404);
}

#[test]
fn a_token_ends_by_itself() {
    let tokens =
        TokenServer::builder().lifetime(Duration::from_millis(50)).claim_expires_in(json!(300)).start();
    let registry = Registry::guarded(tokens.guard());
    let token = json(&get_token(&tokens, "", None))["token"].as_str().unwrap().to_owned();
    let ended = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(2));
        ask_with(&registry, "/v2/", &token).status() == 401
    });
    assert!(ended);
}

#[test]
fn challenges_can_be_anything() {
    let guard = Guard::Challenging(
        Box::new(Guard::basic("a", "b")),
        vec!["Negotiate, Digest x=\"{scope}\"".to_owned(), "Basic".to_owned()],
    );
    let registry = Registry::guarded(guard);
    let seen = ask(&registry.host(), "GET /v2/a/tags/list", &[]);
    assert_eq!(seen.header("www-authenticate"), ["Negotiate, Digest x=\"repository:a:pull\"", "Basic"]);
}
