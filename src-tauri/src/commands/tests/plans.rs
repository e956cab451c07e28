//! What a push would do, before it does it.

use super::*;
use crate::wire::{BlobFate, Origin, TagState, Verb};

fn request(input: &str, from: Origin, destination: &str) -> PushRequest {
    PushRequest {
        input: input.to_owned(),
        from,
        destination: destination.to_owned(),
        platforms: Vec::new(),
        all_tags: false,
    }
}

async fn plan(desk: &Desk, request: PushRequest) -> PushPlan {
    push_plan::plan_push(&desk.app, request).await.expect("it is planned")
}

fn fates(plan: &PushPlan) -> Vec<BlobFate> {
    plan.blobs.iter().map(|blob| blob.fate).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_would_move_and_moves_nothing() {
    let desk = Desk::new();
    let host = desk.host().await;
    let other = Registry::start();
    let web = format!("{host}/web:2.0");
    desk.pull(&web).await;
    let away = other.reference("team/app", "1.0");

    let planned = plan(&desk, request(&web, Origin::Store, &away)).await;
    assert!(fates(&planned).iter().all(|fate| *fate == BlobFate::Upload), "{planned:?}");
    assert_eq!((planned.verb, planned.exists_bytes, planned.mount_bytes), (Verb::Push, 0, 0));
    assert_eq!(planned.upload_bytes, planned.blobs.iter().map(|blob| blob.size).sum::<u64>());
    assert_eq!(planned.breakdown.registry, other.host());
    let [tag] = planned.tags.as_slice() else { panic!("{:?}", planned.tags) };
    assert_eq!((&*tag.tag, tag.state, &tag.previous), ("1.0", TagState::New, &None));
    assert!(planned.blobs.iter().any(|blob| blob.label == "config"), "{:?}", planned.blobs);
    assert!(
        planned.blobs.iter().all(|blob| !blob.label.is_empty()),
        "every layer has its step: {:?}",
        planned.blobs
    );
    assert_eq!(planned.command, format!("docker tag {web} {away} && docker push {away}"));
    assert_eq!((other.tag("team/app", "1.0"), other.open_uploads()), (None, 0), "{}", other.transcript());

    let id = push::start_push(&desk.app, request(&web, Origin::Store, &away)).await.expect("it starts");
    assert_eq!(desk.finish(id).await.0.state, JobEnd::Done);
    let again = plan(&desk, request(&web, Origin::Store, &away)).await;
    assert!(fates(&again).iter().all(|fate| *fate == BlobFate::Exists), "{again:?}");
    assert_eq!((again.tags[0].state, again.digest), (TagState::Same, planned.digest));

    let beside = plan(&desk, request(&web, Origin::Store, &format!("{host}/team/app:1.0"))).await;
    assert!(fates(&beside).iter().all(|fate| *fate == BlobFate::Mount), "{beside:?}");
    assert_eq!(beside.blobs[0].mount_from.as_deref(), Some("web"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_moves_and_a_platform_that_is_lost_are_said_before() {
    let desk = Desk::new();
    let host = desk.host().await;
    let multi = format!("{host}/multi:1.0");
    desk.pull(&multi).await;
    // What is not here is there: the index goes as it is, and nothing changes.
    let whole = plan(&desk, request(&multi, Origin::Store, &multi)).await;
    assert_eq!((whole.tags[0].state, whole.lost_platforms.len()), (TagState::Same, 0), "{whole:?}");
    let here: Vec<bool> = whole.platforms.iter().map(|entry| entry.present).collect();
    assert_eq!(here.iter().filter(|here| **here).count(), 1, "{:?}", whole.platforms);
    assert!(whole.platforms.iter().all(|entry| entry.chosen == entry.present));

    let one = whole.platforms.iter().find(|entry| entry.present).expect("one is here").platform.clone();
    let alone = PushRequest { platforms: vec![one], ..request(&multi, Origin::Store, &multi) };
    let planned = plan(&desk, alone).await;
    assert_eq!(planned.tags[0].state, TagState::Moves, "{planned:?}");
    assert_eq!(planned.tags[0].previous.as_ref(), Some(&whole.digest));
    assert_eq!(planned.lost_platforms.len(), 2, "{:?}", planned.lost_platforms);

    let copied = plan(&desk, request(&multi, Origin::Registry, &format!("{host}/copy:1.0"))).await;
    assert_eq!((copied.verb, copied.platforms.len(), copied.lost_platforms.len()), (Verb::Copy, 3, 0));
    assert!(copied.platforms.iter().all(|entry| entry.chosen));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tags_are_planned_each_under_its_own_name() {
    let desk = Desk::new();
    let host = desk.host().await;
    for tag in ["2.0", "2.1"] {
        desk.pull(&format!("{host}/web:{tag}")).await;
    }
    let all = PushRequest {
        all_tags: true,
        ..request(&format!("{host}/web"), Origin::Store, &format!("{host}/mine"))
    };
    let planned = plan(&desk, all).await;
    let mut tags: Vec<&str> = planned.tags.iter().map(|tag| &*tag.tag).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["2.0", "2.1"]);
    let mut digests: Vec<&str> = planned.blobs.iter().map(|blob| &*blob.digest).collect();
    let blobs = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), blobs, "a layer that both have is there once");
    assert!(planned.destination.ends_with("/mine"), "{}", planned.destination);
}
