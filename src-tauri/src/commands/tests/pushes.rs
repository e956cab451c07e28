//! Pushes, copies and names.

use super::*;
use crate::wire::{Origin, Verb};

fn request(input: &str, from: Origin, destination: &str) -> PushRequest {
    PushRequest {
        input: input.to_owned(),
        from,
        destination: destination.to_owned(),
        platforms: Vec::new(),
        all_tags: false,
    }
}

async fn start(desk: &Desk, request: PushRequest) -> u64 {
    push::start_push(&desk.app, request).await.expect("it starts")
}

async fn run(desk: &Desk, request: PushRequest) -> (JobOutcome, Vec<TransferRow>, Vec<String>) {
    desk.finish(start(desk, request).await).await
}

/// What the other end has under a name.
async fn digest_at(desk: &Desk, name: &str) -> String {
    desk.inspect(name, LookIn::Registry).await.expect("it is there").digest
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pushed_mounted_and_then_there_already() {
    let desk = Desk::new();
    let host = desk.host().await;
    let other = Registry::start();
    let web = format!("{host}/web:2.0");
    desk.pull(&web).await;
    let digest = digest_at(&desk, &web).await;

    let away = other.reference("team/app", "1.0");
    let (outcome, rows, lines) = run(&desk, request(&web, Origin::Store, &away)).await;
    assert_eq!(
        (outcome.state, outcome.digest.as_deref()),
        (JobEnd::Done, Some(&*digest)),
        "{:?}",
        outcome.fault
    );
    assert_eq!(layers_in(&rows, RowState::Complete), 3);
    assert_eq!(digest_at(&desk, &away).await, digest);
    assert_eq!(lines[0], format!("The push refers to repository [{}/team/app]", other.host()));
    let short = &digest_of_a_layer(&rows)[7..19];
    assert!(lines.contains(&format!("{short}: Pushed")), "{lines:?}");
    let last = lines.last().expect("a line");
    assert!(last.starts_with(&format!("1.0: digest: {digest} size: ")), "{last}");
    let head = transfer::list_jobs(&desk.app).await.expect("jobs").pop().expect("a job");
    assert_eq!((head.verb, head.source.as_deref(), &*head.reference), (Verb::Push, Some(&*web), &*away));
    assert_eq!(head.command, format!("docker tag {web} {away} && docker push {away}"));

    let (outcome, rows, lines) = run(&desk, request(&web, Origin::Store, &away)).await;
    assert!(outcome.up_to_date && layers_in(&rows, RowState::Exists) == 3, "{rows:?}");
    assert!(lines.contains(&format!("{short}: Layer already exists")), "{lines:?}");

    // Where the registry has the layers in another repository, none moves.
    let beside = format!("{host}/team/app:1.0");
    let (outcome, rows, lines) = run(&desk, request(&web, Origin::Store, &beside)).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);
    assert_eq!(layers_in(&rows, RowState::Mounted), 3, "{rows:?}");
    assert!(lines.contains(&format!("{short}: Mounted from web")), "{lines:?}");
    let head = transfer::list_jobs(&desk.app).await.expect("jobs").pop().expect("a job");
    assert_eq!(
        (head.total, head.skipped, head.arrived),
        (head.total, head.total, 0),
        "what is mounted did not move"
    );
}

fn digest_of_a_layer(rows: &[TransferRow]) -> &str {
    &rows.iter().find(|row| row.kind == crate::wire::RowKind::Layer).expect("a layer").digest
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_copied_from_registry_to_registry_and_never_stored() {
    let desk = Desk::new();
    let host = desk.host().await;
    let other = Registry::start();
    let multi = format!("{host}/multi:1.0");
    let away = other.reference("team/multi", "1.0");
    let (outcome, rows, lines) = run(&desk, request(&multi, Origin::Registry, &away)).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);
    assert_eq!(layers_in(&rows, RowState::Complete), 3, "every platform goes along");
    assert_eq!(digest_at(&desk, &away).await, digest_at(&desk, &multi).await);
    assert!(store::list_images(&desk.app).await.expect("images").is_empty());
    assert_eq!(lines.first().map(String::as_str), Some("Getting image source signatures"));
    assert!(lines.contains(&format!("Copying blob {} done", &digest_of_a_layer(&rows)[7..19])), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("Writing manifest to image destination"));
    let head = transfer::list_jobs(&desk.app).await.expect("jobs").pop().expect("a job");
    assert_eq!(head.command, format!("skopeo copy --all docker://{multi} docker://{away}"));

    let one = PushRequest {
        platforms: vec!["linux/arm64".into()],
        ..request(&multi, Origin::Registry, &other.reference("team/multi", "arm"))
    };
    let (outcome, rows, _) = run(&desk, one).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);
    assert_eq!(layers_in(&rows, RowState::Exists), 1, "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tags_are_pushed_under_their_own_names() {
    let desk = Desk::new();
    let host = desk.host().await;
    let other = Registry::start();
    for tag in ["2.0", "2.1"] {
        desk.pull(&format!("{host}/web:{tag}")).await;
    }
    let all = PushRequest {
        all_tags: true,
        ..request(&format!("{host}/web"), Origin::Store, &format!("{}/team/web", other.host()))
    };
    let (outcome, rows, lines) = run(&desk, all).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);
    assert_eq!(rows.len(), 6, "four layers and two configs, each once");
    for tag in ["2.0", "2.1"] {
        let digest = digest_at(&desk, &format!("{host}/web:{tag}")).await;
        assert_eq!(digest_at(&desk, &other.reference("team/web", tag)).await, digest);
        assert!(lines.iter().any(|line| line.starts_with(&format!("{tag}: digest: {digest}"))), "{lines:?}");
    }
    let pushed = lines.iter().filter(|line| line.starts_with("The push refers")).count();
    assert_eq!(pushed, 1, "said once, as docker does");
    let none = PushRequest { all_tags: true, ..request("absent/app", Origin::Store, &format!("{host}/x")) };
    let fault = run(&desk, none).await.0.fault.expect("a fault");
    assert_eq!(fault.code.0, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn f123_a_push_goes_on_without_its_page_and_is_taken_up_again() {
    let desk = Desk::new();
    let host = desk.host().await;
    let web = format!("{host}/web:2.0");
    desk.pull(&web).await;
    let other = Registry::start();
    let away = other.reference("team/app", "1.0");
    other.fault(On::any("/v2/team/app/manifests/1.0").first(1), HttpFault::new());
    other.fault(On::any("/v2/team/app/blobs/uploads/"), HttpFault::status(403));
    let id = start(&desk, request(&web, Origin::Store, &away)).await;
    desk.app.page_begins();
    let (outcome, rows, _) = desk.finish(id).await;
    assert_eq!(outcome.state, JobEnd::Failed, "{outcome:?}");
    assert!(layers_in(&rows, RowState::Complete) == 0, "{rows:?}");
    assert!(desk.inspect(&away, LookIn::Registry).await.is_err(), "no tag on what is not whole");
    other.heal();
    transfer::resume_job(&desk.app, id).await.expect("again");
    let (outcome, ..) = desk.finish(id).await;
    assert_eq!(outcome.state, JobEnd::Done, "{:?}", outcome.fault);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_move_only_where_that_is_wanted() {
    let desk = Desk::new();
    let host = desk.host().await;
    let (old, new) = (format!("{host}/web:2.0"), format!("{host}/web:2.1"));
    for name in [&old, &new] {
        desk.pull(name).await;
    }
    let digest = |name: &str| {
        let name = name.to_owned();
        let desk = &desk;
        async move { desk.inspect(&name, LookIn::Store).await.expect("it is here").digest }
    };
    let tag = async |from: &str, name: &str, replace| {
        push::tag_image(&desk.app, from.to_owned(), name.to_owned(), replace).await
    };
    let told = tag(&old, "team/app:1.0", false).await.expect("tagged");
    assert_eq!((&*told.name, told.previous, told.done), ("docker.io/team/app:1.0", None, true));
    assert_eq!(digest("team/app:1.0").await, digest(&old).await);
    let told = tag(&new, "team/app:1.0", false).await.expect("an answer");
    assert_eq!((told.previous, told.done), (Some(digest(&old).await), false));
    assert_eq!(digest("team/app:1.0").await, digest(&old).await, "nothing changed");
    let told = tag(&new, "team/app:1.0", true).await.expect("tagged");
    assert!(told.done && digest("team/app:1.0").await == digest(&new).await);
    assert!(tag(&new, "team/app:1.0", false).await.expect("an answer").done, "it is that already");
    // By digest too, as for an image without a name.
    let by_digest = format!("/@{}", digest(&old).await);
    assert!(tag(&by_digest, "team/old:1", false).await.expect("tagged").done);
    for (from, name, code) in [
        ("absent:1", "team/app:2", Code::ImageMissing),
        (&*old, "team/App:1", Code::ReferenceInvalid),
        (&*old, &*format!("team/app@{}", digest(&old).await), Code::ReferenceInvalid),
    ] {
        assert_eq!(tag(from, name, true).await.expect_err(name).code(), code, "{name}");
    }

    let retag = async |tag: &str, replace| push::retag(&desk.app, new.clone(), tag.to_owned(), replace).await;
    let told = retag("stable", false).await.expect("tagged");
    assert_eq!((told.name, told.done), (format!("{host}/web:stable"), true));
    let told = retag("2.0", false).await.expect("an answer");
    assert_eq!((told.done, told.previous), (false, Some(digest_at(&desk, &old).await)));
    assert!(retag("2.0", true).await.expect("tagged").done);
    assert_eq!(digest_at(&desk, &old).await, digest_at(&desk, &new).await);
    assert_eq!(retag("not a tag", false).await.expect_err("no tag").code(), Code::ReferenceInvalid);
}
