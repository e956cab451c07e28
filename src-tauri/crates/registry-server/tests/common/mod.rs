//! A server over a fresh store, and a client that sends what a test says, as it is.

// Each test binary uses its own part of this.
#![allow(dead_code)]

use engine::store::ContentStore;
use oci::digest::Digest;
use oci::media_type::{OCI_CONFIG, OCI_LAYER, OCI_MANIFEST};
use registry_server::{Options, RegistryServer};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

pub struct Served {
    pub server: RegistryServer,
    pub store: ContentStore,
    client: reqwest::Client,
    _dir: tempfile::TempDir,
}

/// A served store that is empty.
pub async fn served() -> Served {
    served_as(Options::default()).await
}

pub async fn served_as(options: Options) -> Served {
    // reqwest wants one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let store = ContentStore::open(dir.path().join("store")).unwrap();
    let server = RegistryServer::start(store.clone(), options).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    Served { server, store, client, _dir: dir }
}

impl Served {
    /// The same store, served anew.
    pub async fn again(self, options: Options) -> Self {
        let Self { server, store, client, _dir } = self;
        server.stop().await;
        let server = RegistryServer::start(store.clone(), options).await.unwrap();
        Self { server, store, client, _dir }
    }

    /// A request to a path, or to a Location that an answer gave.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("http://{}{path}", self.server.address()))
    }

    pub async fn send(&self, method: &str, path: &str) -> Response {
        self.request(method, path).send().await.unwrap()
    }

    pub async fn get_json(&self, path: &str) -> Value {
        let response = self.send("GET", path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        body_json(response).await
    }

    /// Uploads a blob in one request.
    pub async fn push_blob(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = Digest::sha256(content);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let response = self.request("POST", &path).body(content.to_vec()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        digest
    }

    pub async fn put_manifest(
        &self,
        repository: &str,
        selector: &str,
        media_type: &str,
        manifest: &Value,
    ) -> Response {
        let request = self.request("PUT", &format!("/v2/{repository}/manifests/{selector}"));
        request.header("content-type", media_type).body(manifest.to_string()).send().await.unwrap()
    }

    /// Pushes an image of one layer; its manifest and that one's digest.
    pub async fn push_image(&self, repository: &str, tag: &str, content: &str) -> (Value, Digest) {
        let manifest = self.manifest(repository, content).await;
        let response = self.put_manifest(repository, tag, OCI_MANIFEST, &manifest).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        (manifest.clone(), Digest::sha256(manifest.to_string().as_bytes()))
    }

    /// Uploads a config and a layer, and says what manifest they make.
    pub async fn manifest(&self, repository: &str, content: &str) -> Value {
        let config = json!({"architecture": "amd64", "os": "linux", "x": content}).to_string();
        let config_digest = self.push_blob(repository, config.as_bytes()).await;
        let layer = self.push_blob(repository, content.as_bytes()).await;
        json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "digest": config_digest, "size": config.len()},
            "layers": [{"mediaType": OCI_LAYER, "digest": layer, "size": content.len()}],
        })
    }
}

pub async fn body_json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// Checks that an answer is the spec's error with this status and code.
pub async fn check_error(response: Response, status: u16, code: &str) {
    assert_eq!(header(&response, "content-type"), "application/json");
    let found = response.status();
    let body = body_json(response).await;
    assert_eq!(found.as_u16(), status, "{body}");
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["code"], code, "{body}");
    assert!(!errors[0]["message"].as_str().unwrap().is_empty());
}
