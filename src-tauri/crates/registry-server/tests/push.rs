//! Pushing and deleting: what the spec's "Push" and "Content Management" ask for, and what must be refused.

// clippy.toml allows it in tests, but clippy takes helpers here for something else.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Served, check_error, header, served};
use oci::digest::Digest;
use oci::media_type::{DOCKER_FOREIGN_LAYER, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use reqwest::Response;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Begins an upload; where it goes on.
async fn begin(served: &Served) -> String {
    let response = served.send("POST", "/v2/app/blobs/uploads/").await;
    assert_eq!(response.status(), 202);
    assert!(!header(&response, "docker-upload-uuid").is_empty());
    assert_eq!(header(&response, "range"), "0-0");
    header(&response, "location").to_owned()
}

async fn patch(served: &Served, location: &str, range: Option<&str>, chunk: &'static str) -> Response {
    let mut request = served.request("PATCH", location).body(chunk);
    if let Some(range) = range {
        request = request.header("content-range", range);
    }
    request.send().await.unwrap()
}

async fn finish(served: &Served, location: &str, digest: &Digest, last: &'static str) -> Response {
    served.request("PUT", &format!("{location}?digest={digest}")).body(last).send().await.unwrap()
}

fn partial_files(served: &Served) -> usize {
    std::fs::read_dir(served.store.ingest_dir()).unwrap().count()
}

#[tokio::test]
async fn a_blob_is_pushed_in_every_way_of_the_spec() {
    let served = served().await;
    let content = "0123456789";
    let digest = Digest::sha256(content.as_bytes());
    let check = async |response: Response, way: &str| {
        assert_eq!(response.status(), 201, "{way}");
        assert_eq!(header(&response, "docker-content-digest"), digest.as_str(), "{way}");
        let location = header(&response, "location").to_owned();
        assert_eq!(served.send("GET", &location).await.bytes().await.unwrap(), content, "{way}");
        assert_eq!(served.send("DELETE", &location).await.status(), 202, "{way}");
        assert_eq!(served.send("GET", &location).await.status(), 404, "{way}");
        assert_eq!(partial_files(&served), 0, "{way}");
    };
    let single = served.request("POST", &format!("/v2/app/blobs/uploads/?digest={digest}"));
    check(single.body(content).send().await.unwrap(), "one POST").await;

    let location = begin(&served).await;
    check(finish(&served, &location, &digest, content).await, "POST, PUT").await;

    let location = begin(&served).await;
    let response = patch(&served, &location, None, content).await;
    assert_eq!((response.status().as_u16(), header(&response, "range")), (202, "0-9"));
    check(finish(&served, &location, &digest, "").await, "one stream").await;

    let location = begin(&served).await;
    for (range, chunk, so_far) in [("0-3", "0123", "0-3"), ("4-6", "456", "0-6")] {
        let response = patch(&served, &location, Some(range), chunk).await;
        assert_eq!((response.status().as_u16(), header(&response, "range")), (202, so_far));
        assert_eq!(header(&response, "location"), location);
    }
    let response = served.send("GET", &location).await;
    assert_eq!((response.status().as_u16(), header(&response, "range")), (204, "0-6"));
    check(finish(&served, &location, &digest, "789").await, "chunks").await;
}

#[tokio::test]
async fn a_gap_is_refused_and_the_upload_goes_on() {
    let served = served().await;
    let location = begin(&served).await;
    patch(&served, &location, Some("0-3"), "0123").await;
    for range in ["5-8", "0-3", "3-6"] {
        let response = patch(&served, &location, Some(range), "wxyz").await;
        assert_eq!(
            (header(&response, "range"), header(&response, "location")),
            ("0-3", &*location),
            "{range}"
        );
        check_error(response, 416, "BLOB_UPLOAD_INVALID").await;
    }
    for (range, code) in
        [("4-", "BLOB_UPLOAD_INVALID"), ("x-y", "BLOB_UPLOAD_INVALID"), ("9-4", "BLOB_UPLOAD_INVALID")]
    {
        check_error(patch(&served, &location, Some(range), "wxyz").await, 400, code).await;
    }
    let response = finish(&served, &location, &Digest::sha256(b"0123456"), "456").await;
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn a_wrong_digest_stores_nothing() {
    let served = served().await;
    let wrong = Digest::sha256(b"something else");
    let location = begin(&served).await;
    patch(&served, &location, None, "content").await;
    check_error(finish(&served, &location, &wrong, "").await, 400, "DIGEST_INVALID").await;
    assert_eq!(served.send("GET", &location).await.status(), 404, "the session is over");
    let single = served.request("POST", &format!("/v2/app/blobs/uploads/?digest={wrong}"));
    check_error(single.body("content").send().await.unwrap(), 400, "DIGEST_INVALID").await;
    for bad in ["sha256:../../x", "sha256:abc", ""] {
        let location = begin(&served).await;
        let response = served.send("PUT", &format!("{location}?digest={bad}")).await;
        check_error(response, 400, "DIGEST_INVALID").await;
        assert_eq!(served.send("DELETE", &location).await.status(), 204);
    }
    for digest in [wrong, Digest::sha256(b"content")] {
        assert_eq!(served.store.blob_size(&digest).unwrap(), None);
    }
    assert_eq!(partial_files(&served), 0);
}

#[tokio::test]
async fn a_session_is_its_repositorys_alone_and_ends_when_cancelled() {
    let served = served().await;
    let location = begin(&served).await;
    let elsewhere = location.replace("/app/", "/other/");
    check_error(served.send("GET", &elsewhere).await, 404, "BLOB_UPLOAD_UNKNOWN").await;
    assert_eq!(partial_files(&served), 1);
    assert_eq!(served.send("DELETE", &location).await.status(), 204);
    check_error(served.send("DELETE", &location).await, 404, "BLOB_UPLOAD_UNKNOWN").await;
    assert_eq!(partial_files(&served), 0, "its file is gone");
}

#[tokio::test]
async fn what_arrived_before_a_connection_broke_counts() {
    let served = served().await;
    let location = begin(&served).await;
    let mut connection = tokio::net::TcpStream::connect(served.server.address()).await.unwrap();
    let head = format!("PATCH {location} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n0123456");
    connection.write_all(head.as_bytes()).await.unwrap();
    // The bytes are on their way; the state says when they have arrived.
    let arrived = async |expected: &str| {
        while header(&served.send("GET", &location).await, "range") != expected {
            tokio::task::yield_now().await;
        }
    };
    arrived("0-6").await;
    drop(connection);
    let response = finish(&served, &location, &Digest::sha256(b"0123456789"), "789").await;
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn a_large_blob_in_a_chunked_body_is_streamed() {
    let served = served().await;
    let location = begin(&served).await;
    let piece = vec![7_u8; 300_000];
    let pieces: Vec<Result<_, std::io::Error>> = (0..20).map(|_| Ok(piece.clone())).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let response = served.request("PATCH", &location).body(body).send().await.unwrap();
    assert_eq!(header(&response, "range"), "0-5999999");
    let digest = Digest::sha256(&vec![7; 6_000_000]);
    assert_eq!(finish(&served, &location, &digest, "").await.status(), 201);
    assert!(served.store.verify(&digest, 6_000_000).unwrap());
}

#[tokio::test]
async fn a_mount_needs_the_blob_in_the_other_repository() {
    let served = served().await;
    let digest = served.push_blob("source", b"shared").await;
    check_error(served.send("GET", &format!("/v2/app/blobs/{digest}")).await, 404, "BLOB_UNKNOWN").await;
    let other = Digest::sha256(b"other");
    for path in [
        format!("/v2/app/blobs/uploads/?mount={other}&from=source"),
        format!("/v2/app/blobs/uploads/?mount={digest}&from=nowhere"),
        format!("/v2/app/blobs/uploads/?mount={digest}&from=../source"),
        format!("/v2/app/blobs/uploads/?mount={digest}"),
    ] {
        let response = served.send("POST", &path).await;
        assert_eq!(response.status(), 202, "an upload begins: {path}");
        served.send("DELETE", header(&response, "location")).await;
    }
    let response = served.send("POST", &format!("/v2/app/blobs/uploads/?mount={digest}&from=source")).await;
    assert_eq!(response.status(), 201);
    assert_eq!(header(&response, "location"), format!("/v2/app/blobs/{digest}"));
    assert_eq!(served.send("GET", &format!("/v2/app/blobs/{digest}")).await.bytes().await.unwrap(), "shared");
}

#[tokio::test]
async fn an_image_whose_blobs_a_manifest_needs_is_kept_whole() {
    let served = served().await;
    let (manifest, digest) = served.push_image("app", "v1", "layer").await;
    let layer = format!("/v2/app/blobs/{}", manifest["layers"][0]["digest"].as_str().unwrap());
    check_error(served.send("DELETE", &layer).await, 403, "DENIED").await;
    assert_eq!(served.send("DELETE", &format!("/v2/app/manifests/{digest}")).await.status(), 202);
    assert_eq!(served.send("GET", &layer).await.status(), 200, "blobs stay until they are deleted");
    assert_eq!(served.send("DELETE", &layer).await.status(), 202);
    assert_eq!(served.send("GET", &layer).await.status(), 404);
}

#[tokio::test]
async fn an_incomplete_image_is_refused() {
    let served = served().await;
    let good = served.manifest("app", "layer").await;
    let elsewhere = served.manifest("other", "elsewhere").await;
    let mut missing = good.clone();
    missing["layers"][0]["digest"] = json!(Digest::sha256(b"missing"));
    let mut longer = good.clone();
    longer["layers"][0]["size"] = json!(6);
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        {"mediaType": OCI_MANIFEST, "digest": Digest::sha256(good.to_string().as_bytes()), "size": good.to_string().len()},
    ]});
    for (name, media_type, manifest, status, code) in [
        ("a missing layer", OCI_MANIFEST, &missing, 404, "MANIFEST_BLOB_UNKNOWN"),
        ("layers of another repository", OCI_MANIFEST, &elsewhere, 404, "MANIFEST_BLOB_UNKNOWN"),
        ("a wrong size", OCI_MANIFEST, &longer, 400, "SIZE_INVALID"),
        ("an index before its child", OCI_INDEX, &index, 404, "MANIFEST_BLOB_UNKNOWN"),
        ("another type than it says", DOCKER_MANIFEST, &good, 400, "MANIFEST_INVALID"),
        ("no manifest", OCI_MANIFEST, &json!({"schemaVersion": 2}), 400, "MANIFEST_INVALID"),
    ] {
        println!("{name}");
        let response = served.put_manifest("app", "v1", media_type, manifest).await;
        check_error(response, status, code).await;
    }
    check_error(served.send("GET", "/v2/app/tags/list").await, 404, "NAME_UNKNOWN").await;

    let mut foreign = good.clone();
    foreign["layers"] = json!([{"mediaType": DOCKER_FOREIGN_LAYER, "digest": Digest::sha256(b"far"), "size": 3,
        "urls": ["https://example.com/far"]}]);
    assert_eq!(served.put_manifest("app", "foreign", OCI_MANIFEST, &foreign).await.status(), 201);
    assert_eq!(served.put_manifest("app", "child", OCI_MANIFEST, &good).await.status(), 201);
    assert_eq!(served.put_manifest("app", "v1", OCI_INDEX, &index).await.status(), 201);
}

#[tokio::test]
async fn a_manifest_has_limits_and_a_right_digest() {
    let served = served().await;
    let manifest = served.manifest("app", "layer").await;
    let wrong = Digest::sha256(b"wrong").to_string();
    check_error(served.put_manifest("app", &wrong, OCI_MANIFEST, &manifest).await, 400, "DIGEST_INVALID")
        .await;
    check_error(
        served.put_manifest("app", ".bad-tag", OCI_MANIFEST, &manifest).await,
        400,
        "MANIFEST_INVALID",
    )
    .await;
    let wide = Digest::of(oci::digest::Algorithm::Sha512, manifest.to_string().as_bytes());
    let response = served.put_manifest("app", wide.as_str(), OCI_MANIFEST, &manifest).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "docker-content-digest")),
        (201, wide.as_str())
    );
    assert_eq!(served.send("GET", &format!("/v2/app/manifests/{wide}")).await.status(), 200);

    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    let chunked = futures_util::stream::iter([Ok::<_, std::io::Error>(large.clone())]);
    for (name, body) in [("known length", large.into()), ("unknown", reqwest::Body::wrap_stream(chunked))] {
        println!("{name}");
        let request =
            served.request("PUT", "/v2/app/manifests/v1").header("content-type", OCI_MANIFEST).body(body);
        // The server may answer and close before the whole body was sent, which some clients see as a reset.
        if let Ok(response) = request.send().await {
            check_error(response, 413, "MANIFEST_INVALID").await;
        }
    }
    check_error(served.send("GET", "/v2/app/manifests/v1").await, 404, "MANIFEST_UNKNOWN").await;
}

#[tokio::test]
async fn a_tag_moves_and_goes_while_its_manifest_stays() {
    let served = served().await;
    let (_, first) = served.push_image("app", "v1", "first").await;
    let (_, second) = served.push_image("app", "v1", "second").await;
    served.push_image("app", "also", "second").await;
    let status = async |selector: &str| {
        served.send("GET", &format!("/v2/app/manifests/{selector}")).await.status().as_u16()
    };
    let response = served.send("HEAD", "/v2/app/manifests/v1").await;
    assert_eq!(header(&response, "docker-content-digest"), second.as_str());
    assert_eq!(status(first.as_str()).await, 200, "the one that the tag left");

    assert_eq!(served.send("DELETE", "/v2/app/manifests/v1").await.status(), 202);
    assert_eq!(status("v1").await, 404);
    assert_eq!((status("also").await, status(second.as_str()).await), (200, 200));
    assert_eq!(served.send("DELETE", &format!("/v2/app/manifests/{second}")).await.status(), 202);
    assert_eq!((status("also").await, status(second.as_str()).await), (404, 404), "its tags go with it");
    assert_eq!(served.get_json("/v2/app/tags/list").await["tags"], json!([]));
}

#[tokio::test]
async fn a_slow_client_does_not_hold_up_others() {
    let served = served().await;
    let digest = served.push_blob("app", &vec![1; 8_000_000]).await;
    let mut slow = tokio::net::TcpStream::connect(served.server.address()).await.unwrap();
    let head = format!("GET /v2/app/blobs/{digest} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.read_exact(&mut [0; 100]).await.unwrap();
    for _ in 0..3 {
        let response = served.send("GET", &format!("/v2/app/blobs/{digest}")).await;
        assert_eq!(response.bytes().await.unwrap().len(), 8_000_000);
    }
}
