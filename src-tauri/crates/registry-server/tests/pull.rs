//! Pulling and listing: what the spec's "Pull" and "Content Discovery" ask for, and what must be refused.

// clippy.toml allows it in tests, but clippy takes helpers here for something else.
#![allow(clippy::unwrap_used)]

mod common;

use common::{body_json, check_error, header, served, served_as};
use oci::digest::Digest;
use oci::media_type::{OCI_INDEX, OCI_MANIFEST};
use registry_server::Options;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn the_base_says_which_api_it_is() {
    let served = served().await;
    for path in ["/v2/", "/v2"] {
        let response = served.send("GET", path).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "docker-distribution-api-version"), "registry/2.0");
        assert_eq!(body_json(response).await, json!({}));
    }
    assert_eq!(served.send("HEAD", "/v2/").await.status(), 200);
}

#[tokio::test]
async fn a_manifest_is_served_by_tag_and_digest_as_it_was_pushed() {
    let served = served().await;
    let (manifest, digest) = served.push_image("team/app", "v1", "layer").await;
    for selector in ["v1".to_owned(), digest.to_string()] {
        for (method, accept) in
            [("GET", OCI_MANIFEST), ("HEAD", OCI_MANIFEST), ("GET", "text/html"), ("HEAD", "")]
        {
            let request = served.request(method, &format!("/v2/team/app/manifests/{selector}"));
            let response = request.header("accept", accept).send().await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(header(&response, "content-type"), OCI_MANIFEST, "whatever is accepted");
            assert_eq!(header(&response, "docker-content-digest"), digest.as_str());
            assert_eq!(header(&response, "content-length"), manifest.to_string().len().to_string());
            let body = response.bytes().await.unwrap();
            assert_eq!(body, if method == "HEAD" { String::new() } else { manifest.to_string() });
        }
    }
}

#[tokio::test]
async fn what_is_not_there_says_so_in_the_specs_words() {
    let served = served().await;
    let (_, digest) = served.push_image("app", "v1", "layer").await;
    let nothing = Digest::sha256(b"nothing");
    for (method, path, status, code) in [
        ("GET", "/v2/app/manifests/v2".to_owned(), 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/app/manifests/.invalid".to_owned(), 404, "MANIFEST_UNKNOWN"),
        ("GET", format!("/v2/app/manifests/{nothing}"), 404, "MANIFEST_UNKNOWN"),
        ("DELETE", format!("/v2/app/manifests/{nothing}"), 404, "MANIFEST_UNKNOWN"),
        ("GET", "/v2/none/manifests/v1".to_owned(), 404, "NAME_UNKNOWN"),
        ("GET", "/v2/none/tags/list".to_owned(), 404, "NAME_UNKNOWN"),
        ("GET", format!("/v2/app/blobs/{nothing}"), 404, "BLOB_UNKNOWN"),
        ("DELETE", format!("/v2/app/blobs/{nothing}"), 404, "BLOB_UNKNOWN"),
        ("GET", format!("/v2/app/blobs/{digest}"), 404, "BLOB_UNKNOWN"),
        ("GET", "/v2/app/blobs/uploads/none".to_owned(), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("PATCH", "/v2/app/blobs/uploads/none".to_owned(), 404, "BLOB_UPLOAD_UNKNOWN"),
        ("GET", "/v2/app/blobs/sha256:short".to_owned(), 400, "DIGEST_INVALID"),
        ("GET", "/v2/app/blobs/md5:d41d8cd98f00b204e9800998ecf8427e".to_owned(), 400, "DIGEST_INVALID"),
        ("GET", "/v2/UPPER/manifests/v1".to_owned(), 400, "NAME_INVALID"),
        ("GET", "/v2/app/nothing".to_owned(), 404, "NAME_INVALID"),
        ("GET", "/elsewhere".to_owned(), 404, "NAME_INVALID"),
        ("POST", "/v2/app/manifests/v1".to_owned(), 405, "UNSUPPORTED"),
        ("DELETE", "/v2/_catalog".to_owned(), 405, "UNSUPPORTED"),
        ("GET", "/v2/app/tags/list?n=many".to_owned(), 400, "PAGINATION_NUMBER_INVALID"),
        ("GET", "/v2/_catalog?n=-1".to_owned(), 400, "PAGINATION_NUMBER_INVALID"),
    ] {
        let response = served.send(method, &path).await;
        assert_eq!(header(&response, "docker-distribution-api-version"), "registry/2.0", "{path}");
        println!("{method} {path}");
        check_error(response, status, code).await;
    }
    let response = served.send("HEAD", &format!("/v2/app/blobs/{nothing}")).await;
    assert_eq!((response.status().as_u16(), response.bytes().await.unwrap().len()), (404, 0));
}

/// By hand, because a client's URL library takes dots out of a path before it sends it.
#[tokio::test]
async fn paths_that_climb_are_refused() {
    let served = served().await;
    for (method, path) in [
        ("GET", "/v2/../../etc/manifests/v1"),
        ("GET", "/v2/%2e%2e/%2e%2e/etc/manifests/v1"),
        ("POST", "/v2/..%2f..%2ftmp/blobs/uploads/"),
        ("DELETE", "/v2/app/../../x/blobs/uploads/y"),
        ("PUT", "/v2/app%00/manifests/v1"),
    ] {
        let mut connection = tokio::net::TcpStream::connect(served.server.address()).await.unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("NAME_INVALID"), "{path}: {answer}");
    }
    assert_eq!(std::fs::read_dir(served.store.ingest_dir()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_blob_comes_whole_or_in_ranges() {
    let served = served().await;
    // Several pieces of the server's, and not a multiple of them.
    let content: Vec<u8> = (0..2_000_003_u32).map(|number| (number % 251) as u8).collect();
    let digest = served.push_blob("app", &content).await;
    let path = format!("/v2/app/blobs/{digest}");
    let size = content.len();

    let response = served.send("HEAD", &path).await;
    assert_eq!(header(&response, "content-length"), size.to_string());
    assert_eq!(header(&response, "accept-ranges"), "bytes");
    assert_eq!(header(&response, "docker-content-digest"), digest.as_str());
    assert_eq!(response.bytes().await.unwrap().len(), 0);

    for (range, expected) in [
        (None, Some(0..size)),
        (Some("bytes=0-0".to_owned()), Some(0..1)),
        (Some(format!("bytes=600000-{}", size - 7)), Some(600_000..size - 6)),
        (Some("bytes=1999999-".to_owned()), Some(1_999_999..size)),
        (Some("bytes=-5".to_owned()), Some(size - 5..size)),
        (Some("bytes=0-1,5-6".to_owned()), Some(0..size)),
        (Some(format!("bytes={size}-")), None),
    ] {
        let mut request = served.request("GET", &path);
        if let Some(range) = &range {
            request = request.header("range", range);
        }
        let response = request.send().await.unwrap();
        let Some(expected) = expected else {
            assert_eq!(header(&response, "content-range"), format!("bytes */{size}"));
            check_error(response, 416, "SIZE_INVALID").await;
            continue;
        };
        let whole = expected == (0..size);
        assert_eq!(response.status(), if whole { 200 } else { 206 }, "{range:?}");
        assert_eq!(header(&response, "content-length"), expected.len().to_string(), "{range:?}");
        if !whole {
            let said = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
            assert_eq!(header(&response, "content-range"), said);
        }
        assert!(response.bytes().await.unwrap() == content[expected], "{range:?}");
    }

    for (etag, status) in [(format!("\"{digest}\""), 206), ("\"other\"".to_owned(), 200)] {
        let request = served.request("GET", &path).header("range", "bytes=5-").header("if-range", &etag);
        assert_eq!(request.send().await.unwrap().status(), status, "{etag}");
    }
}

#[tokio::test]
async fn empty_blobs_and_sha512_work() {
    let served = served().await;
    let empty = served.push_blob("app", b"").await;
    let response = served.send("GET", &format!("/v2/app/blobs/{empty}")).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-length")), (200, "0"));

    let wide = Digest::of(oci::digest::Algorithm::Sha512, b"wide");
    let path = format!("/v2/app/blobs/uploads/?digest={wide}");
    assert_eq!(served.request("POST", &path).body("wide").send().await.unwrap().status(), 201);
    let response = served.send("GET", &format!("/v2/app/blobs/{wide}")).await;
    assert_eq!(response.bytes().await.unwrap(), "wide");
}

#[tokio::test]
async fn lists_come_in_pages_that_lead_to_one_another() {
    let served = served().await;
    for tag in ["b", "a", "c-1", "B", "z.9"] {
        served.push_image("team/app", tag, "layer").await;
    }
    served.push_image("alone", "x", "layer").await;
    let sorted = json!(["B", "a", "b", "c-1", "z.9"]);
    assert_eq!(served.get_json("/v2/team/app/tags/list").await, json!({"name": "team/app", "tags": sorted}));
    assert_eq!(served.get_json("/v2/_catalog").await, json!({"repositories": ["alone", "team/app"]}));

    for (first, field, expected) in [
        ("/v2/team/app/tags/list?n=2", "tags", vec![json!(["B", "a"]), json!(["b", "c-1"]), json!(["z.9"])]),
        ("/v2/team/app/tags/list?n=5", "tags", vec![sorted]),
        ("/v2/team/app/tags/list?n=2&last=b", "tags", vec![json!(["c-1", "z.9"])]),
        ("/v2/team/app/tags/list?n=0", "tags", vec![json!([])]),
        ("/v2/team/app/tags/list?last=zz", "tags", vec![json!([])]),
        ("/v2/_catalog?n=1", "repositories", vec![json!(["alone"]), json!(["team/app"])]),
    ] {
        let mut pages = Vec::new();
        let mut next = Some(first.to_owned());
        while let Some(path) = next {
            let response = served.send("GET", &path).await;
            let link = header(&response, "link").to_owned();
            next = link.strip_prefix('<').map(|link| {
                assert!(link.ends_with(">; rel=\"next\""), "{link}");
                link.split_once('>').unwrap().0.to_owned()
            });
            pages.push(body_json(response).await[field].clone());
        }
        assert_eq!(pages, expected, "{first}");
    }
}

#[tokio::test]
async fn referrers_are_listed_and_filtered() {
    let served = served().await;
    let (manifest, subject) = served.push_image("app", "v1", "layer").await;
    let size = manifest.to_string().len();
    let path = format!("/v2/app/referrers/{subject}");
    let none = served.get_json(&path).await;
    assert_eq!(none, json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}));
    assert_eq!(
        served.get_json(&format!("/v2/nobody/referrers/{subject}")).await,
        none,
        "no repository, no referrers"
    );

    let mut expected = Vec::new();
    for kind in ["application/x-sbom", "application/x-signature"] {
        let mut referrer = served.manifest("app", kind).await;
        referrer["artifactType"] = json!(kind);
        referrer["subject"] = json!({"mediaType": OCI_MANIFEST, "digest": subject, "size": size});
        referrer["annotations"] = json!({"made-by": "test"});
        let text = referrer.to_string();
        let digest = Digest::sha256(text.as_bytes());
        let response = served.put_manifest("app", digest.as_str(), OCI_MANIFEST, &referrer).await;
        assert_eq!(response.status(), 201);
        assert_eq!(header(&response, "oci-subject"), subject.as_str());
        expected.push(json!({
            "mediaType": OCI_MANIFEST, "digest": digest, "size": text.len(),
            "annotations": {"made-by": "test"}, "artifactType": kind,
        }));
    }
    expected.sort_by_key(|referrer| referrer["digest"].to_string());

    let response = served.send("GET", &path).await;
    assert_eq!(header(&response, "content-type"), OCI_INDEX);
    assert_eq!(header(&response, "oci-filters-applied"), "");
    assert_eq!(body_json(response).await["manifests"], json!(expected));
    let response = served.send("GET", &format!("{path}?artifactType=application%2Fx-sbom")).await;
    assert_eq!(header(&response, "oci-filters-applied"), "artifactType");
    expected.retain(|referrer| referrer["artifactType"] == "application/x-sbom");
    assert_eq!(body_json(response).await["manifests"], json!(expected));
    check_error(served.send("GET", "/v2/app/referrers/sha256:x").await, 400, "DIGEST_INVALID").await;
}

#[tokio::test]
async fn a_damaged_blob_is_never_served_as_whole() {
    let served = served().await;
    let (_, digest) = served.push_image("app", "v1", "layer").await;
    std::fs::write(served.store.blob_path(&digest), "{}").unwrap();
    let response = served.send("GET", "/v2/app/manifests/v1").await;
    check_error(response, 500, "UNKNOWN").await;
}

#[tokio::test]
async fn another_process_changes_are_seen() {
    let served = served().await;
    let (_, digest) = served.push_image("app", "v1", "layer").await;
    let other = engine::store::ContentStore::open(served.store.path()).unwrap();
    let root = other.resolve(&"practice.invalid/app:v1".parse().unwrap()).unwrap().unwrap();
    assert_eq!(root.digest, digest);
    other.publish(Some(&"practice.invalid/app:v2".parse().unwrap()), &root).unwrap();
    other.publish(Some(&"docker.io/library/nginx:1".parse().unwrap()), &root).unwrap();
    assert_eq!(served.get_json("/v2/app/tags/list").await["tags"], json!(["v1", "v2"]));
    assert_eq!(
        served.get_json("/v2/_catalog").await["repositories"],
        json!(["app"]),
        "other names are not served"
    );
}

#[tokio::test]
async fn only_this_computer_is_answered() {
    let served = served().await;
    let port = served.server.address().port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("practice.localhost:{port}"), 200),
        (format!("[::1]:{port}"), 200),
        ("attacker.example".to_owned(), 421),
        (format!("127.0.0.1.attacker.example:{port}"), 421),
        ("192.168.1.10".to_owned(), 421),
    ] {
        let response = served.request("GET", "/v2/").header("host", &host).send().await.unwrap();
        assert_eq!(response.status(), status, "{host}");
    }
    let options = Options { address: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    let refused = registry_server::RegistryServer::start(served.store.clone(), options).await.unwrap_err();
    assert_eq!(refused.code(), engine::Code::ConfigInvalid);
}

#[tokio::test]
async fn a_read_only_registry_takes_nothing() {
    let served = served_as(Options { read_only: true, ..Options::default() }).await;
    for (method, path) in [
        ("POST", "/v2/app/blobs/uploads/"),
        ("PUT", "/v2/app/manifests/v1"),
        ("DELETE", "/v2/app/manifests/v1"),
        ("PATCH", "/v2/app/blobs/uploads/x"),
    ] {
        check_error(served.send(method, path).await, 405, "UNSUPPORTED").await;
    }
    assert_eq!(served.send("GET", "/v2/").await.status(), 200);
}

#[tokio::test]
async fn it_stops_though_a_client_keeps_its_connection() {
    let served = served().await;
    let address = served.server.address();
    assert_eq!(served.send("GET", "/v2/").await.status(), 200, "a connection is open, and idle");
    assert!(served.store.gc(true).is_err(), "the store is leased");
    let (store, server) = (served.store.clone(), served.server);
    server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    store.gc(true).unwrap();
}
