//! What was under way when the window was closed.

use super::*;
use crate::wire::all::{JobState, Verb};

async fn heads(desk: &Desk) -> Vec<JobHead> {
    transfer::list_jobs(&desk.app).await.expect("jobs")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_was_under_way_waits_and_goes_on_where_it_was() {
    let mut desk = Desk::new();
    desk.restart().await;
    let registry = Registry::start();
    registry.put("team/app", "1.0", &TestImage::of_size(1, 3_000_000));
    registry.put("team/app", "2.0", &TestImage::tiny("two"));
    let done = desk.pull(&registry.reference("team/app", "2.0")).await;
    assert_eq!(done.0.state, JobEnd::Done);
    registry.fault(On::blobs(), HttpFault::new().drip(400_000));
    let name = registry.reference("team/app", "1.0");
    let id = desk.start(&name).await;
    while heads(&desk).await.last().expect("a job").arrived < 600_000 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    // The process ends here: what it had written down is all that is left of the queue.
    let file = desk.path("data/jobs.json");
    let kept = fs::read(&file).expect("it was written down");
    transfer::cancel_job(&desk.app, id).await.expect("cancelled");
    desk.finish(id).await;
    while fs::read(&file).expect("there") == kept {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(fs::read(&file).expect("there"), b"[]", "nothing is under way");
    fs::write(&file, &kept).expect("written");
    assert!(!String::from_utf8_lossy(&kept).contains("2.0"), "what was done is not kept");

    registry.heal();
    registry.clear_log();
    desk.restart().await;
    let found = heads(&desk).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].verb, found[0].reference.as_str()), (Verb::Pull, name.as_str()));
    while heads(&desk).await[0].state != JobState::Paused {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(registry.sent(&On::blobs()), 0, "nothing moves before it is asked for");
    transfer::resume_job(&desk.app, found[0].id).await.expect("resumed");
    let (outcome, ..) = desk.finish(found[0].id).await;
    assert_eq!(outcome.state, JobEnd::Done, "{outcome:?}");
    let fetched = registry.sent(&On::blobs());
    assert!(fetched < 2_800_000, "{fetched} bytes were fetched again");
    while fs::read(&file).expect("there") != b"[]" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    desk.restart().await;
    assert!(heads(&desk).await.is_empty(), "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_has_no_secret_and_a_hostile_file_begins_nothing() {
    let mut desk = Desk::new();
    fs::create_dir_all(desk.path("data")).expect("made");
    let hostile = r#"[{"pull":{"input":"../../etc/passwd","platform":null,"allPlatforms":false,"allTags":false}},
        {"pull":{"input":"nginx","platform":"a b","allPlatforms":false,"allTags":false}},
        {"push":{"input":"-v","from":"store","destination":"http://x","platforms":[],"allTags":false}},7]"#;
    fs::write(desk.path("data/jobs.json"), hostile).expect("written");
    desk.restart().await;
    assert!(heads(&desk).await.is_empty());
}
