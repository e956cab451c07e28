//! Image pages from images as the engine reads them.

use std::collections::HashSet;
use std::sync::Arc;

use engine::endpoint::Target;
use engine::image::inspect;
use engine::job::Job;
use engine::store::ContentStore;
use oci::descriptor::Descriptor;
use oci::reference::Reference;
use serde_json::json;
use testkit::image::{Family, Image as TestImage, Layer, Object};

use super::*;

/// A computer that has some blobs.
#[derive(Default)]
struct Computer {
    blobs: HashSet<String>,
    shared: Vec<(String, String)>,
    local: Option<String>,
}

impl Facts for Computer {
    fn has(&self, blob: &Descriptor) -> bool {
        self.blobs.contains(blob.digest.as_str())
    }
    fn held(&self, entry: &Descriptor) -> Held {
        let complete = self.blobs.contains(entry.digest.as_str());
        Held { size: complete.then_some(77), complete }
    }
    fn also_in(&self, layer: &Descriptor) -> Vec<String> {
        let others = self.shared.iter().filter(|(digest, _)| digest == layer.digest.as_str());
        others.map(|(_, name)| name.clone()).collect()
    }
    fn local_digest(&self) -> Option<String> {
        self.local.clone()
    }
}

/// The page of a test image, read through a store as the window does.
fn page(image: &TestImage, computer: &Computer) -> ImageDetail {
    let folder = tempfile::tempdir().expect("a folder");
    let store = ContentStore::open(folder.path()).expect("a store");
    for object in std::iter::once(&image.root).chain(&image.manifests).chain(&image.blobs) {
        store.put(&object.bytes).expect("stored");
    }
    let reference: Reference = "registry.example/team/app:1.0".parse().expect("a reference");
    store.publish(Some(&reference), &image.descriptor()).expect("named");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let source: Arc<dyn engine::endpoint::ImageSource> = Arc::new(store);
    let target = Target::Named(reference.clone());
    let found = runtime.block_on(inspect(&*source, &target, None, &Job::silent())).expect("an image");
    ImageDetail::assemble(&reference, Whence::Store, &found, computer)
}

fn layers() -> [Layer; 2] {
    [
        Layer::noise(1, 3_000).created_by("ADD rootfs.tar.xz / # buildkit"),
        Layer::noise(2, 1_000).created_by("RUN /bin/sh -c npm ci # buildkit"),
    ]
}

#[test]
fn a_page_says_what_runs_what_moves_and_what_is_here() {
    let run = json!({
        "Entrypoint": ["/app"], "Cmd": ["--port", "80"], "User": "app", "WorkingDir": "", "Env": ["A=b=c", "EMPTY"],
        "ExposedPorts": {"80/tcp": {}}, "Labels": {"title": "<b>bold</b>"}, "StopSignal": "SIGINT",
        "Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost/"], "Interval": 30_000_000_000u64},
    });
    let image = TestImage::builder(Family::Oci).layers(layers()).container_config(run).build();
    let [config, base, top] = image.blobs.as_slice() else { panic!("a config and two layers") };
    let computer = Computer {
        blobs: [base.digest.to_string()].into(),
        shared: vec![(base.digest.to_string(), "nginx:1.25".into())],
        local: Some("sha256:older".into()),
    };
    let page = page(&image, &computer);

    let layers: Vec<_> = page.layers.iter().filter(|layer| !layer.empty_layer).collect();
    let steps: Vec<_> =
        layers.iter().map(|layer| (layer.number, &*layer.instruction, &*layer.arguments)).collect();
    assert_eq!(steps, [(Some(1), "ADD", "rootfs.tar.xz /"), (Some(2), "RUN", "npm ci")]);
    assert_eq!(layers[1].created_by, "RUN /bin/sh -c npm ci # buildkit", "as it was written");
    assert_eq!(layers[0].compression.as_deref(), Some("gzip"));
    assert_eq!((layers[0].present_locally, layers[1].present_locally), (true, false));
    assert_eq!((&*layers[0].also_in, &*layers[1].also_in), (&["nginx:1.25".to_owned()][..], &[][..]));
    assert_eq!(page.transfer_size, config.size() + base.size() + top.size());
    assert_eq!((page.present_size, page.layer_count), (base.size(), 2));
    assert_eq!((page.local, page.from), (LocalState::Older, Whence::Store));
    assert!(page.index.is_none() && page.platforms.len() == 1 && page.platforms[0].selected);

    let run = page.run.expect("it runs");
    assert_eq!(run.healthcheck.as_deref(), Some("curl -f http://localhost/, every 30 s"));
    assert_eq!(run.working_dir, None, "an empty directory is none");
    assert_eq!(run.environment, [KeyValue::new("A", "b=c"), KeyValue::new("EMPTY", "")]);
    assert_eq!(run.labels, [KeyValue::new("title", "<b>bold</b>")], "text stays text");

    let titles: Vec<_> = page.documents.iter().map(|document| &*document.title).collect();
    assert_eq!(titles, ["Manifest", "Config"]);
    let text = page.documents[0].text.as_deref().expect("it is text");
    assert_eq!(text.as_bytes(), &image.root.bytes[..], "exactly as received");
}

#[test]
fn an_index_lists_its_platforms_and_its_attestations() {
    let amd = TestImage::builder(Family::Oci).layer(Layer::noise(1, 500)).build();
    let arm = TestImage::builder(Family::Oci).platform("linux/arm64").layer(Layer::noise(2, 400)).build();
    let (attestation, entry) = TestImage::attestation(&amd);
    let mut image = TestImage::index_edited(Family::Oci, &[&amd, &arm], |index| {
        index["manifests"].as_array_mut().expect("entries").push(entry);
    });
    image.manifests.push(attestation.root);
    let computer = Computer {
        blobs: [arm.digest().to_string()].into(),
        local: Some(image.digest().to_string()),
        ..Computer::default()
    };
    let page = page(&image, &computer);

    assert_eq!(page.local, LocalState::Same);
    assert_eq!(page.index.as_ref().map(|index| &*index.digest), Some(image.digest().as_str()));
    let selected = page.manifest.as_ref().expect("a manifest").platform.clone();
    assert_eq!(selected, oci::Platform::host().to_string());
    let entries: Vec<_> = page
        .platforms
        .iter()
        .map(|entry| (&*entry.platform, entry.selected, entry.attestation, entry.present_locally, entry.size))
        .collect();
    assert_eq!(
        entries,
        [
            ("linux/amd64", selected == "linux/amd64", false, false, Some(amd.blob_bytes())),
            ("linux/arm64", selected == "linux/arm64", false, true, Some(77)),
            ("unknown/unknown", false, true, false, None),
        ]
    );
    let titles: Vec<_> = page.documents.iter().map(|document| &*document.title).collect();
    assert_eq!(titles, ["Index", "Manifest", "Config"]);
}

#[test]
fn an_artifact_is_shown_as_its_documents() {
    let config = Object::new("application/vnd.cncf.helm.config.v1+json", &b"{}"[..]);
    let chart = Object::new("application/vnd.cncf.helm.chart.content.v1.tar+gzip", &b"chart"[..]);
    let body = json!({
        "schemaVersion": 2, "mediaType": oci::media_type::OCI_MANIFEST,
        "config": config.descriptor_json(), "layers": [chart.descriptor_json()],
        "annotations": {"org.opencontainers.image.version": "1"},
    });
    let root = Object::new(oci::media_type::OCI_MANIFEST, body.to_string().into_bytes());
    let page = page(&TestImage::from_parts(root, vec![], vec![config, chart]), &Computer::default());
    assert!(page.manifest.is_none() && page.layers.is_empty() && page.run.is_none());
    assert_eq!(page.documents.len(), 1);
    assert_eq!(page.annotations, [KeyValue::new("org.opencontainers.image.version", "1")]);
    assert!(page.flags[0].contains("artifact"), "{:?}", page.flags);
}

#[test]
fn a_layer_without_a_history_still_has_a_row() {
    let image = TestImage::builder(Family::Oci)
        .layers(layers())
        .edit_config(|config| config["history"] = json!([]))
        .build();
    let page = page(&image, &Computer::default());
    let rows: Vec<_> = page.layers.iter().map(|layer| (layer.number, &*layer.instruction)).collect();
    assert_eq!(rows, [(Some(1), "LAYER"), (Some(2), "LAYER")]);
}

#[test]
fn a_health_check_is_a_sentence() {
    let rows = [
        (
            json!({"Test": ["CMD", "curl", "-f", "x"], "Interval": 90_000_000_000u64}),
            Some("curl -f x, every 90 s"),
        ),
        (json!({"Test": ["CMD-SHELL", "true"], "Interval": 120_000_000_000u64}), Some("true, every 2 min")),
        (json!({"Test": ["CMD-SHELL", "true"], "Interval": 1_500_000_000u64}), Some("true, every 1.500 s")),
        (json!({"Test": ["CMD-SHELL", "true"]}), Some("true")),
        (json!({"Test": ["NONE"]}), Some("switched off")),
        (json!({"Test": []}), None),
        (json!("text"), None),
    ];
    for (check, expected) in rows {
        let config =
            json!({"os": "linux", "architecture": "amd64", "config": {"Healthcheck": check.clone()}});
        let (config, _) = oci::ImageConfig::parse(config.to_string().as_bytes()).expect("a config");
        assert_eq!(HowItRuns::from(&config).healthcheck.as_deref(), expected, "{check}");
    }
}
