//! The engine's explorer against this registry: lists, referrers, and deleting with its blast radius.

// clippy.toml allows it in tests, but clippy takes helpers here for something else.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Served, served};
use engine::Code;
use engine::credential::Keyring;
use engine::error::Action;
use engine::exchange::ExchangeLog;
use engine::registry::delete::{DeleteMode, DeletePlan, DeleteReport, Selector};
use engine::registry::{Http, HttpOptions, Registries, RegistryClient};
use oci::digest::Digest;
use oci::media_type::{OCI_EMPTY, OCI_INDEX, OCI_MANIFEST};
use oci::name::RepositoryName;
use oci::reference::Tag;
use registry_server::Options;
use serde_json::{Value, json};

struct Scene {
    served: Served,
    client: RegistryClient,
    repository: RepositoryName,
}

impl Scene {
    async fn new() -> Self {
        Self::of(served().await)
    }

    fn of(served: Served) -> Self {
        let http = Http::new(HttpOptions::default(), ExchangeLog::default());
        let repository: RepositoryName = format!("{}/app", served.server.address()).parse().unwrap();
        let client = Registries::new(http, Keyring::anonymous()).client(repository.registry());
        Self { served, client, repository }
    }

    async fn push(&self, tag: &str, content: &str) -> Digest {
        self.served.push_image("app", tag, content).await.1
    }

    async fn put(&self, selector: &str, media_type: &str, manifest: &Value) -> Digest {
        let response = self.served.put_manifest("app", selector, media_type, manifest).await;
        assert_eq!(response.status(), 201);
        Digest::sha256(manifest.to_string().as_bytes())
    }

    async fn plan(&self, chosen: &[&str]) -> engine::Result<DeletePlan> {
        let chosen: Vec<Selector> = chosen.iter().map(|text| text.parse().unwrap()).collect();
        self.client.plan_delete(&self.repository, &chosen, None).await
    }

    async fn delete(&self, plan: &DeletePlan, mode: DeleteMode) -> DeleteReport {
        self.client.delete(plan, mode, None).await.unwrap()
    }

    async fn tags(&self) -> Vec<String> {
        let list = self.client.tags(&self.repository, None).await.unwrap();
        list.tags.iter().map(Tag::to_string).collect()
    }

    async fn is_there(&self, selector: &str) -> bool {
        self.served.send("HEAD", &format!("/v2/app/manifests/{selector}")).await.status() == 200
    }
}

fn texts(tags: &[Tag]) -> Vec<&str> {
    tags.iter().map(Tag::as_str).collect()
}

fn entry(media_type: &str, manifest: &Value) -> Value {
    let bytes = manifest.to_string();
    json!({ "mediaType": media_type, "digest": Digest::sha256(bytes.as_bytes()), "size": bytes.len() })
}

/// An artifact about a manifest.
async fn signature(scene: &Scene, subject: &Value) -> Digest {
    let blob = scene.served.push_blob("app", b"{}").await;
    let empty = json!({ "mediaType": OCI_EMPTY, "digest": blob, "size": 2 });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/vnd.cncf.notary.signature",
        "config": empty, "layers": [empty], "subject": entry(OCI_MANIFEST, subject),
    });
    let digest = Digest::sha256(manifest.to_string().as_bytes());
    scene.put(digest.as_str(), OCI_MANIFEST, &manifest).await
}

#[tokio::test]
async fn a_plan_names_everything_that_would_go_and_only_that_goes() {
    let scene = Scene::new().await;
    let (manifest, digest) = scene.served.push_image("app", "1.0", "one").await;
    scene.put("latest", OCI_MANIFEST, &manifest).await;
    let other = scene.push("2.0", "two").await;
    let index = json!({
        "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry(OCI_MANIFEST, &manifest)],
    });
    let index_digest = scene.put("all", OCI_INDEX, &index).await;
    let signature = signature(&scene, &manifest).await;

    let plan = scene.plan(&["1.0"]).await.unwrap();
    let [item] = &plan.items[..] else { panic!("{plan:?}") };
    assert_eq!(item.descriptor.digest, digest);
    assert_eq!((texts(&item.chosen), texts(&item.also)), (vec!["1.0"], vec!["latest"]));
    let [parent] = &item.parents[..] else { panic!("{item:?}") };
    assert_eq!((&parent.digest, texts(&parent.tags)), (&index_digest, vec!["all"]));
    assert_eq!(item.referrers, std::slice::from_ref(&signature));
    assert_eq!((plan.checked, plan.unchecked, plan.can_untag), (4, 0, None));
    assert!(item.size.unwrap() > 3 && plan.goes_beyond() && plan.warnings.is_empty(), "{plan:?}");
    assert_eq!(scene.tags().await, ["1.0", "2.0", "all", "latest"], "a plan deletes nothing");

    let report = scene.delete(&plan, DeleteMode::Manifest).await;
    let [deleted] = &report.deleted[..] else { panic!("{report:?}") };
    assert_eq!((&deleted.digest, texts(&deleted.tags)), (&digest, vec!["1.0", "latest"]));
    assert!(deleted.manifest && report.undone.is_empty());
    assert_eq!(scene.tags().await, ["2.0", "all"]);
    assert!(!scene.is_there(digest.as_str()).await);
    assert!(scene.is_there(other.as_str()).await && scene.is_there(signature.as_str()).await);
}

#[tokio::test]
async fn a_tag_is_deleted_alone_and_that_is_learnt() {
    let scene = Scene::new().await;
    let (manifest, digest) = scene.served.push_image("app", "1.0", "one").await;
    scene.put("latest", OCI_MANIFEST, &manifest).await;
    let plan = scene.plan(&["latest"]).await.unwrap();
    let report = scene.delete(&plan, DeleteMode::Tag).await;
    let [deleted] = &report.deleted[..] else { panic!("{report:?}") };
    assert_eq!((texts(&deleted.tags), deleted.manifest), (vec!["latest"], false));
    assert_eq!(scene.tags().await, ["1.0"]);
    assert!(scene.is_there(digest.as_str()).await);
    assert_eq!(scene.plan(&["1.0"]).await.unwrap().can_untag, Some(true));
}

#[tokio::test]
async fn what_changed_since_the_plan_is_left_alone_and_told() {
    for mode in [DeleteMode::Manifest, DeleteMode::Tag] {
        let scene = Scene::new().await;
        let digest = scene.push("1.0", "one").await;
        let plan = scene.plan(&["1.0"]).await.unwrap();
        let moved_to = scene.push("1.0", "another").await;
        let report = scene.delete(&plan, mode).await;
        assert!(report.deleted.is_empty(), "{mode:?}: {report:?}");
        let [undone] = &report.undone[..] else { panic!("{report:?}") };
        assert_eq!(undone.error.code(), Code::Changed, "{mode:?}");
        assert_eq!(undone.what.to_string(), "1.0");
        assert!(undone.error.hint().is_some());
        assert!(scene.is_there(digest.as_str()).await && scene.is_there(moved_to.as_str()).await);
    }

    // A tag that came onto it would go too, and nobody was told of it.
    let scene = Scene::new().await;
    let (manifest, digest) = scene.served.push_image("app", "1.0", "one").await;
    let plan = scene.plan(&["1.0"]).await.unwrap();
    scene.put("precious", OCI_MANIFEST, &manifest).await;
    let report = scene.delete(&plan, DeleteMode::Manifest).await;
    assert!(report.deleted.is_empty(), "{report:?}");
    assert_eq!(report.undone[0].error.code(), Code::Changed);
    assert!(report.undone[0].error.message().contains("`precious`"), "{report:?}");
    assert!(scene.is_there(digest.as_str()).await);

    // An index that came to list it would have a hole.
    let scene = Scene::new().await;
    let (manifest, digest) = scene.served.push_image("app", "1.0", "one").await;
    let plan = scene.plan(&["1.0"]).await.unwrap();
    let index = json!({
        "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry(OCI_MANIFEST, &manifest)],
    });
    scene.put("all", OCI_INDEX, &index).await;
    let report = scene.delete(&plan, DeleteMode::Manifest).await;
    assert_eq!(report.undone[0].error.code(), Code::Changed, "{report:?}");
    assert!(report.deleted.is_empty() && scene.is_there(digest.as_str()).await);
}

#[tokio::test]
async fn several_are_one_plan_and_an_index_goes_before_its_children() {
    let scene = Scene::new().await;
    let (manifest, digest) = scene.served.push_image("app", "child", "one").await;
    let index = json!({
        "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry(OCI_MANIFEST, &manifest)],
    });
    let index = scene.put("all", OCI_INDEX, &index).await;
    let plan = scene.plan(&["child", digest.as_str(), "all", "gone"]).await.unwrap();
    let order: Vec<&Digest> = plan.items.iter().map(|item| &item.descriptor.digest).collect();
    assert_eq!(order, [&index, &digest]);
    assert!(plan.items[1].by_digest && texts(&plan.items[1].chosen) == ["child"]);
    assert!(plan.items.iter().all(|item| item.parents.is_empty()), "the index goes too: {plan:?}");
    assert!(plan.warnings.iter().any(|told| told.contains("`gone`")), "{:?}", plan.warnings);
    let report = scene.delete(&plan, DeleteMode::Manifest).await;
    assert_eq!(report.deleted.len(), 2, "{report:?}");
    assert!(!scene.is_there("all").await && !scene.is_there(digest.as_str()).await);
    assert_eq!(scene.plan(&["gone"]).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_registry_that_deletes_nothing_is_explained() {
    let served = served().await;
    served.push_image("app", "1.0", "one").await;
    let options = Options { read_only: true, ..Options::default() };
    let scene = Scene::of(served.again(options).await);
    let plan = scene.plan(&["1.0"]).await.unwrap();
    for (mode, says) in
        [(DeleteMode::Manifest, "does not delete manifests"), (DeleteMode::Tag, "a tag alone")]
    {
        let report = scene.delete(&plan, mode).await;
        assert!(report.deleted.is_empty());
        let error = &report.undone[0].error;
        assert_eq!(error.code(), Code::DeleteUnsupported, "{error:?}");
        assert!(error.message().contains(says) && error.hint().is_some(), "{error:?}");
        assert!(error.exchange().is_some());
        let subject = error.subject().unwrap();
        assert_eq!((subject.repository.as_ref(), subject.action), (Some(&scene.repository), Action::Delete));
    }
    assert_eq!(scene.client.can_untag(), Some(false));
    assert!(scene.is_there("1.0").await);
}

#[tokio::test]
async fn more_tags_than_are_looked_up_are_counted() {
    let scene = Scene::new().await;
    let (manifest, _) = scene.served.push_image("app", "1.0", "one").await;
    let root = scene.served.store.images().unwrap()[0].descriptor.clone();
    let names: Vec<oci::Reference> =
        (0..2300).map(|at| format!("practice.invalid/app:z{at:04}").parse().unwrap()).collect();
    let names: Vec<_> = names.iter().map(|name| (Some(name), &root)).collect();
    scene.served.store.publish_all(&names).unwrap();
    assert_eq!(entry(OCI_MANIFEST, &manifest)["digest"], root.digest.as_str());
    let plan = scene.plan(&["1.0"]).await.unwrap();
    assert_eq!((plan.checked, plan.unchecked), (2000, 301));
    assert_eq!(plan.items[0].also.len(), 1999);
    assert!(
        plan.goes_beyond() && plan.warnings.iter().any(|told| told.contains("2000")),
        "{:?}",
        plan.warnings
    );
}

#[tokio::test]
async fn the_lists_of_this_registry_are_read() {
    let scene = Scene::new().await;
    let (manifest, subject) = scene.served.push_image("app", "base", "x").await;
    let root = scene.served.store.images().unwrap()[0].descriptor.clone();
    let names: Vec<oci::Reference> =
        (0..1002).map(|at| format!("practice.invalid/team/r{at:04}:1").parse().unwrap()).collect();
    let names: Vec<_> = names.iter().map(|name| (Some(name), &root)).collect();
    scene.served.store.publish_all(&names).unwrap();
    signature(&scene, &manifest).await;
    let mut pages = scene.client.catalog_pages().unwrap();
    let first = pages.next(None).await.unwrap().unwrap();
    assert_eq!((first.repositories.len(), first.has_more), (1000, true));
    let second = pages.next(None).await.unwrap().unwrap();
    assert_eq!((second.repositories.len(), second.has_more), (3, false));
    let found = scene.client.referrers(&scene.repository, &subject, None, None).await.unwrap();
    let told: Vec<String> = found.list.iter().map(engine::registry::referrer::Referrer::label).collect();
    assert_eq!(told, ["Signature (Notation)"]);
    assert!(found.api);
}

#[tokio::test]
async fn a_tag_is_put_on_what_is_there_without_pulling_it() {
    let scene = Scene::new().await;
    let one = scene.push("1.0", "one").await;
    let two = scene.push("2.0", "two").await;
    let name = |tag: &str| oci::Reference::new(scene.repository.clone(), Some(tag.parse().unwrap()), None);
    let retag = async |from: &str, to: &str, replace: bool| {
        let told = scene.client.retag(&name(from), &to.parse().unwrap(), replace, None).await.unwrap();
        (told.descriptor.digest, told.previous, told.done)
    };
    let now = async |tag: &str| scene.client.manifest_descriptor(&name(tag), None).await.unwrap().digest;

    assert_eq!(retag("1.0", "stable", false).await, (one.clone(), None, true));
    assert_eq!(now("stable").await, one);
    assert_eq!(
        retag("1.0", "stable", false).await,
        (one.clone(), Some(one.clone()), true),
        "it is so already"
    );
    assert_eq!(retag("2.0", "stable", false).await, (two.clone(), Some(one.clone()), false));
    assert_eq!(now("stable").await, one, "no tag moves unless that is asked for");
    assert_eq!(retag("2.0", "stable", true).await, (two.clone(), Some(one.clone()), true));
    assert_eq!(now("stable").await, two);
    assert_eq!(now("1.0").await, one);

    let pinned = oci::Reference::new(scene.repository.clone(), None, Some(one.clone()));
    let told = scene.client.retag(&pinned, &"pinned".parse().unwrap(), false, None).await.unwrap();
    assert!(told.done && now("pinned").await == one);
    let missing = scene.client.retag(&name("none"), &"x".parse().unwrap(), true, None).await;
    assert_eq!(missing.unwrap_err().code(), Code::NotFound);
}
