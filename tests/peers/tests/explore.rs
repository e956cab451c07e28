//! Lists and deletions at real registries: docker-registry with deleting on and off, and Longshore's own.

use peers::Longshore;
use serde_json::{Value, json};
use testkit::image::{Family, Image, Layer};
use testkit::real::{DockerRegistry, Skopeo};

/// One image under two tags, another one, and an index that lists the first.
fn fill(registry: &DockerRegistry) -> (Image, Image) {
    let image = Image::builder(Family::Oci).layer(Layer::noise(1, 5000)).build();
    let index = Image::index(Family::Oci, &[&image]);
    registry.put("team/app", "1.0", &image);
    registry.put("team/app", "latest", &image);
    registry.put("team/app", "2.0", &Image::tiny("other"));
    (image, index)
}

fn tags(longshore: &Longshore, repository: &str) -> Vec<String> {
    longshore.run(&["tags", repository, "--sort", "name"]).ok().lines().map(str::to_owned).collect()
}

#[test]
fn lists_are_what_skopeo_lists() {
    let registry = DockerRegistry::open();
    fill(&registry);
    let repository = format!("{}/team/app", registry.host());
    let longshore = Longshore::new();
    assert_eq!(tags(&longshore, &repository), ["1.0", "2.0", "latest"]);
    let theirs = Skopeo::new().run(&["list-tags", "--tls-verify=false", &format!("docker://{repository}")]);
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    let ours = longshore.run(&["tags", &repository, "--sort", "registry", "--json"]).json();
    let mut of_theirs: Vec<&str> =
        theirs["Tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut of_ours: Vec<&str> =
        ours["tags"].as_array().unwrap().iter().filter_map(|tag| tag["tag"].as_str()).collect();
    of_theirs.sort_unstable();
    of_ours.sort_unstable();
    assert_eq!(of_ours, of_theirs);
    assert_eq!(longshore.run(&["catalog", &registry.host()]).ok().trim(), repository);
    let none = longshore.run(&["referrers", &format!("{repository}:1.0"), "--json"]).json();
    assert_eq!((&none["api"], &none["referrers"]), (&json!(false), &json!([])), "2.8 has no Referrers API");
}

#[test]
fn a_deletion_says_what_goes_along_and_needs_a_word_for_it() {
    let registry = DockerRegistry::builder().delete().start();
    let (image, index) = fill(&registry);
    registry.put("team/app", "all", &index);
    let repository = format!("{}/team/app", registry.host());
    let name = format!("{repository}:1.0");
    let longshore = Longshore::new();
    let all = ["1.0", "2.0", "all", "latest"];

    let said = longshore.run(&["delete", &name, "--dry-run"]).ok();
    for part in [
        "tags named:",
        "1.0",
        "tags that go too:",
        "latest",
        "indexes with a hole:",
        "all",
        "4 tags were looked up",
    ] {
        assert!(said.contains(part), "`{part}` in {said}");
    }
    for (more, says) in [
        (&[][..], "--also-tags"),
        (&["--also-tags"], "--break-indexes"),
        (&["--break-indexes"], "--also-tags"),
    ] {
        let run = longshore.run(&[&["delete", &name], more].concat()).with_status(2);
        assert!(run.stderr.contains(says), "{}", run.stderr);
        assert_eq!(tags(&longshore, &repository), all, "nothing went");
    }
    let run = longshore.run(&["delete", &name, "--tag-only", "--json"]).with_status(1);
    assert!(run.stderr.contains("delete_unsupported"), "2.8 deletes no tags: {}", run.stderr);
    assert_eq!(tags(&longshore, &repository), all);

    let done = longshore.run(&["delete", &name, "--also-tags", "--break-indexes", "--json"]).json();
    assert_eq!(done["deleted"][0]["digest"], image.digest().as_str());
    let mut gone: Vec<&str> =
        done["deleted"][0]["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    gone.sort_unstable();
    assert_eq!(gone, ["1.0", "latest"]);
    assert_eq!(tags(&longshore, &repository), ["2.0", "all"]);
    longshore.run(&["delete", &format!("{repository}:2.0")]).ok();
    assert_eq!(tags(&longshore, &repository), ["all"]);
    longshore.run(&["delete", &format!("{repository}:2.0")]).with_status(1);
}

#[test]
fn where_deleting_is_off_that_is_explained() {
    let registry = DockerRegistry::open();
    fill(&registry);
    let repository = format!("{}/team/app", registry.host());
    let longshore = Longshore::new();
    let run = longshore.run(&["delete", &format!("{repository}:2.0")]).with_status(1);
    assert!(run.stderr.contains("does not delete manifests"), "{}", run.stderr);
    assert!(
        run.stderr.contains("hint: ") && run.stderr.contains("REGISTRY_STORAGE_DELETE_ENABLED"),
        "{}",
        run.stderr
    );
    assert_eq!(tags(&longshore, &repository).len(), 3);
}

#[test]
fn tokens_with_the_right_scopes_are_asked_for() {
    use testkit::auth::{Signer, TokenServer};
    let tokens = TokenServer::builder().signed(Signer::new("testkit")).account("ann", "secret").start();
    let registry = DockerRegistry::builder().tokens(&tokens, Some(("ann", "secret"))).delete().start();
    fill(&registry);
    let repository = format!("{}/team/app", registry.host());
    let longshore = Longshore::new();
    longshore.log_in(&registry.host(), "ann", "secret");
    let realm = tokens.host();
    let run = |args: &[&str]| longshore.run(&[args, &["--trust-realm", &realm]].concat());
    assert_eq!(run(&["catalog", &registry.host()]).ok().trim(), repository);
    run(&["delete", &format!("{repository}:2.0")]).ok();
    let asked: Vec<String> = tokens.issued().into_iter().flat_map(|it| it.scopes).collect();
    for scope in ["registry:catalog:*", "repository:team/app:pull", "repository:team/app:delete"] {
        assert!(asked.iter().any(|it| it == scope), "{scope} in {asked:?}");
    }
}
