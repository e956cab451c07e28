//! Repositories, their tags, and what can be done with them.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use oci::media_type::{DOCKER_MANIFEST, OCI_MANIFEST};
use testkit::image::Family;

use super::*;
use crate::wire::{DeleteMode, TagQuery, TagRow, TagSort};

fn all(id: u64) -> TagQuery {
    TagQuery {
        id,
        filter: String::new(),
        sort: TagSort::Registry,
        descending: false,
        grouped: false,
        platform: None,
        from: 0,
        count: 100,
    }
}

async fn open(desk: &Desk, input: &str) -> RepositoryHead {
    explorer::open_repository(&desk.app, input.to_owned()).await.expect("it opens")
}

/// Watches until nothing more comes; every head.
async fn watch(desk: &Desk, id: u64) -> Vec<RepositoryHead> {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let keep = heads.clone();
    let stream = Stream::new(move |head| {
        keep.lock().expect("not poisoned").push(head);
        true
    });
    let watched = explorer::watch_repository(&desk.app, id, stream);
    tokio::time::timeout(Duration::from_secs(60), watched).await.expect("it ends").expect("no failure");
    let heads = heads.lock().expect("not poisoned");
    heads.clone()
}

async fn rows(desk: &Desk, id: u64) -> Vec<TagRow> {
    explorer::query_tags(&desk.app, all(id)).await.expect("rows").rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_practice_repository_shows_its_tags_and_how_this_computer_compares() {
    let desk = Desk::new();
    let host = desk.host().await;
    desk.pull(&format!("{host}/web:2.0")).await;
    let head = open(&desk, &format!("{host}/web:2.1")).await;
    assert_eq!((&*head.repository, &*head.host, head.known), ("web", &*host, 2));
    assert!(watch(&desk, head.id).await.last().expect("a head").finished);

    let before = rows(&desk, head.id).await;
    assert!(before.iter().all(|row| row.digest.is_none() && row.local.is_none()), "nothing was asked yet");
    let tags = || vec!["2.1".to_owned(), "2.0".to_owned(), "no such".to_owned(), "9".to_owned()];
    let described = explorer::describe_tags(&desk.app, head.id, tags()).await.expect("rows").rows;
    assert_eq!(
        described.iter().map(|row| &*row.tag).collect::<Vec<_>>(),
        ["2.1", "2.0"],
        "what is no tag is left out"
    );
    let (new, old) = (&described[0], &described[1]);
    assert_eq!(
        (new.kind.as_deref(), new.platforms.as_slice()),
        (Some("image"), &["linux/amd64".to_owned()][..])
    );
    assert!(new.size.is_some() && new.updated.is_some() && new.fault.is_none(), "{new:?}");
    assert_eq!((old.local, new.local), (Some(LocalState::Same), Some(LocalState::Absent)));
    let asked = || desk.app.log().changed_since(0).0.len();
    let requests = asked();
    let answer = explorer::query_tags(&desk.app, all(head.id)).await.expect("rows");
    assert_eq!((answer.total, answer.matched, answer.described), (2, 2, 2));
    explorer::describe_tags(&desk.app, head.id, tags()).await.expect("rows");
    assert_eq!(asked(), requests, "what is known is not asked again");

    explorer::close_repository(&desk.app, head.id).await.expect("closed");
    assert!(explorer::query_tags(&desk.app, all(head.id)).await.is_err());
    let error =
        explorer::open_repository(&desk.app, format!("{host}/absent")).await.expect_err("there is none");
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn f072_a_hundred_thousand_tags_are_usable_from_the_first_page_on() {
    let desk = Desk::new();
    let registry = Registry::start();
    let image = TestImage::tiny("x");
    for at in 0..100_000 {
        registry.put("team/many", &format!("{}.{}", at / 100, at % 100), &image);
    }
    // Later pages are slow: the table must not wait for them.
    registry
        .fault(On::get("/v2/team/many/tags/list").from(2), HttpFault::new().delay(Duration::from_millis(5)));
    let head = open(&desk, &registry.reference("team/many", "latest")).await;
    let first = explorer::query_tags(&desk.app, all(head.id)).await.expect("rows");
    assert_eq!(first.rows.len(), 100);
    assert!(!head.finished && head.known < 100_000, "{} tags", head.known);

    let heads = watch(&desk, head.id).await;
    let last = heads.last().expect("a head");
    assert_eq!((last.known, last.finished, last.partial), (100_000, true, false));
    assert!(heads.is_sorted_by_key(|head| head.known) && heads.len() > 3, "it is told as it goes");
    let query = TagQuery { sort: TagSort::Version, descending: true, count: 3, ..all(head.id) };
    let newest = explorer::query_tags(&desk.app, query).await.expect("rows");
    let tags: Vec<_> = newest.rows.iter().map(|row| &*row.tag).collect();
    assert_eq!((newest.matched, tags), (100_000, vec!["999.99", "999.98", "999.97"]));
    let most = TagQuery { count: u64::MAX, ..all(head.id) };
    assert_eq!(
        explorer::query_tags(&desk.app, most).await.expect("rows").rows.len(),
        500,
        "a window is a window"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_leave_the_screen_are_not_asked_for() {
    let desk = Desk::new();
    let registry = Registry::start();
    for at in 0..40 {
        registry.put("team/app", &format!("v{at}"), &TestImage::tiny(&format!("{at}")));
    }
    registry.fault(On::manifests(), HttpFault::new().delay(Duration::from_millis(250)));
    let head = open(&desk, &registry.reference("team/app", "v0")).await;
    let app = desk.app.clone();
    let first: Vec<String> = (0..30).map(|at| format!("v{at}")).collect();
    let superseded = tokio::spawn(async move { explorer::describe_tags(&app, head.id, first).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let wanted = vec!["v38".to_owned(), "v39".to_owned()];
    let begun = Instant::now();
    let described = explorer::describe_tags(&desk.app, head.id, wanted).await.expect("rows").rows;
    assert!(described.iter().all(|row| row.digest.is_some()), "{described:?}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}: it waited for the thirty", begun.elapsed());
    let given_up = superseded.await.expect("no panic").expect("rows").rows;
    assert!(given_up.iter().all(|row| row.digest.is_none() && row.fault.is_none()), "{given_up:?}");
    let asked = registry.count(&On::manifests());
    assert!(asked < 20, "{asked} requests for two rows on screen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_fails_says_so_in_its_row() {
    let desk = Desk::new();
    let registry = Registry::start();
    registry.put("team/app", "good", &TestImage::tiny("good"));
    registry.put("team/app", "bad", &TestImage::tiny("bad"));
    registry.fault(
        On::any("/v2/team/app/manifests/bad"),
        HttpFault::status(404).body(r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#),
    );
    let head = open(&desk, &registry.reference("team/app", "good")).await;
    let tags = vec!["good".to_owned(), "bad".to_owned()];
    let described = explorer::describe_tags(&desk.app, head.id, tags).await.expect("rows").rows;
    assert!(described[0].fault.is_none() && described[0].digest.is_some());
    assert_eq!(described[1].fault.as_ref().map(|fault| fault.code.0), Some(Code::NotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn f073_a_list_that_breaks_off_keeps_what_came() {
    let desk = Desk::new();
    let registry = Registry::start();
    let image = TestImage::tiny("x");
    for at in 0..1_500 {
        registry.put("team/app", &format!("v{at:04}"), &image);
    }
    registry.fault(On::get("/v2/team/app/tags/list").from(2), HttpFault::status(403));
    let head = open(&desk, &registry.reference("team/app", "v0000")).await;
    let last = watch(&desk, head.id).await.pop().expect("a head");
    assert_eq!((last.known, last.finished), (1_000, true));
    assert!(last.fault.is_some(), "it says why");
    assert_eq!(rows(&desk, head.id).await.len(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn f123_what_a_page_opened_goes_with_it() {
    let desk = Desk::new();
    let host = desk.host().await;
    let head = open(&desk, &format!("{host}/web")).await;
    let plan =
        delete::plan_delete(&desk.app, format!("{host}/web"), vec!["2.0".into()]).await.expect("a plan");
    desk.app.page_begins();
    assert!(explorer::query_tags(&desk.app, all(head.id)).await.is_err());
    let request = DeleteRequest { plan: plan.id, mode: DeleteMode::Manifest };
    assert!(delete::delete_tags(&desk.app, request).await.is_err(), "nobody sees the plan any more");
    let again = open(&desk, &format!("{host}/web")).await;
    assert_eq!(again.known, 2, "nothing was deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_is_read_page_by_page() {
    let desk = Desk::new();
    let registry = Registry::start();
    let image = TestImage::tiny("x");
    for at in 0..1_200 {
        registry.put(&format!("team/app{at:04}"), "latest", &image);
    }
    let first = explorer::list_catalog(&desk.app, registry.host(), None).await.expect("a page");
    assert_eq!((first.repositories.len(), &*first.repositories[0]), (1_000, "team/app0000"));
    let rest = explorer::list_catalog(&desk.app, registry.host(), first.next.clone()).await.expect("a page");
    assert_eq!((rest.repositories.len(), rest.next), (200, None));
    assert!(explorer::list_catalog(&desk.app, registry.host(), first.next).await.is_err(), "it was read");

    let error = explorer::list_catalog(&desk.app, "docker.io".into(), None).await.expect_err("there is none");
    assert_eq!(error.code(), Code::CatalogUnavailable);
    assert!(error.hint().is_some_and(|hint| hint.contains("nginx")), "{error:?}");
    let shown = desk.app.log().changed_since(0).0;
    assert!(shown.iter().all(|exchange| exchange.host.starts_with("127.0.0.1")), "Docker Hub was not asked");
}

/// As another client would: a tag is put on what another tag stands for.
fn retag(host: &str, repository: &str, from: &str, to: &str) {
    let path = |tag: &str| format!("/v2/{repository}/manifests/{tag}");
    let accept = format!("Accept: {OCI_MANIFEST}, {DOCKER_MANIFEST}\r\n");
    let (head, manifest) = http(host, "GET", &path(from), &accept, &[]);
    let media_type = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-type:"));
    let (head, _) = http(host, "PUT", &path(to), &format!("{}\r\n", media_type.expect("a type")), &manifest);
    assert!(head.starts_with("HTTP/1.1 201"), "{head}");
}

/// One request; the head of the answer and its body.
fn http(host: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = std::net::TcpStream::connect(host).expect("it listens");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).expect("it is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_shows_its_blast_radius_and_deletes_that_alone() {
    let desk = Desk::new();
    let host = desk.host().await;
    retag(&host, "web", "2.0", "stable");
    let repository = format!("{host}/web");
    let plan = delete::plan_delete(&desk.app, repository.clone(), vec!["2.0".into()]).await.expect("a plan");
    assert_eq!(plan.items.len(), 1);
    assert_eq!(
        (&plan.items[0].tags[..], &plan.items[0].also[..]),
        (&["2.0".to_owned()][..], &["stable".to_owned()][..])
    );
    assert_eq!(plan.command, format!("longshore delete {host}/web:2.0"));

    // Meanwhile somebody puts another tag on it: that was not shown, so nothing goes.
    retag(&host, "web", "2.0", "surprise");
    let request = DeleteRequest { plan: plan.id, mode: DeleteMode::Manifest };
    let report = delete::delete_tags(&desk.app, request.clone()).await.expect("a report");
    assert_eq!(report.deleted, Vec::<String>::new());
    assert_eq!(report.failed[0].fault.code.0, Code::Changed);

    let plan = delete::plan_delete(&desk.app, repository.clone(), vec!["2.0".into()]).await.expect("a plan");
    let request = DeleteRequest { plan: plan.id, mode: DeleteMode::Manifest };
    let mut report = delete::delete_tags(&desk.app, request).await.expect("a report");
    report.deleted.sort();
    assert_eq!(
        (report.deleted, report.failed.len()),
        (["2.0", "stable", "surprise"].map(String::from).to_vec(), 0)
    );
    let left = rows(&desk, open(&desk, &repository).await.id).await;
    assert_eq!(left.iter().map(|row| &*row.tag).collect::<Vec<_>>(), ["2.1"]);
    let none = delete::plan_delete(&desk.app, repository, Vec::new()).await.expect_err("nothing was chosen");
    assert!(none.hint().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_alone_is_deleted_where_the_registry_can() {
    let desk = Desk::new();
    let host = desk.host().await;
    retag(&host, "web", "2.0", "stable");
    let repository = format!("{host}/web");
    let plan =
        delete::plan_delete(&desk.app, repository.clone(), vec!["stable".into()]).await.expect("a plan");
    let request = DeleteRequest { plan: plan.id, mode: DeleteMode::Tag };
    let report = delete::delete_tags(&desk.app, request).await.expect("a report");
    assert_eq!((report.deleted, report.failed.len()), (vec!["stable".to_owned()], 0));
    let left = rows(&desk, open(&desk, &repository).await.id).await;
    assert_eq!(
        left.iter().map(|row| &*row.tag).collect::<Vec<_>>(),
        ["2.0", "2.1"],
        "its digest's other tag stays"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refers_to_an_image_is_listed_with_how_it_was_found() {
    let desk = Desk::new();
    let registry = Registry::start();
    let image = TestImage::builder(Family::Oci).build();
    registry.put("team/app", "1.0", &image);
    let signature = format!("sha256-{}.sig", image.digest().hex());
    registry.put("team/app", &signature, &TestImage::tiny("signature"));
    let input = registry.reference("team/app", "1.0");
    let found = referrer::list_referrers(&desk.app, input.clone(), LookIn::Auto).await.expect("a list");
    assert_eq!(found.subject, image.digest().to_string());
    assert!(found.how.contains("no Referrers API"), "{}", found.how);
    assert_eq!(found.rows.len(), 1);
    assert_eq!(found.rows[0].via, format!("cosign tag {signature}"));
    // By digest nothing needs to be looked up.
    let by_digest = registry.reference_by_digest("team/app", image.digest());
    let found = referrer::list_referrers(&desk.app, by_digest, LookIn::Registry).await.expect("a list");
    assert_eq!(found.rows.len(), 1);
}
