//! Manifests and indexes: what is read, what is refused and how, with oci-spec as the second reader.

use oci::{
    Algorithm, Descriptor, Digest, MANIFEST_CAP, MAX_CHILDREN, Node, NodeProblem, Platform, media_type as mt,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn descriptor(media_type: &str, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": DIGEST, "size": size})
}

fn image() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": mt::OCI_MANIFEST,
        "config": descriptor(mt::OCI_CONFIG, 2),
        "layers": [descriptor(mt::OCI_LAYER_GZIP, 10), descriptor(mt::OCI_LAYER_ZSTD, 20)],
        "annotations": {"a": "b"},
    })
}

fn list() -> Value {
    let mut amd = descriptor(mt::OCI_MANIFEST, 5);
    amd["platform"] = json!({"os": "linux", "architecture": "amd64"});
    json!({"schemaVersion": 2, "mediaType": mt::OCI_INDEX, "manifests": [amd]})
}

fn without(mut value: Value, field: &str) -> Value {
    value.as_object_mut().expect("an object").remove(field).expect("the field is there");
    value
}

fn with(mut value: Value, field: &str, new: Value) -> Value {
    value[field] = new;
    value
}

fn read(value: &Value, content_type: Option<&str>) -> Result<Node, NodeProblem> {
    Node::parse(value.to_string().as_bytes(), content_type)
}

fn problem(text: &str) -> NodeProblem {
    Node::parse(text.as_bytes(), None).expect_err("it is refused")
}

#[test]
fn an_image_and_an_index() {
    let node = read(&image(), Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8")).unwrap();
    assert_eq!(node.media_type(), mt::OCI_MANIFEST);
    assert_eq!(node.artifact_type(), None);
    let sizes: Vec<u64> = node.successors().iter().map(|descriptor| descriptor.size).collect();
    assert_eq!(sizes, [2, 10, 20], "config, then layers, base first");
    let node = read(&list(), None).unwrap();
    assert_eq!(node.successors().len(), 1);
    let Node::Index(index) = node else { panic!("an index") };
    assert_eq!(index.platforms()[0].1, Some(&Platform::new("linux", "amd64")));
}

#[test]
fn the_kind_comes_from_the_document_then_the_header_then_the_fields() {
    let bare = without(image(), "mediaType");
    let docker = with(image(), "mediaType", json!(mt::DOCKER_MANIFEST));
    let cases = [
        ("own word", &docker, None, mt::DOCKER_MANIFEST),
        ("own word and the same header", &docker, Some(mt::DOCKER_MANIFEST), mt::DOCKER_MANIFEST),
        ("own word and a general header", &docker, Some("application/json"), mt::DOCKER_MANIFEST),
        ("own word and no header", &docker, Some(""), mt::DOCKER_MANIFEST),
        ("header alone", &bare, Some(mt::DOCKER_MANIFEST), mt::DOCKER_MANIFEST),
        ("fields alone", &bare, None, mt::OCI_MANIFEST),
        ("fields alone, plain text", &bare, Some("text/plain; charset=utf-8"), mt::OCI_MANIFEST),
    ];
    for (name, document, header, expected) in cases {
        assert_eq!(read(document, header).unwrap().media_type(), expected, "{name}");
    }
    assert_eq!(read(&without(list(), "mediaType"), None).unwrap().media_type(), mt::OCI_INDEX);
    assert!(read(&without(image(), "schemaVersion"), None).is_ok(), "seen in the wild, and harmless");
}

#[test]
fn f060_over_the_cap() {
    let mut text = image().to_string();
    text.push_str(&" ".repeat(usize::try_from(MANIFEST_CAP).unwrap() - text.len()));
    assert!(Node::parse(text.as_bytes(), None).is_ok(), "at the cap");
    text.push(' ');
    assert_eq!(problem(&text), NodeProblem::TooLarge { size: MANIFEST_CAP + 1 });
}

#[test]
fn f061_depth_duplicates_trailing_data_and_encoding() {
    let nested = |depth: usize| {
        // The document itself is the first level.
        format!(r#"{{"config":{DESCRIPTOR},"x":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1))
    };
    const DESCRIPTOR: &str = r#"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0}"#;
    assert!(Node::parse(nested(128).as_bytes(), None).is_ok());
    assert_eq!(problem(&nested(129)), NodeProblem::TooDeep);
    assert_eq!(problem(&"[".repeat(1 << 20)), NodeProblem::TooDeep);
    assert_eq!(problem(&r#"{"a":"#.repeat(1 << 16)), NodeProblem::TooDeep);

    let twice = |key: &str| NodeProblem::DuplicateKey { key: key.to_owned() };
    assert_eq!(problem(r#"{"layers":[],"config":{},"layers":[]}"#), twice("layers"));
    assert_eq!(problem(r#"{"config":{"size":1,"size":2}}"#), twice("size"));
    assert_eq!(problem(r#"{"config":{},"\u0063onfig":{}}"#), twice("config"), "by another spelling");
    // By another letter case, which Go's reader takes for the same key.
    let twin =
        |key: &str| problem(&image().to_string().replacen('{', &format!(r#"{{"{key}":[],"#), 1)).to_string();
    assert_eq!(twin("Layers"), "the manifest is malformed: `Layers` would be `layers` to some readers");
    assert_eq!(
        twin("MANIFESTS"),
        "the manifest is malformed: `MANIFESTS` would be `manifests` to some readers"
    );
    let sized = image().to_string().replace(r#""size":10"#, r#""size":10,"SIZE":11"#);
    assert!(matches!(problem(&sized), NodeProblem::Invalid(_)), "in a descriptor too");

    for tail in ["{}", "x", "\0", ",", "[]"] {
        assert_eq!(problem(&format!("{}{tail}", image())), NodeProblem::TrailingData, "{tail:?}");
    }
    assert!(Node::parse(format!(" \n{}\r\n\t", image()).as_bytes(), None).is_ok(), "white space is no data");

    assert_eq!(Node::parse(b"{\"a\":\"\xff\"}", None).unwrap_err(), NodeProblem::NotUtf8 { at: 6 });
    assert!(
        matches!(Node::parse(b"\xff\xfe{\0}\0", None).unwrap_err(), NodeProblem::NotUtf8 { at: 0 }),
        "UTF-16"
    );
    let marked = problem(&format!("\u{feff}{}", image())).to_string();
    assert_eq!(marked, "the manifest is not JSON: it begins with a byte-order mark");
    for text in ["", "{", "nul", r#"{"a":"\ud800"}"#, "{'a':1}", r#"{"a":1,}"#, r#"{"a":1e999}"#, "<html>"] {
        assert!(matches!(problem(text), NodeProblem::NotJson(_)), "{text}");
    }
}

#[test]
fn f062_both_kinds_or_another_than_was_said() {
    let both = with(image(), "manifests", json!([]));
    assert_eq!(read(&both, None).unwrap_err(), NodeProblem::Both { field: "layers" });
    let half = with(list(), "config", descriptor(mt::OCI_CONFIG, 2));
    assert_eq!(read(&half, None).unwrap_err(), NodeProblem::Both { field: "config" });
    for empty in [json!(null), json!([])] {
        let both = with(with(json!({}), "manifests", empty.clone()), "layers", empty);
        assert!(matches!(read(&both, None).unwrap_err(), NodeProblem::Both { .. }), "even empty: {both}");
    }

    let mismatch =
        |header: &str, body: &str| NodeProblem::TypeMismatch { header: header.into(), body: body.into() };
    let cases = [
        ("index sent, image inside", image(), Some(mt::OCI_INDEX), mismatch(mt::OCI_INDEX, mt::OCI_MANIFEST)),
        (
            "Docker sent, OCI inside",
            image(),
            Some(mt::DOCKER_MANIFEST),
            mismatch(mt::DOCKER_MANIFEST, mt::OCI_MANIFEST),
        ),
        (
            "index sent, fields of an image",
            without(image(), "mediaType"),
            Some(mt::DOCKER_LIST),
            mismatch(mt::DOCKER_LIST, mt::OCI_MANIFEST),
        ),
        (
            "says index, has an image's fields",
            with(image(), "mediaType", json!(mt::OCI_INDEX)),
            None,
            mismatch(mt::OCI_INDEX, mt::OCI_MANIFEST),
        ),
        (
            "says image, has an index's fields",
            with(list(), "mediaType", json!(mt::OCI_MANIFEST)),
            None,
            mismatch(mt::OCI_MANIFEST, mt::OCI_INDEX),
        ),
        ("an unknown type sent", image(), Some("application/x"), mismatch("application/x", mt::OCI_MANIFEST)),
    ];
    for (name, document, header, expected) in cases {
        assert_eq!(read(&document, header).unwrap_err(), expected, "{name}");
    }
}

#[test]
fn f063_sizes_are_refused_before_anything_is_allocated() {
    for size in ["-1", "9223372036854775808", "18446744073709551616", "1e10", "0.5", "null", "\"1\""] {
        let text = image().to_string().replace(r#""size":10"#, &format!(r#""size":{size}"#));
        assert!(matches!(problem(&text), NodeProblem::Invalid(_)), "{size}");
    }
    let text = image().to_string().replace(r#""size":10"#, r#""size":9223372036854775807"#);
    let Node::Manifest(manifest) = Node::parse(text.as_bytes(), None).unwrap() else { panic!("a manifest") };
    assert_eq!(manifest.layers[0].size, 9_223_372_036_854_775_807);
}

#[test]
fn the_size_of_a_transfer_counts_each_digest_once() {
    let blob = |content: &[u8], size| Descriptor::new(mt::OCI_LAYER, Digest::sha256(content), size);
    let Node::Manifest(mut manifest) = read(&image(), None).unwrap() else { panic!("a manifest") };
    manifest.layers = vec![blob(b"a", 10), blob(b"b", 20), blob(b"a", 10)];
    assert_eq!(manifest.transfer_size(), 2 + 10 + 20);
    manifest.layers = vec![blob(b"a", u64::MAX), blob(b"b", 20)];
    assert_eq!(manifest.transfer_size(), u64::MAX, "no overflow");
}

#[test]
fn f064_too_many_children() {
    let entries = |count: usize| vec![descriptor("a/b", 1); count];
    let index = |count| with(list(), "manifests", json!(entries(count)));
    let layers = |count| with(image(), "layers", json!(entries(count)));
    assert!(read(&index(MAX_CHILDREN), None).is_ok());
    assert!(read(&layers(MAX_CHILDREN), None).is_ok());
    let many = |what| NodeProblem::TooMany { what, found: MAX_CHILDREN + 1 };
    assert_eq!(read(&index(MAX_CHILDREN + 1), None).unwrap_err(), many("manifests"));
    assert_eq!(read(&layers(MAX_CHILDREN + 1), None).unwrap_err(), many("layers"));
    // 10⁵ of the shortest entries fit under the cap, and are refused by their number.
    let short = format!(r#"{{"manifests":[{}1]}}"#, "1,".repeat(99_999));
    assert_eq!(problem(&short), NodeProblem::TooMany { what: "manifests", found: 100_000 });
}

#[test]
fn f068_schema_1_and_unknown_documents_can_still_be_shown() {
    let schema1 = json!({"schemaVersion": 1, "name": "x", "tag": "y", "fsLayers": [], "history": []});
    for (name, document, header) in [
        ("by its number", json!({"schemaVersion": 1}), None),
        ("by its header", json!({}), Some(mt::DOCKER_SCHEMA1_SIGNED)),
        ("by its fields", json!({"fsLayers": []}), Some("application/json")),
        ("by everything", schema1, Some(mt::DOCKER_SCHEMA1)),
    ] {
        let problem = read(&document, header).unwrap_err();
        assert_eq!(problem, NodeProblem::Schema1, "{name}");
        assert!(problem.is_unsupported() && problem.hint().is_some());
    }
    for (name, document, header, media_type) in [
        (
            "the retired artifact manifest",
            json!({"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []}),
            None,
            "application/vnd.oci.artifact.manifest.v1+json",
        ),
        ("an unknown header", json!({}), Some("application/vnd.x+json"), "application/vnd.x+json"),
        ("nothing that tells", json!({"hello": 1}), None, "application/json"),
    ] {
        let problem = read(&document, header).unwrap_err();
        assert_eq!(problem, NodeProblem::Unsupported { media_type: media_type.to_owned() }, "{name}");
        assert!(problem.is_unsupported(), "{name}");
    }
    assert!(!problem("{").is_unsupported());

    // An artifact in the form of an image manifest is read, and says that it is no image.
    let chart = with(image(), "config", descriptor("application/vnd.cncf.helm.config.v1+json", 2));
    assert_eq!(read(&chart, None).unwrap().artifact_type(), Some("application/vnd.cncf.helm.config.v1+json"));
    let sbom = with(
        with(image(), "config", descriptor(mt::OCI_EMPTY, 2)),
        "artifactType",
        json!("application/spdx+json"),
    );
    let node = read(&with(sbom, "subject", descriptor(mt::OCI_MANIFEST, 7)), None).unwrap();
    assert_eq!(node.artifact_type(), Some("application/spdx+json"));
    assert_eq!(node.subject().unwrap().size, 7);
    assert_eq!(node.successors().len(), 3, "the subject is needed by nothing");
}

#[test]
fn f070_zero_layers_empty_blobs_and_sha512() {
    for layers in [json!([]), json!(null)] {
        let node = read(&with(image(), "layers", layers), None).unwrap();
        assert_eq!(node.successors().len(), 1);
    }
    let node = read(&without(image(), "layers"), None).unwrap();
    assert_eq!(node.successors().len(), 1);

    let empty = with(image(), "layers", json!([descriptor(mt::OCI_LAYER, 0)]));
    assert_eq!(read(&empty, None).unwrap().successors()[1].size, 0);

    let wide = Digest::of(Algorithm::Sha512, b"layer");
    let layer = json!({"mediaType": mt::OCI_LAYER_GZIP, "digest": wide.as_str(), "size": 5});
    let node = read(&with(image(), "layers", json!([layer])), None).unwrap();
    assert_eq!(node.successors()[1].digest, wide);
    assert_eq!(wide.hex().len(), 128);
}

#[test]
fn malformed_documents_are_refused() {
    for (name, document) in [
        ("a list", json!([])),
        ("no config", without(image(), "config")),
        ("config null", with(image(), "config", json!(null))),
        ("layers an object", with(image(), "layers", json!({}))),
        ("a layer that is text", with(image(), "layers", json!(["x"]))),
        (
            "a bad digest",
            with(image(), "config", json!({"mediaType": "a/b", "digest": "sha256:../x", "size": 1})),
        ),
        ("schema 3", with(image(), "schemaVersion", json!(3))),
        ("schema as text", with(image(), "schemaVersion", json!("2"))),
        ("media type a number", with(image(), "mediaType", json!(1))),
        ("annotation a number", with(image(), "annotations", json!({"a": 1}))),
        ("an index without entries' field", without(list(), "manifests")),
    ] {
        assert!(matches!(read(&document, None).unwrap_err(), NodeProblem::Invalid(_)), "{name}");
    }
}

#[test]
fn messages_stay_short_whatever_the_document_says() {
    let long = "x".repeat(1 << 20);
    let documents = [
        json!({"mediaType": long}).to_string(),
        format!(r#"{{"{long}":1,"{long}":2}}"#),
        json!({"layers": [], "mediaType": mt::OCI_MANIFEST, "schemaVersion": long}).to_string(),
    ];
    for document in documents {
        assert!(problem(&document).to_string().len() < 400);
    }
    assert!(read(&image(), Some(&long)).unwrap_err().to_string().len() < 400);
}

#[test]
fn ours_serialised_is_a_document_that_oci_spec_reads() {
    let Node::Manifest(manifest) = read(&image(), None).unwrap() else { panic!("a manifest") };
    let text = with(serde_json::to_value(&manifest).unwrap(), "schemaVersion", json!(2)).to_string();
    let theirs: oci_spec::image::ImageManifest = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), serde_json::to_value(theirs).unwrap());
}

/// Documents that are mostly right.
fn document() -> impl Strategy<Value = Value> {
    let size = prop_oneof![
        Just(json!(0)),
        Just(json!(1_u64 << 40)),
        Just(json!(-1)),
        Just(json!("1")),
        Just(json!(null))
    ];
    let digest = prop_oneof![8 => Just(json!(DIGEST)), 1 => Just(json!("sha256:x")), 1 => Just(json!(null))];
    let kind =
        prop::sample::select(vec![mt::OCI_LAYER_GZIP, mt::OCI_CONFIG, mt::OCI_MANIFEST, "application/x"]);
    let entry = (kind, digest, prop_oneof![6 => Just(json!(7)), 1 => size])
        .prop_map(|(kind, digest, size)| json!({"mediaType": kind, "digest": digest, "size": size}));
    let field = prop::sample::select(vec![
        "config",
        "layers",
        "manifests",
        "subject",
        "annotations",
        "artifactType",
        "x",
    ]);
    let fields = prop::collection::vec((field, prop::collection::vec(entry, 1..3)), 0..4);
    let own = prop::sample::select(vec![None, Some(mt::OCI_MANIFEST), Some(mt::OCI_INDEX)]);
    (fields, own).prop_map(|(fields, own)| {
        let mut document = json!({"schemaVersion": 2});
        if let Some(own) = own {
            document["mediaType"] = json!(own);
        }
        for (field, mut entries) in fields {
            document[field] = match field {
                "config" | "subject" => entries.remove(0),
                "annotations" => json!({"a": "b"}),
                "artifactType" => json!("application/x"),
                _ => Value::Array(entries),
            };
        }
        document
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_is_what_oci_spec_takes(document in document()) {
        let text = document.to_string();
        match Node::parse(text.as_bytes(), None) {
            Ok(Node::Manifest(ours)) => {
                // image-spec demands the field that row 70 does without.
                let document = if document.get("layers").is_some() { document } else { with(document, "layers", json!([])) };
                let theirs: oci_spec::image::ImageManifest = serde_json::from_value(document).unwrap();
                same(&ours.config, theirs.config());
                prop_assert_eq!(ours.layers.len(), theirs.layers().len());
                ours.layers.iter().zip(theirs.layers()).for_each(|(ours, theirs)| same(ours, theirs));
                prop_assert_eq!(ours.subject.is_some(), theirs.subject().is_some());
            }
            Ok(Node::Index(ours)) => {
                let theirs: oci_spec::image::ImageIndex = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(ours.manifests.len(), theirs.manifests().len());
                ours.manifests.iter().zip(theirs.manifests()).for_each(|(ours, theirs)| same(ours, theirs));
            }
            // What both readers would take as one of the two, ours refuses only for being both or mislabelled.
            Err(problem) => {
                let either = serde_json::from_str::<oci_spec::image::ImageManifest>(&text).is_ok()
                    || serde_json::from_str::<oci_spec::image::ImageIndex>(&text).is_ok();
                let ambiguous = matches!(problem, NodeProblem::Both { .. } | NodeProblem::TypeMismatch { .. });
                prop_assert!(!either || ambiguous, "{}: {}", problem, text);
            }
        }
    }

    #[test]
    fn f061_no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in any::<prop::sample::Index>()) {
        let _ = Node::parse(&bytes, None);
        let mut text = image().to_string().into_bytes();
        let at = cut.index(text.len());
        text.splice(at..(at + bytes.len() % 7).min(text.len()), bytes.iter().copied().take(5));
        let _ = Node::parse(&text, Some(mt::OCI_MANIFEST));
    }
}

fn same(ours: &Descriptor, theirs: &oci_spec::image::Descriptor) {
    assert_eq!(ours.media_type, theirs.media_type().to_string());
    assert_eq!(ours.digest.to_string(), theirs.digest().to_string());
    assert_eq!(ours.size, theirs.size());
}
