//! Lists of repositories, and registries that have none (rows 38, 40, 73 and 74).

use engine::Code;
use engine::error::{Action, Result};
use engine::registry::catalog::CatalogPage;
use oci::name::Registry as RegistryName;
use serde_json::json;
use testkit::auth::{Guard, TokenServer};
use testkit::image::Image;
use testkit::server::{Fault, On, Reply, Server};

use crate::scene::{Scene, account, check_error};

const CATALOG: &str = "/v2/_catalog";

async fn pages(scene: &Scene) -> Result<Vec<CatalogPage>> {
    let mut pages = scene.engine().registries.client(&scene.name()).catalog_pages()?;
    let mut all = Vec::new();
    while let Some(page) = pages.next(None).await? {
        all.push(page);
    }
    Ok(all)
}

fn names(pages: &[CatalogPage]) -> Vec<&str> {
    pages.iter().flat_map(|page| &page.repositories).map(oci::RepositoryName::path).collect()
}

fn page(repositories: &serde_json::Value) -> Fault {
    let body = json!({ "repositories": repositories }).to_string();
    Fault::new().header("Content-Type", "application/json").body(body)
}

#[tokio::test]
async fn all_pages_are_read_in_the_registrys_order() {
    let image = Image::tiny("x");
    let scene = Scene::open(image.clone());
    let mut want: Vec<String> = (0..1200).map(|at| format!("a/b/c{at:04}")).collect();
    want.iter().for_each(|name| scene.registry.put(name, "1", &image));
    want.push("team/app".to_owned());
    let pages = pages(&scene).await.unwrap();
    assert_eq!(names(&pages), want);
    assert_eq!(pages.iter().map(|page| page.has_more).collect::<Vec<_>>(), [true, false]);
    assert_eq!(scene.registry.count(&On::get(CATALOG)), 2, "a thousand at a time");
}

#[tokio::test]
async fn f074_names_that_are_none_are_kept_apart() {
    let scene = Scene::open(Image::tiny("x"));
    let odd = json!(["ok", null, "<b>", "A", "a//b", "../x", "", "ok", 7, "é"]);
    scene.registry.fault(On::get(CATALOG), page(&odd));
    let [page] = &pages(&scene).await.unwrap()[..] else { panic!("not one page") };
    assert_eq!(names(std::slice::from_ref(page)), ["ok", "7"]);
    assert_eq!(page.invalid, ["<b>", "A", "a//b", "../x", "", "é"]);
}

#[tokio::test]
async fn f073_a_catalog_in_circles_ends_and_is_told() {
    let scene = Scene::open(Image::tiny("x"));
    for at in 1..50 {
        let link = format!("<?page={}>; rel=\"next\"", at % 3);
        scene
            .registry
            .fault(On::get(CATALOG).nth(at), page(&json!([format!("r{at}")])).header("Link", &link));
    }
    let pages = pages(&scene).await.unwrap();
    assert_eq!(names(&pages), ["r1", "r2", "r3", "r4"]);
    assert_eq!(pages.iter().map(|page| page.partial).collect::<Vec<_>>(), [false, false, false, true]);
}

#[tokio::test]
async fn f038_a_catalog_that_goes_on_elsewhere_is_refused() {
    let other = Server::start(|_| Reply::json(200, &json!({ "repositories": ["evil"] })));
    let scene = Scene::open(Image::tiny("x"));
    let link = format!("<{}>; rel=\"next\"", other.url(CATALOG));
    scene.registry.fault(On::get(CATALOG), page(&json!(["a"])).header("Link", &link));
    let result = pages(&scene).await;
    check_error(result.as_ref(), Code::RedirectRefused, &other.host());
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn f040_a_registry_without_a_catalog_is_explained() {
    for status in [404, 405, 501] {
        let scene = Scene::open(Image::tiny("x"));
        scene.registry.fault(On::get(CATALOG), Fault::status(status));
        let result = pages(&scene).await;
        let error = check_error(result.as_ref(), Code::CatalogUnavailable, &scene.host);
        let hint = error.hint().unwrap();
        assert!(hint.contains(&format!("`{}/TEAM/APP`", scene.host)), "{status}: {hint}");
        assert!(error.exchange().is_some(), "{status}");
        assert!(!error.causes().is_empty(), "{status}");
        let subject = error.subject().unwrap();
        assert_eq!((&subject.registry, subject.action), (&scene.name(), Action::List), "{status}");
    }
}

#[tokio::test]
async fn f040_a_catalog_that_is_denied_says_how_to_go_on() {
    let tokens = TokenServer::builder().start();
    let scene = Scene::guarded(tokens.guard());
    scene.registry.fault(On::get(CATALOG), Fault::status(403));
    let result = pages(&scene).await;
    let error = check_error(result.as_ref(), Code::CatalogUnavailable, &scene.host);
    assert!(error.message().contains("to you"), "{error:?}");

    let scene = Scene::guarded(Guard::basic("ann", "secret"));
    let result = pages(&scene).await;
    let error = check_error(result.as_ref(), Code::CatalogUnavailable, &scene.host);
    let hint = error.hint().unwrap();
    assert!(
        hint.contains(&format!("longshore login {}", scene.host))
            && hint.contains("type the repository's name"),
        "{hint}"
    );

    let scene = Scene::guarded(Guard::basic("ann", "secret")).with(account("ann", "secret"));
    assert_eq!(names(&pages(&scene).await.unwrap()), ["team/app"], "and with an account it is there");
}

#[tokio::test]
async fn f040_where_there_never_is_a_catalog_nobody_is_asked() {
    let scene = Scene::open(Image::tiny("x"));
    for (host, example) in [
        ("docker.io", "`nginx`"),
        ("ghcr.io", "`ghcr.io/OWNER/IMAGE`"),
        ("registry.gitlab.com", "`registry.gitlab.com/GROUP/PROJECT`"),
    ] {
        let engine = scene.engine();
        let client = engine.registries.client(&RegistryName::parse(host).unwrap());
        let error = client.catalog_pages().err().unwrap();
        assert_eq!(error.code(), Code::CatalogUnavailable);
        assert!(error.hint().unwrap().contains(example), "{error:?}");
        assert_eq!(error.subject().unwrap().action, Action::List);
        assert_eq!(engine.log.changed_since(0).0.len(), 0, "{host}");
    }
}

#[tokio::test]
async fn other_failures_of_a_catalog_stay_what_they_are() {
    for (fault, code) in [
        (Fault::status(429).header("Retry-After", "0"), Code::RateLimited),
        (Fault::status(500), Code::RegistryFailed),
        (Fault::captive_portal(), Code::NotARegistry),
    ] {
        let scene = Scene::open(Image::tiny("x"));
        scene.registry.fault(On::get(CATALOG), fault);
        assert_eq!(pages(&scene).await.unwrap_err().code(), code);
    }
}
