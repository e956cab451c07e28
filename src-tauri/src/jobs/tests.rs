//! The queue, the watchers, and what a record makes of events.

use std::sync::atomic::{AtomicUsize, Ordering};

use engine::job::{NodeKind, PlannedBlob, Settlement, TransferEvent};
use futures_util::future::BoxFuture;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use tokio::sync::Notify;

use super::*;
use crate::wire::{JobState, RowState, Verb};

type Run = dyn Fn(Job, Log) -> BoxFuture<'static, Result<Ended>> + Send + Sync;

/// A task that does what a test says.
struct Script(String, Box<Run>);

#[async_trait]
impl Task for Script {
    fn about(&self) -> About {
        let title = self.0.clone();
        About {
            verb: Verb::Pull,
            engine: None,
            reference: title.clone(),
            title,
            source: None,
            platform: None,
            command: String::new(),
        }
    }
    fn key(&self) -> String {
        self.0.clone()
    }
    async fn run(&self, job: &Job, log: &Log) -> Result<Ended> {
        (self.1)(job.clone(), log.clone()).await
    }
}

fn script<F>(name: &str, run: impl Fn(Job, Log) -> F + Send + Sync + 'static) -> Arc<dyn Task>
where
    F: Future<Output = Result<Ended>> + Send + 'static,
{
    Arc::new(Script(name.to_owned(), Box::new(move |job, log| Box::pin(run(job, log)))))
}

/// Runs until it is cancelled, as an engine's transfer does: paused or not.
fn endless(name: &str) -> Arc<dyn Task> {
    script(name, |job, _| async move {
        job.cancelled().await;
        Err(Error::cancelled())
    })
}

fn jobs() -> Jobs {
    Jobs::new(Faults::default(), || "2026-01-01T00:00:00Z".to_owned())
}

fn blob(name: &str, size: u64) -> PlannedBlob {
    let descriptor = Descriptor::new(oci::media_type::OCI_LAYER_GZIP, Digest::sha256(name.as_bytes()), size);
    PlannedBlob { descriptor, kind: NodeKind::Layer, present: false, resumed: 0 }
}

fn planned(blobs: Vec<PlannedBlob>) -> TransferEvent {
    TransferEvent::Planned { total: 0, skipped: 0, blobs }
}

fn digest(name: &str) -> Digest {
    Digest::sha256(name.as_bytes())
}

fn state(jobs: &Jobs, id: u64) -> JobState {
    jobs.heads().into_iter().find(|head| head.id == id).expect("the job is there").state
}

async fn until(jobs: &Jobs, id: u64, wanted: JobState) {
    let waiting = async {
        while state(jobs, id) != wanted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(5), waiting).await;
    assert!(reached.is_ok(), "job {id} is {:?}, not {wanted:?}", state(jobs, id));
}

async fn outcome(jobs: &Jobs, id: u64) -> JobOutcome {
    jobs.watch(id, |_| true).await.expect("the job is there").expect("somebody listens")
}

#[tokio::test(flavor = "multi_thread")]
async fn f124_a_storm_of_progress_is_ten_updates_a_second() {
    const BYTES: u64 = 200_000;
    let jobs = jobs();
    let id = jobs.start(script("storm", |job, _| async move {
        job.emit(planned(vec![blob("layer", BYTES)]));
        let begun = Instant::now();
        for done in 1..=BYTES {
            job.emit(TransferEvent::Advanced { digest: digest("layer"), done });
            if done % 1_000 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let settlement = Settlement::Complete;
        job.emit(TransferEvent::Settled { digest: digest("layer"), settlement });
        assert!(begun.elapsed() > Duration::from_secs(1), "it takes long enough to count");
        Ok(Ended::default())
    }));
    let begun = Instant::now();
    let mut updates = Vec::new();
    let ended = jobs.watch(id, |update| {
        updates.push(update);
        true
    });
    assert_eq!(ended.await.expect("the job is there").expect("it ended").state, JobEnd::Done);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let most = (begun.elapsed().as_secs_f64() * 10.0).ceil() as usize + 1;
    assert!((5..=most).contains(&updates.len()), "{} updates, at most {most}", updates.len());
    let last = updates.iter().rev().find_map(|update| update.rows.first()).expect("a row changed");
    assert_eq!((last.done, last.state), (BYTES, RowState::Complete), "the last word is not lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn f123_a_page_that_was_loaded_again_gets_everything_first() {
    let jobs = jobs();
    let (go_on, held) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (wait, tell) = (go_on.clone(), held.clone());
    let id = jobs.start(script("image", move |job, log| {
        let (wait, tell) = (wait.clone(), tell.clone());
        async move {
            log.with(|record| record.say("1.0: Pulling from team/app"));
            job.emit(planned(vec![blob("base", 10), blob("top", 20)]));
            job.emit(TransferEvent::Settled { digest: digest("base"), settlement: Settlement::Complete });
            tell.notify_one();
            wait.notified().await;
            Ok(Ended { digest: Some(digest("root")), ..Ended::default() })
        }
    }));
    held.notified().await;

    let mut first_page = Vec::new();
    let gone = jobs.watch(id, |update| {
        first_page.push(update);
        false
    });
    assert_eq!(gone.await.expect("the job is there"), None, "nobody listens any more");

    let second = tokio::spawn({
        let (jobs, go_on) = (jobs.clone(), go_on.clone());
        async move {
            let mut updates: Vec<JobUpdate> = Vec::new();
            let outcome = jobs.watch(id, |update| {
                updates.push(update);
                go_on.notify_one();
                true
            });
            (outcome.await, updates)
        }
    });
    let (outcome, updates) = second.await.expect("no panic");
    assert_eq!(updates[0].rows.len(), 2, "the engine went on, and the new page gets every row");
    assert_eq!(updates[0].lines[0], "1.0: Pulling from team/app");
    assert!(
        updates[1..].iter().all(|update| update.rows.is_empty()),
        "later updates have what changed alone"
    );
    let outcome = outcome.expect("the job is there").expect("it ended");
    assert_eq!(outcome.digest, Some(digest("root").to_string()));
    assert_eq!(jobs.heads().len(), 1, "a finished job stays until it is dismissed");
    jobs.dismiss(id).expect("it is there");
    assert!(jobs.heads().is_empty());
    assert_eq!(jobs.watch(id, |_| true).await.expect_err("it is gone").code(), Code::Internal);
}

#[tokio::test]
async fn three_jobs_move_and_the_others_wait_their_turn() {
    let jobs = jobs();
    let ids: Vec<u64> = (0..5).map(|number| jobs.start(endless(&format!("image {number}")))).collect();
    for id in &ids[..3] {
        until(&jobs, *id, JobState::Resolving).await;
    }
    assert_eq!((state(&jobs, ids[3]), state(&jobs, ids[4])), (JobState::Queued, JobState::Queued));

    // A paused job lets another one go, and waits for a place when it is resumed.
    jobs.pause(ids[0]).expect("it is there");
    until(&jobs, ids[3], JobState::Resolving).await;
    assert_eq!(state(&jobs, ids[0]), JobState::Paused);
    jobs.resume(ids[0]).expect("it is there");
    until(&jobs, ids[0], JobState::Queued).await;
    jobs.cancel(ids[1]).expect("it is there");
    until(&jobs, ids[4], JobState::Resolving).await;
    until(&jobs, ids[1], JobState::Cancelled).await;
    jobs.cancel(ids[2]).expect("it is there");
    until(&jobs, ids[0], JobState::Resolving).await;
    assert_eq!(outcome(&jobs, ids[2]).await.state, JobEnd::Cancelled);
}

#[tokio::test]
async fn a_job_that_still_waits_can_be_paused_and_cancelled() {
    let jobs = jobs();
    for number in 0..3 {
        jobs.start(endless(&format!("image {number}")));
    }
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let waiting = jobs.start(script("waits", move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(Ended::default()) }
    }));
    jobs.pause(waiting).expect("it is there");
    until(&jobs, waiting, JobState::Paused).await;
    jobs.cancel(waiting).expect("it is there");
    assert_eq!(outcome(&jobs, waiting).await.state, JobEnd::Cancelled);
    assert_eq!(runs.load(Ordering::Relaxed), 0, "it never did anything");
}

#[tokio::test]
async fn the_engines_job_is_paused_and_resumed_with_it() {
    let jobs = jobs();
    let (seen, told) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let (log_to, tell) = (seen.clone(), told.clone());
    let id = jobs.start(script("image", move |job, _| {
        let (log_to, tell) = (log_to.clone(), tell.clone());
        async move {
            job.emit(planned(vec![blob("layer", 100)]));
            job.emit(TransferEvent::Advanced { digest: digest("layer"), done: 40 });
            tell.notify_one();
            job.paused().await;
            lock(&log_to).push("paused");
            job.checkpoint().await?;
            lock(&log_to).push("goes on");
            Ok(Ended::default())
        }
    }));
    told.notified().await;
    jobs.pause(id).expect("it is there");
    until(&jobs, id, JobState::Paused).await;
    let head = jobs.heads().remove(0);
    assert_eq!((head.arrived, head.total, head.rate), (40, 100, 0));
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(*lock(&seen), ["paused"]);
    assert_eq!(jobs.heads()[0].elapsed, head.elapsed, "the clock stands");
    jobs.resume(id).expect("it is there");
    assert_eq!(outcome(&jobs, id).await.state, JobEnd::Done);
    assert_eq!(*lock(&seen), ["paused", "goes on"]);
}

#[tokio::test]
async fn what_failed_is_taken_up_again_under_its_id() {
    let jobs = jobs();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let id =
        jobs.start(script("image", move |job, _| {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                job.emit(planned(vec![blob("layer", 100)]));
                job.emit(TransferEvent::Advanced { digest: digest("layer"), done: 60 });
                match run {
                    0 => Err(Error::new(Code::ConnectionLost, "the connection was lost")
                        .at_digest(&digest("layer"))),
                    1 => panic!("the second run is a bug"),
                    _ => Ok(Ended { digest: Some(digest("root")), ..Ended::default() }),
                }
            }
        }));
    let first = outcome(&jobs, id).await;
    assert_eq!(first.state, JobEnd::Failed);
    assert_eq!(first.fault.expect("a fault").message, "the connection was lost");
    let mut rows = Vec::new();
    let watched = jobs.watch(id, |update| {
        rows = update.rows;
        true
    });
    watched.await.expect("it is there");
    assert_eq!((rows[0].state, rows[0].done), (RowState::Failed, 60), "a job that is over is told at once");

    jobs.resume(id).expect("it is there");
    let second = outcome(&jobs, id).await;
    assert_eq!(second.fault.expect("a fault").code.0, Code::Internal, "a panic ends this job alone");
    jobs.resume(id).expect("it is there");
    assert_eq!(outcome(&jobs, id).await.state, JobEnd::Done);
    jobs.resume(id).expect("it is there");
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(runs.load(Ordering::Relaxed), 3, "what is done is not done again");
    assert_eq!(lock(&jobs.entry(id).expect("it is there").runs).len(), 3);
}

#[tokio::test]
async fn the_same_thing_is_not_started_twice_at_once() {
    let jobs = jobs();
    let first = jobs.start(endless("image"));
    assert_eq!(jobs.start(endless("image")), first);
    assert_ne!(jobs.start(endless("another")), first);
    jobs.cancel(first).expect("it is there");
    assert_eq!(outcome(&jobs, first).await.state, JobEnd::Cancelled);
    assert_ne!(jobs.start(endless("image")), first, "it is over: this is a new one");
}

#[tokio::test]
async fn exchanges_find_the_job_they_serve() {
    let jobs = jobs();
    let engine_job = Arc::new(AtomicU64::new(0));
    let kept = engine_job.clone();
    let id = jobs.start(script("image", move |job, _| {
        kept.store(job.id(), Ordering::Relaxed);
        async { Ok(Ended::default()) }
    }));
    outcome(&jobs, id).await;
    assert_eq!(jobs.of_engine_job(engine_job.load(Ordering::Relaxed)), Some(id));
    assert_eq!(jobs.of_engine_job(u64::MAX), None, "an exchange of no job");
}
