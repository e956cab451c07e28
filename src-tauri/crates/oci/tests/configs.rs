//! Image configs, read leniently: what is shown of good ones, and what is flagged in bad ones.

use oci::{Digest, ImageConfig, Manifest, Node, Platform};
use proptest::prelude::*;
use serde_json::{Value, json};

fn digest(content: &str) -> String {
    Digest::sha256(content.as_bytes()).to_string()
}

fn config() -> Value {
    json!({
        "created": "2026-01-02T03:04:05Z", "author": "someone", "architecture": "arm", "os": "linux", "variant": "v7",
        "config": {
            "User": "nginx", "ExposedPorts": {"80/tcp": {}, "443/tcp": {}}, "Env": ["PATH=/bin", "A=b=c"],
            "Entrypoint": ["/entry.sh"], "Cmd": ["nginx", "-g"], "Volumes": {"/data": {}}, "WorkingDir": "/srv",
            "Labels": {"b": "2", "a": "1"}, "StopSignal": "SIGQUIT", "Healthcheck": {"Test": ["CMD", "true"]},
            "Shell": ["/bin/bash", "-c"], "OnBuild": ["RUN x"]
        },
        "rootfs": {"type": "layers", "diff_ids": [digest("a"), digest("b")]},
        "history": [
            {"created": "2026-01-01T00:00:00Z", "created_by": "ADD x /", "comment": "buildkit.dockerfile.v0"},
            {"created_by": "ENV A=b=c", "empty_layer": true},
            {"created_by": "RUN y", "author": "me"}
        ]
    })
}

fn parse(value: &Value) -> (ImageConfig, Vec<String>) {
    ImageConfig::parse(value.to_string().as_bytes()).expect("it is read")
}

fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).expect("the field is there") = new;
    value
}

fn manifest(layers: usize) -> Manifest {
    let blob =
        json!({"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest("c"), "size": 1});
    let text = json!({"config": blob, "layers": vec![blob.clone(); layers]}).to_string();
    match Node::parse(text.as_bytes(), None).expect("it is read") {
        Node::Manifest(manifest) => manifest,
        Node::Index(_) => panic!("a manifest"),
    }
}

#[test]
fn every_field_is_read() {
    let (config, flags) = parse(&config());
    assert_eq!(flags, [] as [String; 0]);
    assert_eq!(config.platform().to_string(), "linux/arm/v7");
    assert_eq!(config.created.as_deref(), Some("2026-01-02T03:04:05Z"));
    assert_eq!(config.author.as_deref(), Some("someone"));
    let run = &config.config;
    assert_eq!(run.user.as_deref(), Some("nginx"));
    assert_eq!(run.exposed_ports, ["443/tcp", "80/tcp"], "sorted");
    assert_eq!(run.env, ["PATH=/bin", "A=b=c"], "in order");
    assert_eq!(
        (run.entrypoint.join(" "), run.cmd.join(" ")),
        ("/entry.sh".to_owned(), "nginx -g".to_owned())
    );
    assert_eq!(run.volumes, ["/data"]);
    assert_eq!(run.working_dir.as_deref(), Some("/srv"));
    assert_eq!(run.labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(run.stop_signal.as_deref(), Some("SIGQUIT"));
    assert_eq!(run.healthcheck, Some(json!({"Test": ["CMD", "true"]})));
    assert_eq!((run.shell.len(), run.on_build.len()), (2, 1));
    assert_eq!(config.diff_ids, [Digest::sha256(b"a"), Digest::sha256(b"b")]);
    let steps: Vec<_> =
        config.history.iter().map(|step| (step.created_by.as_str(), step.empty_layer)).collect();
    assert_eq!(steps, [("ADD x /", false), ("ENV A=b=c", true), ("RUN y", false)]);
    assert_eq!(config.history[0].comment.as_deref(), Some("buildkit.dockerfile.v0"));
    assert_eq!(config.history[2].author.as_deref(), Some("me"));
}

#[test]
fn an_empty_config_and_nulls_are_no_faults() {
    let (empty, flags) = parse(&json!({}));
    assert_eq!((empty.clone(), flags), (ImageConfig::default(), Vec::new()));
    assert!(empty.platform().is_unknown());
    let nulls = json!({"created": null, "architecture": null, "config": {"Env": null, "Cmd": null, "Labels": null,
        "ExposedPorts": null, "Healthcheck": null}, "rootfs": {"diff_ids": null}, "history": null});
    assert_eq!(parse(&nulls), (ImageConfig::default(), Vec::new()));
    assert_eq!(parse(&json!({"config": null, "rootfs": null})).1, [] as [String; 0]);
}

#[test]
fn f066_diff_ids_and_history_that_do_not_fit_the_layers() {
    let (config, _) = parse(&config());
    assert_eq!(config.flags_against(&manifest(2)), [] as [String; 0]);
    assert_eq!(
        config.flags_against(&manifest(3)),
        [
            "The config lists 2 diff IDs for 3 layers",
            "The history has 2 steps that make a layer, the manifest 3 layers"
        ]
    );
    let (one, _) = parse(&json!({"rootfs": {"diff_ids": [digest("a")]}}));
    assert_eq!(one.flags_against(&manifest(1)), [] as [String; 0], "history is optional");
    assert_eq!(one.flags_against(&manifest(0)), ["The config lists 1 diff ID for 0 layers"]);
    let (none, _) = parse(&json!({}));
    assert_eq!(none.flags_against(&manifest(0)), [] as [String; 0]);
    assert_eq!(none.flags_against(&manifest(1)), ["The config lists 0 diff IDs for 1 layer"]);
}

#[test]
fn f067_invalid_fields_are_flagged_and_the_rest_stays() {
    let cases = [
        ("/created", json!(7), "created: not text"),
        ("/architecture", json!([]), "architecture: not text"),
        ("/config", json!("x"), "config: not an object"),
        ("/config/Env", json!({"A": "b"}), "config.Env: not a list"),
        ("/config/Env/1", json!(null), "config.Env[1]: not text"),
        ("/config/Cmd", json!(1), "config.Cmd: not a list"),
        ("/config/ExposedPorts", json!(["80"]), "config.ExposedPorts: not an object"),
        ("/config/Labels", json!("x"), "config.Labels: not an object"),
        ("/config/Labels/a", json!(1), "config.Labels.a: not text"),
        ("/rootfs", json!([]), "rootfs: not an object"),
        ("/rootfs/diff_ids/1", json!("sha256:../x"), "rootfs.diff_ids: `.` is no hexadecimal digit"),
        ("/history", json!({}), "history: not a list"),
        ("/history/1", json!("x"), "history[1]: not an object"),
        ("/history/2/created_by", json!(1), "history[2].created_by: not text"),
        ("/history/1/empty_layer", json!("yes"), "history[1].empty_layer: neither true nor false"),
    ];
    for (pointer, value, flag) in cases {
        let (found, flags) = parse(&with(config(), pointer, value));
        assert_eq!(flags, [flag], "{pointer}");
        assert_eq!(found.os, "linux", "{pointer}: the rest stays");
    }
    let (holed, _) = parse(&with(config(), "/rootfs/diff_ids/0", json!("x")));
    assert_eq!(holed.diff_ids, [], "a hole would shift every later digest");
    let (odd, _) = parse(&with(config(), "/history/1", json!(7)));
    assert_eq!(odd.history.len(), 3, "an unreadable step keeps its place");
    assert_eq!(odd.history[2].created_by, "RUN y");
}

#[test]
fn the_shell_form_as_one_text() {
    let (config, flags) = parse(&with(config(), "/config/Cmd", json!("nginx -g")));
    assert_eq!(config.config.cmd, ["/bin/sh", "-c", "nginx -g"]);
    assert_eq!(flags, [] as [String; 0]);
}

#[test]
fn f067_what_is_no_object_is_an_error() {
    for text in ["", "{", "[]", "null", "\"x\"", "{} {}", "<html>"] {
        let problem = ImageConfig::parse(text.as_bytes()).unwrap_err();
        assert!(problem.starts_with("the config is no"), "{text}: {problem}");
    }
    assert!(ImageConfig::parse("\u{feff}{}".as_bytes()).is_ok(), "a byte-order mark harms nobody here");
    assert!(ImageConfig::parse("[".repeat(1 << 20).as_bytes()).is_err(), "no stack overflow");
}

proptest! {
    #[test]
    fn what_oci_spec_reads_is_read_alike(
        env in prop::collection::vec("[A-Z]{1,4}=[a-z=]{0,4}", 0..4),
        cmd in prop::collection::vec("[a-z ]{0,5}", 0..3),
        labels in prop::collection::btree_map("[a-z.]{1,5}", "[a-z é\"]{0,5}", 0..4),
        steps in prop::collection::vec(("[A-Z]{3} [a-z]{0,4}", any::<bool>()), 0..5),
        variant in prop::option::of("v[5-8]"),
    ) {
        let history: Vec<Value> = steps.iter().map(|(by, empty)| json!({"created_by": by, "empty_layer": empty})).collect();
        let mut document = json!({"architecture": "arm", "os": "linux", "config": {"Env": env, "Cmd": cmd, "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [digest("a")]}, "history": history});
        if let Some(variant) = &variant {
            document["variant"] = json!(variant);
        }
        let (ours, flags) = parse(&document);
        prop_assert_eq!(flags, Vec::<String>::new());
        let theirs: oci_spec::image::ImageConfiguration = serde_json::from_value(document).unwrap();
        prop_assert_eq!(ours.platform(), Platform { variant: theirs.variant().clone(), ..Platform::new("linux", "arm") });
        let run = theirs.config().as_ref().unwrap();
        prop_assert_eq!(&ours.config.env, &run.env().clone().unwrap_or_default());
        prop_assert_eq!(&ours.config.cmd, &run.cmd().clone().unwrap_or_default());
        let their_labels = run.labels().clone().unwrap_or_default();
        prop_assert_eq!(ours.config.labels.len(), their_labels.len());
        prop_assert!(ours.config.labels.iter().all(|(key, value)| their_labels.get(key) == Some(value)));
        let their_steps: Vec<_> = theirs.history().iter().flatten().map(|step| step.created_by().clone().unwrap()).collect();
        prop_assert_eq!(ours.history.iter().map(|step| step.created_by.clone()).collect::<Vec<_>>(), their_steps);
    }

    #[test]
    fn any_json_is_read_or_refused(text in "[\\[\\]{}:,\"a-z0-9 ]{0,60}") {
        let _ = ImageConfig::parse(text.as_bytes());
    }
}
