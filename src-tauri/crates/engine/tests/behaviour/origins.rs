//! Credentials go to the origin that they are for and to no other (rows 35 to 39).

use engine::Code;
use testkit::auth::{Guard, TokenServer};
use testkit::image::{Family, Image, Layer};
use testkit::server::{Fault, On, Reply, Server};

use crate::scene::{Scene, account};

#[tokio::test]
async fn f035_a_redirect_to_another_origin_carries_no_authorization() {
    let tokens = TokenServer::builder().account("ann", "secret").no_anonymous().start();
    let guards = [("token", tokens.guard()), ("password", Guard::basic("ann", "secret"))];
    for (name, guard) in guards {
        let scene = Scene::guarded(guard).with(account("ann", "secret")).trusting(&tokens);
        let cdn = Server::of_objects(&scene.image);
        let to_cdn = Fault::redirect(&cdn.url("/{last}?signature=xyz"));
        scene.registry.fault(On::blobs().authorized(), to_cdn);
        scene.pull().await.whole(&scene);
        assert_eq!(cdn.count(&On::get("*")), scene.image.blobs.len(), "{name}");
        assert_eq!(cdn.count(&On::any("*").authorized()), 0, "{name}");
        assert_eq!(scene.registry.sent(&On::blobs()), 0, "{name}: every byte came from the CDN");
    }
}

#[tokio::test]
async fn f035_a_redirect_within_the_origin_keeps_the_authorization() {
    let scene = Scene::guarded(Guard::basic("ann", "secret")).with(account("ann", "secret"));
    scene.registry.put("mirror", "latest", &scene.image);
    scene.registry.fault(On::get("/v2/team/app/blobs/*"), Fault::redirect("/v2/mirror/blobs/{last}"));
    scene.pull().await.whole(&scene);
    let mirrored = scene.registry.requests(&On::get("/v2/mirror/blobs/*"));
    assert_eq!(mirrored.len(), scene.image.blobs.len());
    assert!(mirrored.iter().all(|it| it.request.header("authorization").is_some()));
}

#[tokio::test]
async fn f036_another_origin_that_asks_for_a_password_gets_none() {
    let scene = Scene::guarded(Guard::basic("ann", "secret")).with(account("ann", "secret"));
    for scheme in ["Basic realm=\"Registry Realm\"", "Bearer realm=\"http://127.0.0.1:1/token\""] {
        let cdn = Server::start(move |_| Reply::status(401).with("WWW-Authenticate", scheme));
        scene.registry.heal();
        scene.registry.fault(On::blobs().authorized(), Fault::redirect(&cdn.url("/{last}")));
        let pulled = scene.pull().await;
        pulled.refused(&scene, Code::AuthRequired, &cdn.host());
        assert_eq!(cdn.count(&On::any("*").authorized()), 0);
        assert!(cdn.count(&On::any("*")) <= scene.image.blobs.len(), "it is not asked twice");
    }
}

#[tokio::test]
async fn f037_nothing_is_fetched_from_the_urls_of_a_foreign_layer() {
    let publisher = Server::start(|_| Reply::status(200).body("from elsewhere"));
    let url = publisher.url("/layer.tar.gz");
    let image = Image::builder(Family::Oci)
        .layer(Layer::noise(1, 5000))
        .edit_manifest(move |manifest| {
            manifest["layers"][0]["mediaType"] =
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into();
            manifest["layers"][0]["urls"] = [url.as_str()].as_slice().into();
        })
        .build();
    let scene = Scene::open(image);
    let layer = scene.image.largest_blob().clone();
    scene.pull().await.whole(&scene);

    let scene = Scene::open(scene.image.clone());
    scene.registry.remove("team/app", &layer.digest);
    let pulled = scene.pull().await;
    let error = pulled.refused(&scene, Code::NotFound, layer.digest.short());
    assert!(error.message().contains("another site"), "{error:?}");
    assert_eq!(error.digest(), Some(&layer.digest));
    assert_eq!(publisher.connections(), 0);
}

#[tokio::test]
async fn f039_one_registry_has_one_client_however_it_is_written() {
    let tokens = TokenServer::builder().start();
    let scene = Scene::guarded(tokens.guard());
    let address = scene.registry.host();
    let scene = scene.resolving("localhost", &address);
    let port = scene.registry.port();
    let engine = scene.engine();
    for host in ["localhost", "LOCALHOST", "LocalHost"] {
        let reference = format!("{host}:{port}/team/app:latest").parse().unwrap();
        engine.pull(&reference).await.succeeded(&scene);
    }
    assert_eq!(tokens.count(&On::any("/token")), 1, "a token is kept for the registry, not for its spelling");
    assert_eq!(scene.blob_requests(), scene.image.blobs.len());
}
