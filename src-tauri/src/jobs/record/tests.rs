//! A record from plan to end, told by events.

use oci::descriptor::Descriptor;
use oci::media_type::{OCI_CONFIG, OCI_LAYER_GZIP};

use super::*;

fn digest(name: &str) -> Digest {
    Digest::sha256(name.as_bytes())
}

fn blob(name: &str, size: u64) -> PlannedBlob {
    let descriptor = Descriptor::new(OCI_LAYER_GZIP, digest(name), size);
    PlannedBlob { descriptor, kind: NodeKind::Layer, present: false, resumed: 0 }
}

fn record() -> Record {
    let about = About {
        verb: Verb::Pull,
        engine: None,
        source: None,
        title: "web:2.1".into(),
        reference: "127.0.0.1:5055/web:2.1".into(),
        platform: Some("linux/amd64".into()),
        command: "docker pull 127.0.0.1:5055/web:2.1".into(),
    };
    Record::new(7, about, "2026-01-01T00:00:00Z".into(), 0)
}

fn plan(record: &mut Record, blobs: Vec<PlannedBlob>, now: Instant) {
    record.apply(TransferEvent::Planned { blobs, total: 0, skipped: 0 }, now);
}

fn advance(record: &mut Record, name: &str, done: u64, now: Instant) {
    record.apply(TransferEvent::Advanced { digest: digest(name), done }, now);
}

fn short(name: &str) -> String {
    digest(name).short().to_owned()
}

fn states(record: &Record) -> Vec<(RowState, u64)> {
    record.changes_since(0).rows.into_iter().map(|row| (row.state, row.done)).collect()
}

/// At work on a file of 20 kB, of which a kilobyte was read before each of the steps 1 to 6.
fn reading(at: impl Fn(u64) -> Instant) -> Record {
    let mut record = record();
    record.work(at(0));
    for step in 0..=6 {
        record.apply(TransferEvent::Reading { done: step * 1_000, total: 20_000 }, at(step));
    }
    record
}

/// A file that is read first is what the bar shows, until it is known what there is to move.
#[test]
fn a_file_that_is_read_before_the_plan_is_shown() {
    let now = Instant::now();
    let at = |step: u64| now + Duration::from_millis(step * 500);
    let mut record = reading(at);
    let head = record.head(at(6));
    assert_eq!((head.state, head.total, head.arrived), (JobState::Resolving, 20_000, 6_000));
    assert_eq!((head.rate, head.eta), (2_000, Some(7)));
    plan(&mut record, vec![blob("top", 500)], at(7));
    let head = record.head(at(7));
    assert_eq!((head.state, head.total, head.arrived, head.rate), (JobState::Running, 500, 0, 0));
}

#[test]
fn a_job_that_ended_while_it_read_its_file_has_no_rate() {
    let now = Instant::now();
    let at = |step: u64| now + Duration::from_millis(step * 500);
    let mut record = reading(at);
    record.pause(at(6));
    assert_eq!((record.head(at(6)).rate, record.head(at(6)).eta), (0, None));
    record.work(at(6));
    record.apply(TransferEvent::Reading { done: 8_000, total: 20_000 }, at(7));
    assert!(record.head(at(7)).rate > 0);
    let cancelled = Fault::new(&engine::Error::cancelled(), &engine::exchange::Redactor::default(), None);
    record.end(Err(cancelled), at(8));
    let head = record.head(at(8));
    assert_eq!((head.state, head.rate, head.eta, head.arrived), (JobState::Cancelled, 0, None, 8_000));
}

#[test]
fn a_pull_is_printed_as_docker_prints_it() {
    let now = Instant::now();
    let mut record = record();
    record.work(now);
    assert_eq!(record.head(now).state, JobState::Resolving);
    record.say("2.1: Pulling from web");
    let mut config = blob("config", 100);
    config.kind = NodeKind::Config;
    config.descriptor.media_type = OCI_CONFIG.into();
    let mut base = blob("base", 2_800_000);
    base.present = true;
    let mut top = blob("top", 41_400_000);
    top.resumed = 1_400_000;
    plan(&mut record, vec![config, base, top, blob("small", 10)], now);
    advance(&mut record, "top", 12_300_000, now);
    assert_eq!(
        record.changes_since(0).lines,
        [
            "2.1: Pulling from web".to_owned(),
            format!("{}: Already exists", short("base")),
            format!("{}: Downloading  12.3MB/41.4MB", short("top")),
            format!("{}: Waiting", short("small")),
        ]
    );
    let head = record.head(now);
    assert_eq!(head.state, JobState::Running);
    assert_eq!((head.total, head.skipped, head.arrived), (44_200_110, 2_800_000, 12_300_000));

    for name in ["config", "top", "small"] {
        record.apply(TransferEvent::Verifying { digest: digest(name) }, now);
        let settlement = Settlement::Complete;
        record.apply(TransferEvent::Settled { digest: digest(name), settlement }, now);
    }
    record.end_image(format!("Digest: {}", digest("root")));
    let status = "Status: Downloaded newer image for 127.0.0.1:5055/web:2.1".to_owned();
    let last_lines = vec![status.clone(), "127.0.0.1:5055/web:2.1".to_owned()];
    record.end(Ok(Ended { digest: Some(digest("root")), up_to_date: false, last_lines }), now);
    assert_eq!(
        record.changes_since(0).lines,
        [
            "2.1: Pulling from web".to_owned(),
            format!("{}: Already exists", short("base")),
            format!("{}: Pull complete", short("top")),
            format!("{}: Pull complete", short("small")),
            format!("Digest: {}", digest("root")),
            status,
            "127.0.0.1:5055/web:2.1".to_owned(),
        ]
    );
    let head = record.head(now);
    assert_eq!((head.total, head.skipped + head.arrived), (44_200_110, 44_200_110), "the totals are exact");
    assert_eq!(head.digest, Some(digest("root").to_string()));
}

#[test]
fn only_what_changed_is_told() {
    let now = Instant::now();
    let mut record = record();
    record.work(now);
    plan(&mut record, vec![blob("a", 10), blob("b", 10)], now);
    let before = record.changes_since(0).revision;
    assert_eq!(record.changes_since(before), Changes { revision: before, ..Changes::default() });
    advance(&mut record, "b", 5, now);
    let changes = record.changes_since(before);
    let rows: Vec<_> = changes.rows.iter().map(|row| (row.digest.clone(), row.done)).collect();
    assert_eq!(rows, [(digest("b").to_string(), 5)]);
    advance(&mut record, "b", 5, now);
    assert_eq!(record.changes_since(changes.revision).rows, [], "the same news is no news");
}

#[test]
fn a_retry_says_when_and_is_forgotten_when_bytes_move() {
    let now = Instant::now();
    let mut record = record();
    plan(&mut record, vec![blob("a", 10)], now);
    advance(&mut record, "a", 4, now);
    let (wait, why) = (Duration::from_millis(11_200), "429".to_owned());
    record.apply(TransferEvent::Retrying { digest: Some(digest("a")), wait, why }, now);
    let row = record.changes_since(0).rows.remove(0);
    assert_eq!((row.state, row.done, row.note.as_deref()), (RowState::Retrying, 4, Some("Retrying in 12 s")));
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let left = Duration::from_millis(row.retry_at.unwrap()).saturating_sub(unix);
    assert!((Duration::from_secs(1)..=wait).contains(&left), "{left:?}");
    advance(&mut record, "a", 6, now);
    let row = record.changes_since(0).rows.remove(0);
    assert_eq!((row.state, row.note, row.retry_at), (RowState::Moving, None, None));

    let (wait, why) = (Duration::from_secs(40), "the registry answered 429".to_owned());
    record.apply(TransferEvent::Retrying { digest: None, wait, why }, now);
    let held = record.head(now).wait.expect("all of it waits");
    assert!(held.why.ends_with("429") && Duration::from_millis(held.until) > unix + wait / 2, "{held:?}");
    record.apply(TransferEvent::Warned { message: "slow".to_owned() }, now);
    assert_eq!(record.head(now).wait, None);

    let (wait, why) = (Duration::from_millis(200), "the registry failed with 503".to_owned());
    record.apply(TransferEvent::Retrying { digest: None, wait, why }, now);
    assert!(
        record.changes_since(0).lines.contains(&"the registry failed with 503; retrying in 1 s".to_owned())
    );
}

#[test]
fn a_failure_marks_its_row_and_keeps_the_others_bytes() {
    let now = Instant::now();
    let fault = |code| {
        let error = engine::Error::new(code, "it failed").at_digest(&digest("bad"));
        Fault::new(&error, &engine::exchange::Redactor::default(), None)
    };
    let rows = [
        (engine::Code::ContentMismatch, JobState::Failed, RowState::Failed, None),
        (engine::Code::ConnectionLost, JobState::Failed, RowState::Failed, Some("Failed")),
        (engine::Code::Cancelled, JobState::Cancelled, RowState::Paused, Some("Stopped")),
    ];
    for (code, state, bad, note) in rows {
        let mut record = record();
        record.work(now);
        record.say("2.1: Pulling from web");
        plan(&mut record, vec![blob("good", 10), blob("bad", 10), blob("half", 10), blob("none", 10)], now);
        let settlement = Settlement::Complete;
        record.apply(TransferEvent::Settled { digest: digest("good"), settlement }, now);
        advance(&mut record, "bad", 9, now);
        advance(&mut record, "half", 5, now);
        record.end(Err(fault(code)), now);
        assert_eq!(
            states(&record),
            [(RowState::Complete, 10), (bad, 9), (RowState::Paused, 5), (RowState::Waiting, 0)],
            "{code:?}"
        );
        assert_eq!(record.changes_since(0).rows[1].note.as_deref(), note, "{code:?}");
        assert_eq!(record.head(now).state, state, "{code:?}");
        let last = record.changes_since(0).lines.pop();
        assert_eq!(last.as_deref() == Some("it failed"), state == JobState::Failed, "{code:?}");
    }
}

#[test]
fn a_layer_of_two_tags_counts_once() {
    let now = Instant::now();
    let mut record = record();
    record.work(now);
    record.say("1: Pulling from web");
    plan(&mut record, vec![blob("base", 100), blob("one", 10)], now);
    for name in ["base", "one"] {
        let settlement = Settlement::Complete;
        record.apply(TransferEvent::Settled { digest: digest(name), settlement }, now);
    }
    record.end_image(format!("Digest: {}", digest("first")));
    record.say("2: Pulling from web");
    let mut base = blob("base", 100);
    base.present = true;
    plan(&mut record, vec![base, blob("two", 20)], now);
    record.apply(TransferEvent::Settled { digest: digest("base"), settlement: Settlement::Exists }, now);
    let head = record.head(now);
    assert_eq!((head.total, head.skipped, head.arrived), (130, 0, 110));
}

#[test]
fn the_estimate_waits_two_seconds_and_pauses_do_not_count() {
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let mut record = record();
    record.work(start);
    plan(&mut record, vec![blob("a", 100_000)], start);
    for step in 1..=19 {
        advance(&mut record, "a", step * 1_000, at(step * 100));
    }
    assert_eq!(record.head(at(1_900)).eta, None, "too early to say");
    for step in 20..=30 {
        advance(&mut record, "a", step * 1_000, at(step * 100));
    }
    let head = record.head(at(3_000));
    assert_eq!((head.rate, head.eta, head.elapsed), (10_000, Some(7), 3_000));
    record.pause(at(3_000));
    let head = record.head(at(60_000));
    assert_eq!((head.rate, head.eta, head.elapsed), (0, None, 3_000));
    assert_eq!(states(&record), [(RowState::Paused, 30_000)]);
    record.work(at(60_000));
    advance(&mut record, "a", 40_000, at(61_000));
    assert_eq!(record.head(at(61_000)).rate, 10_000, "the pause is no slowness");
}

#[test]
fn a_record_of_another_run_goes_on_from_the_revision() {
    let now = Instant::now();
    let mut first = record();
    plan(&mut first, vec![blob("a", 10)], now);
    let seen = first.revision();
    let again = Record::new(7, first.about.clone(), String::new(), seen);
    assert!(again.revision() > seen, "a watcher notices");
}
