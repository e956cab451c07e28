use serde_json::Value;

use super::*;
use crate::image::Image;
use crate::tls::tests::ask_tls;

/// Status line, headers and body of a request to one of the three.
fn ask(hub: &Hub, host: &str, request: &str, token: Option<&str>) -> String {
    let (name, address) = hub.hosts().into_iter().find(|(name, _)| name == host).unwrap();
    let authorization = token.map_or_else(String::new, |token| format!("Authorization: {token}\r\n"));
    let request = format!("{request} HTTP/1.1\r\nHost: {name}\r\n{authorization}Connection: close\r\n\r\n");
    let pem = String::from_utf8(hub.authority_pem()).unwrap();
    ask_tls(address, &name, &[&pem], &request).unwrap()
}

fn token(hub: &Hub, repository: &str, actions: &str, account: Option<&str>) -> String {
    let scope = format!("repository:{repository}:{actions}");
    let path = format!("GET /token?service=registry.docker.io&scope={scope}");
    let answer = ask(hub, AUTH, &path, account);
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    format!("Bearer {}", body["token"].as_str().unwrap())
}

#[test]
fn gets_of_manifests_count_down_and_heads_do_not() {
    let hub = Hub::builder().limit(2).start();
    let image = Image::tiny("nginx");
    hub.put("library/nginx", "latest", &image);
    let manifest = "/v2/library/nginx/manifests/latest";
    let challenged = ask(&hub, REGISTRY, &format!("GET {manifest}"), None);
    assert!(challenged.starts_with("HTTP/1.1 401"), "{challenged}");
    assert!(challenged.contains("realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\""));
    let token = token(&hub, "library/nginx", "pull", None);
    for (method, status, remaining) in
        [("HEAD", 200, 2), ("GET", 200, 1), ("HEAD", 200, 1), ("GET", 200, 0), ("GET", 429, 0)]
    {
        let answer = ask(&hub, REGISTRY, &format!("{method} {manifest}"), Some(&token));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method}: {answer}");
        assert!(answer.contains("ratelimit-limit: 2;w=21600"), "{answer}");
        assert!(answer.contains(&format!("ratelimit-remaining: {remaining};w=21600")), "{answer}");
        assert_eq!(hub.remaining(), remaining);
    }
}

#[test]
fn blobs_are_at_the_cdn_which_takes_no_authorization() {
    let hub = Hub::start();
    let image = Image::tiny("nginx");
    hub.put("library/nginx", "latest", &image);
    let blob = image.largest_blob();
    let token = token(&hub, "library/nginx", "pull", None);
    let answer = ask(&hub, REGISTRY, &format!("GET /v2/library/nginx/blobs/{}", blob.digest), Some(&token));
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
    let location = answer.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
    let path = location.strip_prefix("https://production.cloudflare.docker.com").unwrap();
    let served = ask(&hub, CDN, &format!("GET {path}"), None);
    assert!(served.starts_with("HTTP/1.1 200"), "{served}");
    assert!(ask(&hub, CDN, &format!("GET {path}"), Some(&token)).starts_with("HTTP/1.1 400"));
    let unsigned = path.split_once('?').unwrap().0;
    assert!(ask(&hub, CDN, &format!("GET {unsigned}"), None).starts_with("HTTP/1.1 403"));
}

#[test]
fn what_is_missing_and_what_is_private_look_the_same() {
    let hub = Hub::builder().account("ann", "secret").start();
    hub.put_private("ann/private", "1", &Image::tiny("private"));
    let ann = Some("Basic YW5uOnNlY3JldA==");
    let pull = |repository: &str, account| {
        let token = token(&hub, repository, "pull,push", account);
        ask(&hub, REGISTRY, &format!("GET /v2/{repository}/manifests/1"), Some(&token))
    };
    let (missing, private) = (pull("library/ngnix", None), pull("ann/private", None));
    assert!(missing.starts_with("HTTP/1.1 401"), "{missing}");
    assert_eq!(missing.replace("library/ngnix", "ann/private"), private);
    assert!(pull("ann/private", ann).starts_with("HTTP/1.1 200"));
    // To push is the owner's.
    let token = token(&hub, "library/nginx", "pull,push", ann);
    let refused = ask(&hub, REGISTRY, "POST /v2/library/nginx/blobs/uploads/", Some(&token));
    assert!(refused.contains("requested access to the resource is denied"), "{refused}");
}
