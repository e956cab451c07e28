use serde_json::Value;

use super::*;
use crate::image::{Family, Layer};
use crate::server::{On, tests::ask};

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn serves_what_was_put() {
    let registry = Registry::start();
    let amd = Image::builder(Family::Oci).layer(Layer::noise(1, 1_000)).build();
    let index = Image::index(Family::Oci, &[&amd]);
    registry.put("team/app", "1", &index);
    let host = registry.host();
    for (selector, expected) in
        [("1", &index.root), (index.digest().as_str(), &index.root), (amd.digest().as_str(), &amd.root)]
    {
        let seen = ask(&host, &format!("GET /v2/team/app/manifests/{selector}"), &[]);
        assert_eq!((seen.status(), &seen.body[..]), (200, &expected.bytes[..]), "{selector}");
        assert_eq!(seen.header("content-type"), [expected.media_type.as_str()]);
        assert_eq!(seen.header("docker-content-digest"), [expected.digest.as_str()]);
    }
    let layer = amd.largest_blob();
    let seen = ask(&host, &format!("GET /v2/team/app/blobs/{}", layer.digest), &[("Range", "bytes=100-")]);
    assert_eq!((seen.status(), &seen.body[..]), (206, &layer.bytes[100..]));
    assert_eq!(registry.count(&On::blob(&layer.digest)), 1);

    for (path, code) in [
        ("/v2/other/manifests/1", "NAME_UNKNOWN"),
        ("/v2/team/app/manifests/2", "MANIFEST_UNKNOWN"),
        ("/v2/team/app/blobs/sha256:12", "BLOB_UNKNOWN"),
    ] {
        let seen = ask(&host, &format!("GET {path}"), &[]);
        assert_eq!(
            (seen.status(), &json(&seen.body)["errors"][0]["code"]),
            (404, &Value::from(code)),
            "{path}"
        );
    }
    assert_eq!(ask(&host, "GET /v2/", &[]).status(), 200);
}

#[test]
fn a_tag_moves() {
    let registry = Registry::start();
    let (one, two) = (Image::tiny("one"), Image::tiny("two"));
    registry.put("app", "latest", &one);
    registry.put("app", "latest", &two);
    let seen = ask(&registry.host(), "HEAD /v2/app/manifests/latest", &[]);
    assert_eq!(seen.header("docker-content-digest"), [two.digest().as_str()]);
    let seen = ask(&registry.host(), &format!("GET /v2/app/manifests/{}", one.digest()), &[]);
    assert_eq!(seen.status(), 200, "the old one stays");
}

#[test]
fn lists_come_in_pages() {
    let registry = Registry::start();
    for tag in ["c", "a", "b"] {
        registry.put("app", tag, &Image::tiny("x"));
    }
    let host = registry.host();
    let whole = ask(&host, "GET /v2/app/tags/list", &[]);
    assert_eq!(json(&whole.body)["tags"], serde_json::json!(["a", "b", "c"]));
    assert!(whole.header("link").is_empty());
    let page = ask(&host, "GET /v2/app/tags/list?n=2", &[]);
    assert_eq!(json(&page.body)["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(page.header("link"), ["</v2/app/tags/list?last=b&n=2>; rel=\"next\""]);
    let rest = ask(&host, "GET /v2/app/tags/list?n=2&last=b", &[]);
    assert_eq!(json(&rest.body)["tags"], serde_json::json!(["c"]));
    assert!(rest.header("link").is_empty());
    assert_eq!(json(&ask(&host, "GET /v2/_catalog", &[]).body)["repositories"], serde_json::json!(["app"]));
}
