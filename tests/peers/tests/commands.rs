//! The verbs beside pull, and how they exit.

use peers::Longshore;
use serde_json::Value;
use testkit::image::{Family, Image, Layer};
use testkit::real::DockerRegistry;

#[test]
fn images_inspect_layers_rmi_and_gc() {
    let registry = DockerRegistry::open();
    let image = Image::builder(Family::Oci)
        .layer(Layer::noise(1, 10_000).created_by("COPY app /app # buildkit"))
        .layer(Layer::noise(2, 20_000))
        .build();
    registry.put("team/app", "1", &image);
    let reference = registry.reference("team/app", "1");
    let longshore = Longshore::new();
    assert_eq!(longshore.run(&["images", "--json"]).json(), Value::Array(vec![]));
    longshore.run(&["pull", &reference]).ok();

    let images = longshore.run(&["images", "--json"]).json();
    assert_eq!(images.as_array().unwrap().len(), 1, "{images}");
    let text = images.to_string();
    assert!(text.contains(&reference) && text.contains(image.digest().as_str()), "{text}");
    assert!(longshore.run(&["images"]).ok().contains("team/app"));

    for verb in ["inspect", "layers"] {
        let json = longshore.run(&[verb, &reference, "--json"]).json().to_string();
        for layer in &image.blobs[1..] {
            assert!(json.contains(layer.digest.as_str()), "{verb}: {json}");
        }
    }
    let layers = longshore.run(&["layers", &reference]).ok();
    assert!(layers.contains("COPY app /app"), "{layers}");

    longshore.run(&["rmi", &reference]).ok();
    assert_eq!(longshore.run(&["images", "--json"]).json(), Value::Array(vec![]));
    longshore.run(&["gc"]).ok();
    assert!(longshore.blobs().is_empty(), "what nothing names is gone");
}

#[test]
fn quiet_prints_the_name_alone() {
    let registry = DockerRegistry::open();
    registry.put("team/app", "1", &Image::tiny("x"));
    let reference = registry.reference("team/app", "1");
    assert_eq!(Longshore::new().run(&["pull", "-q", &reference]).ok().trim(), reference);
}

#[test]
fn exit_statuses() {
    let registry = DockerRegistry::open();
    registry.put("team/app", "1", &Image::tiny("x"));
    let longshore = Longshore::new();
    for (arguments, status) in [
        (&["pull", &registry.reference("team/app", "1")][..], 0),
        (&["pull", &registry.reference("team/app", "none")], 1),
        (&["pull", &registry.reference("team/none", "1")], 1),
        (&["inspect", &registry.reference("team/none", "1")], 1),
        (&["rmi", &registry.reference("team/none", "1")], 1),
        (&["pull"], 2),
        (&["pull", "--no-such-option", "x"], 2),
        (&["no-such-verb"], 2),
    ] {
        let run = longshore.run(arguments);
        assert_eq!(run.status, Some(status), "{arguments:?}: {}{}", run.stdout, run.stderr);
        if status != 0 {
            assert!(!run.stderr.is_empty(), "{arguments:?} fails without a word");
            assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        }
    }
}

#[test]
fn a_port_where_nothing_listens_is_named() {
    let gone = DockerRegistry::open().host();
    let run = Longshore::new().run(&["pull", &format!("{gone}/team/app:1")]).with_status(1);
    assert!(run.stderr.contains(&gone), "{}", run.stderr);
}
