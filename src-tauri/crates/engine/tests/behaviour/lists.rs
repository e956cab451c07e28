//! Lists of tags: paging, and what registries do to it (rows 38, 72 and 73).

use engine::Code;
use engine::error::Result;
use engine::registry::tag::TagList;
use oci::reference::{Reference, Tag};
use serde_json::json;
use testkit::image::Image;
use testkit::server::{Fault, On, Reply, Server};

use crate::scene::{REPOSITORY, Scene, check_error};

const LIST: &str = "/v2/team/app/tags/list";

async fn tags(scene: &Scene) -> Result<TagList> {
    let reference = scene.reference();
    scene.engine().client(&reference).tags(reference.repository(), None).await
}

fn names(list: &TagList) -> Vec<&str> {
    list.tags.iter().map(Tag::as_str).collect()
}

fn page(tags: &serde_json::Value) -> Fault {
    let body = json!({ "name": REPOSITORY, "tags": tags }).to_string();
    Fault::new().header("Content-Type", "application/json").body(body)
}

#[tokio::test]
async fn all_pages_are_read_in_the_registrys_order() {
    let image = Image::tiny("x");
    let scene = Scene::open(image.clone());
    let mut want: Vec<String> = (0..2500).map(|at| format!("v{at:04}")).collect();
    want.iter().for_each(|tag| scene.registry.put(REPOSITORY, tag, &image));
    want.insert(0, "latest".to_owned());
    let list = tags(&scene).await.unwrap();
    assert_eq!(names(&list), want);
    assert!(!list.partial && list.invalid.is_empty());
    assert_eq!(scene.registry.count(&On::get(LIST)), 3, "a thousand at a time");
}

#[tokio::test]
async fn f072_null_duplicate_and_odd_tags_are_sorted_out() {
    let rows = [
        ("null", json!(null), vec![], vec![]),
        ("none", json!([]), vec![], vec![]),
        ("duplicates", json!(["b", "a", "b", "a"]), vec!["b", "a"], vec![]),
        ("null among them", json!(["b", null, "a"]), vec!["b", "a"], vec![]),
        ("what is no text", json!(["ok", [], { "a": 1 }]), vec!["ok"], vec!["[]", "{\"a\":1}"]),
        (
            "no tags at all",
            json!(["ok", "<script>", "-x", "a/b", ""]),
            vec!["ok"],
            vec!["<script>", "-x", "a/b", ""],
        ),
    ];
    for (name, body, valid, invalid) in rows {
        let scene = Scene::open(Image::tiny("x"));
        scene.registry.fault(On::get(LIST), page(&body));
        let list = tags(&scene).await.unwrap();
        assert_eq!(names(&list), valid, "{name}");
        assert_eq!(list.invalid, invalid, "{name}");
        assert!(!list.partial, "{name}");
    }
}

#[tokio::test]
async fn f073_paging_that_leads_nowhere_ends_and_is_told() {
    let same = "</v2/team/app/tags/list?n=1000>; rel=\"next\"";
    let rows = [
        ("to itself", vec![same], 1),
        (
            "in a circle",
            vec!["<?page=2>; rel=\"next\"", "<?page=3>; rel=\"next\"", "<?page=2>; rel=\"next\""],
            3,
        ),
        ("a malformed address", vec!["<http://[>; rel=\"next\""], 1),
    ];
    for (name, links, want) in rows {
        let scene = Scene::open(Image::tiny("x"));
        for (at, link) in links.iter().enumerate() {
            let fault = page(&json!([format!("t{at}")])).header("Link", link);
            scene.registry.fault(On::get(LIST).nth(at + 1), fault);
        }
        let list = tags(&scene).await.unwrap();
        assert!(list.partial, "{name}: {list:?}");
        assert_eq!(list.tags.len(), links.len(), "{name}");
        assert_eq!(scene.registry.count(&On::get(LIST)), want, "{name}");
    }

    // Pages that never end and bring nothing new, each with another address.
    let scene = Scene::open(Image::tiny("x"));
    for at in 1..50 {
        let fault = page(&json!(["a"])).header("Link", &format!("<?page={at}>; rel=\"next\""));
        scene.registry.fault(On::get(LIST).nth(at), fault);
    }
    let list = tags(&scene).await.unwrap();
    assert!(list.partial);
    assert_eq!(names(&list), ["a"]);
    assert_eq!(scene.registry.count(&On::get(LIST)), 2);
}

#[tokio::test]
async fn f072_a_hundred_thousand_tags_come_a_page_at_a_time() {
    const TAGS: usize = 100_000;
    const PAGE: usize = 1000;
    // Made as they are asked for: neither side holds more than a page.
    let server = Server::start(|request| {
        let last = request.query_values("last").into_iter().next();
        let from = last.map_or(0, |last| last.trim_start_matches('t').parse::<usize>().unwrap() + 1);
        let to = (from + PAGE).min(TAGS);
        let tags: Vec<String> = (from..to).map(|at| format!("t{at:06}")).collect();
        let reply = Reply::json(200, &json!({ "name": REPOSITORY, "tags": tags }));
        if to == TAGS {
            return reply;
        }
        reply.with("Link", &format!("<{}?n={PAGE}&last={}>; rel=\"next\"", request.path, tags[PAGE - 1]))
    });
    let name: Reference = format!("{}/{REPOSITORY}", server.host()).parse().unwrap();
    let mut scene = Scene::open(Image::tiny("x"));
    scene.host = server.host();
    let mut pages = scene.engine().client(&name).tag_pages(name.repository()).unwrap();
    let (mut count, mut largest) = (0, 0);
    while let Some(page) = pages.next(None).await.unwrap() {
        assert_eq!(page.tags[0].as_str(), format!("t{count:06}"), "in order, none left out");
        count += page.tags.len();
        largest = largest.max(page.tags.len());
        assert_eq!(server.count(&On::get(LIST)), count / PAGE, "no page is asked for before it is wanted");
        assert_eq!(page.has_more, count < TAGS);
        assert!(!page.partial && page.invalid.is_empty());
    }
    assert_eq!((count, largest), (TAGS, PAGE));
}

#[tokio::test]
async fn f072_a_page_that_fails_can_be_asked_for_again() {
    let image = Image::tiny("x");
    let scene = Scene::open(image.clone());
    (0..1500).for_each(|at| scene.registry.put(REPOSITORY, &format!("v{at:04}"), &image));
    let reference = scene.reference();
    let mut pages = scene.engine().client(&reference).tag_pages(reference.repository()).unwrap();
    assert_eq!(pages.next(None).await.unwrap().unwrap().tags.len(), 1000);
    scene.registry.fault(On::get(LIST), Fault::status(404));
    assert_eq!(pages.next(None).await.unwrap_err().code(), Code::NotFound);
    scene.registry.heal();
    assert_eq!(pages.next(None).await.unwrap().unwrap().tags.len(), 501);
    assert!(pages.next(None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_registry_that_refuses_the_number_is_asked_without_it() {
    let scene = Scene::open(Image::tiny("x"));
    scene.registry.fault(On::get(&format!("{LIST}?n=*")), Fault::status(400));
    assert_eq!(names(&tags(&scene).await.unwrap()), ["latest"]);
}

#[tokio::test]
async fn f038_a_next_page_on_another_host_is_refused() {
    let other = Server::start(|_| Reply::json(200, &json!({ "tags": ["evil"] })));
    let scene = Scene::open(Image::tiny("x"));
    let link = format!("<{}>; rel=\"next\"", other.url(LIST));
    scene.registry.fault(On::get(LIST), page(&json!(["a"])).header("Link", &link));
    let result = tags(&scene).await;
    let error = check_error(result.as_ref(), Code::RedirectRefused, &other.host());
    assert!(error.exchange().is_some());
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn a_list_that_is_none_says_what_it_is() {
    let rows = [
        ("a web page", Fault::captive_portal(), Code::NotARegistry),
        (
            "no JSON",
            Fault::new().header("Content-Type", "application/json").body("tags: a, b"),
            Code::ProtocolViolation,
        ),
        ("not found", Fault::status(404), Code::NotFound),
    ];
    for (name, fault, code) in rows {
        let scene = Scene::open(Image::tiny("x"));
        scene.registry.fault(On::get(LIST), fault);
        let result = tags(&scene).await;
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error:?}");
        assert!(error.message().contains(&scene.host), "{name}: {error:?}");
        assert!(error.hint().is_some() && error.exchange().is_some(), "{name}: {error:?}");
        assert_eq!(scene.registry.count(&On::get(LIST)), 1, "{name}");
    }
}
