//! Uploads that break off, fall silent, or are answered wrongly (rows 36, 113, 115), and jobs that are cancelled.

use std::time::{Duration, Instant};

use engine::Code;
use engine::job::TransferEvent;
use engine::registry::http::Pace;
use oci::digest::Digest;
use testkit::auth::Guard;
use testkit::image::{Image, Object};
use testkit::server::{Fault, On};

use crate::scene::{REPOSITORY, Scene, layered};

const SESSION: &str = "/v2/*/blobs/uploads/*";

/// PUT of the layer alone: its digest is in the query.
fn put_of(blob: &Object) -> On {
    On::put(&format!("/v2/*/blobs/uploads/*?*digest={}", blob.digest))
}

#[tokio::test]
async fn f113_an_upload_that_breaks_off_goes_on_where_it_was() {
    for at in [2, 100_000, 1_500_000] {
        let scene = Scene::open();
        let image = Image::of_size(1, 2_000_000);
        let layer = image.largest_blob();
        scene.registry.fault(put_of(layer).nth(1), Fault::new().reset_upload_after(at));
        let pushed = scene.push(&image).await;
        pushed.succeeded(&scene);
        scene.check_has(&image);
        let patches = scene.registry.requests(&On::patch(SESSION));
        assert_eq!(patches.len(), 1, "after {at}: {}", scene.registry.transcript());
        let range = format!("{at}-{}", layer.size() - 1);
        assert_eq!(patches[0].request.header("content-range"), Some(range.as_str()));
        assert_eq!(scene.uploaded(), image.blob_bytes(), "no byte is sent twice");
        assert_eq!(pushed.retried(), [Some(layer.digest.clone())], "and the layer is named");
    }
}

#[tokio::test]
async fn f113_an_upload_of_which_nothing_or_one_byte_arrived_begins_again() {
    for at in [0, 1] {
        let scene = Scene::open();
        let image = Image::of_size(1, 300_000);
        scene.registry.fault(put_of(image.largest_blob()).nth(1), Fault::new().reset_upload_after(at));
        scene.push(&image).await.succeeded(&scene);
        scene.check_has(&image);
        assert_eq!(scene.registry.count(&On::patch(SESSION)), 0, "`0-0` is said of both");
        assert_eq!(scene.registry.count(&On::delete(SESSION)), 1, "the old session is ended");
    }
}

#[tokio::test]
async fn f113_a_lost_patch_is_asked_for_and_not_sent_again() {
    let scene = Scene::open();
    scene.registry.habits(|habits| habits.min_chunk = Some(1 << 20));
    let image = Image::of_size(2, 40 << 20);
    // All of the second chunk arrives, its answer is lost.
    scene.registry.fault(On::patch(SESSION).nth(2), Fault::new().lose_answer());
    let pushed = scene.push(&image).await;
    pushed.succeeded(&scene);
    scene.check_has(&image);
    assert_eq!(scene.uploaded(), image.blob_bytes(), "no byte is sent twice");
}

#[tokio::test]
async fn f113_a_416_is_answered_by_asking_for_the_offset() {
    let scene = Scene::open();
    scene.registry.habits(|habits| habits.min_chunk = Some(1 << 20));
    let image = Image::of_size(2, 40 << 20);
    scene.registry.fault(On::patch(SESSION).nth(2), Fault::status(416).header("Range", "0-5"));
    let pushed = scene.push(&image).await;
    pushed.succeeded(&scene);
    scene.check_has(&image);
    let asked = scene.registry.requests(&On::get(SESSION));
    assert_eq!(asked.len(), 1, "{}", scene.registry.transcript());
    assert_eq!(scene.registry.count(&On::post(SESSION)), 2, "with the same session");
}

#[tokio::test]
async fn f113_a_session_that_does_not_move_or_is_forgotten_is_left_for_a_fresh_one() {
    for name in ["stuck", "forgotten"] {
        let scene = Scene::open();
        scene.registry.habits(|habits| habits.min_chunk = Some(1 << 20));
        let image = Image::of_size(2, 40 << 20);
        if name == "stuck" {
            scene.registry.habits(|habits| habits.stuck = 1);
        } else {
            scene.registry.fault(On::patch(SESSION).nth(2), Fault::status(404));
        }
        scene.push(&image).await.succeeded(&scene);
        scene.check_has(&image);
        assert_eq!(scene.registry.count(&On::post(SESSION)), 3, "{name}");
    }
}

#[tokio::test]
async fn f113_a_put_whose_answer_is_lost_is_found_to_have_worked() {
    let scene = Scene::open();
    let image = Image::of_size(1, 300_000);
    let layer = image.largest_blob();
    scene.registry.fault(put_of(layer).nth(1), Fault::new().lose_answer());
    let pushed = scene.push(&image).await;
    pushed.succeeded(&scene);
    scene.check_has(&image);
    assert_eq!(scene.uploaded(), image.blob_bytes(), "no byte is sent twice");
}

#[tokio::test]
async fn f115_another_digest_in_the_answer_is_an_error() {
    let other = Digest::sha256(b"other");
    for on in [On::put(SESSION), On::put("/v2/*/manifests/*")] {
        let scene = Scene::open();
        let fault = Fault::new().header("Docker-Content-Digest", other.as_str());
        scene.registry.fault(on, fault);
        let image = layered(1, 1);
        let pushed = scene.push(&image).await;
        let error = pushed.refused(Code::ContentMismatch, other.as_str());
        assert!(error.digest().is_some() && error.exchange().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn f036_an_upload_that_goes_elsewhere_goes_without_credentials() {
    let scene = Scene::guarded(Guard::basic("ann", "secret")).with("ann", "secret");
    let storage = scene.registry.storage();
    scene.registry.habits(|habits| habits.uploads_at = Some(storage.origin()));
    let image = layered(1, 1);
    scene.push(&image).await.succeeded(&scene);
    scene.check_has(&image);
    let there = storage.log();
    assert_eq!(there.len(), 2, "the bytes went there");
    assert!(there.iter().all(|it| it.request.header("authorization").is_none()), "{}", storage.transcript());
    assert!(!there.iter().any(|it| it.request.text().contains("secret")));
}

#[tokio::test]
async fn a_body_that_is_too_large_for_a_proxy_goes_in_chunks() {
    let scene = Scene::open();
    let image = Image::of_size(3, 20 << 20);
    scene.registry.fault(put_of(image.largest_blob()).nth(1), Fault::status(413).unread());
    // The first chunk is too large as well.
    scene.registry.fault(On::patch(SESSION).nth(1), Fault::status(413).unread());
    scene.push(&image).await.succeeded(&scene);
    scene.check_has(&image);
    let patches = scene.registry.requests(&On::patch(SESSION));
    assert!(patches.len() >= 4, "{}", scene.registry.transcript());
}

#[tokio::test]
async fn a_registry_that_takes_no_more_bytes_is_given_up_and_resumed() {
    let mut scene = Scene::open();
    scene.options.pace = Pace { stall: Duration::from_millis(100), ..Pace::default() };
    let image = Image::of_size(3, 16 << 20);
    scene.registry.fault(put_of(image.largest_blob()).nth(1), Fault::new().stall_upload_after(200_000));
    let begun = Instant::now();
    let pushed = scene.push(&image).await;
    pushed.succeeded(&scene);
    scene.check_has(&image);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(pushed.retried(), [Some(image.largest_blob().digest.clone())]);
}

#[tokio::test]
async fn a_busy_registry_is_waited_for_and_a_blob_is_not_sent_blindly_again() {
    for status in [503, 429] {
        let scene = Scene::open();
        let image = Image::of_size(3, 300_000);
        let fault = Fault::status(status).header("Retry-After", "0");
        scene.registry.fault(put_of(image.largest_blob()).nth(1), fault);
        let pushed = scene.push(&image).await;
        pushed.succeeded(&scene);
        scene.check_has(&image);
        assert_eq!(scene.registry.count(&On::get(SESSION)), 1, "the registry is asked first");
        assert_eq!(pushed.retried(), [Some(image.largest_blob().digest.clone())]);
    }
}

#[tokio::test]
async fn a_registry_that_takes_everything_and_never_answers_has_one_budget_of_tries() {
    let mut scene = Scene::open();
    scene.options.pace = Pace { stall: Duration::from_millis(30), ..Pace::default() };
    let image = Image::of_size(3, 300_000);
    scene.registry.fault(put_of(image.largest_blob()), Fault::silent());
    scene.registry.fault(On::get(SESSION), Fault::silent());
    let pushed = scene.push(&image).await;
    let error = pushed.result.as_ref().unwrap_err();
    assert_eq!(error.code(), Code::Timeout, "{error:?}");
    assert_eq!(error.digest(), Some(&image.largest_blob().digest));
    let questions = scene.registry.count(&On::get(SESSION));
    assert_eq!((scene.registry.count(&put_of(image.largest_blob())), questions), (1, 4));
    assert_eq!(pushed.retried(), vec![Some(image.largest_blob().digest.clone()); 4]);
}

#[tokio::test]
async fn a_wait_before_an_upload_begins_says_which_layer_it_holds_up() {
    let scene = Scene::open();
    let image = Image::of_size(3, 300_000);
    let busy = Fault::status(429).header("Retry-After", "0");
    scene.registry.fault(On::post(SESSION).nth(1), busy.clone());
    scene.registry.fault(On::head(&format!("/v2/*/blobs/{}", image.largest_blob().digest)).nth(1), busy);
    let pushed = scene.push(&image).await;
    pushed.succeeded(&scene);
    let retried = pushed.retried();
    assert_eq!(retried.len(), 2, "{retried:?}");
    let of_the_image = |digest: &Digest| image.blobs.iter().any(|blob| blob.digest == *digest);
    assert!(retried.iter().all(|it| it.as_ref().is_some_and(of_the_image)), "{retried:?}");
}

#[tokio::test]
async fn a_cancelled_push_ends_at_once_and_leaves_no_upload_and_no_tag() {
    let scene = Scene::open();
    let image = Image::of_size(4, 8 << 20);
    let name = scene.store(&image);
    scene.registry.fault(put_of(image.largest_blob()), Fault::new().stall_upload_after(1 << 20));
    let running = scene.engine().start_push(&name);
    let put = put_of(image.largest_blob());
    scene.registry.until(|log| log.iter().any(|it| put.matches(&it.request))).await;
    // Of the config nothing is open any more, once it is known here that it is done.
    running.until_settled(&image.blobs[0].digest).await;
    let begun = Instant::now();
    running.job.cancel();
    let pushed = running.end().await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(pushed.result.unwrap_err().code(), Code::Cancelled);
    scene.check_nothing_published();
    assert_eq!(scene.registry.count(&On::delete(SESSION)), 1, "{}", scene.registry.transcript());
}

#[tokio::test]
async fn a_paused_push_goes_on_where_it_was() {
    let scene = Scene::open();
    let image = Image::of_size(4, 8 << 20);
    let name = scene.store(&image);
    scene.registry.fault(put_of(image.largest_blob()).nth(1), Fault::new().stall_upload_after(1 << 20));
    let running = scene.engine().start_push(&name);
    let put = put_of(image.largest_blob());
    let stalled =
        |it: &testkit::server::Exchange| put.matches(&it.request) && it.request.body.len() == 1 << 20;
    scene.registry.until(|log| log.iter().any(stalled)).await;
    running.job.pause();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let asked = scene.registry.log().len();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(scene.registry.log().len(), asked, "nothing is sent while it is paused");
    running.job.resume();
    let pushed = running.end().await;
    pushed.succeeded(&scene);
    scene.check_has(&image);
    assert_eq!(scene.uploaded(), image.blob_bytes(), "no byte is sent twice");
    assert!(pushed.events.iter().any(|event| matches!(event, TransferEvent::Paused)));
}

#[tokio::test]
async fn a_damaged_blob_of_the_store_never_becomes_visible() {
    let scene = Scene::open();
    let image = Image::of_size(4, 600_000);
    let name = scene.store(&image);
    let path = scene.store.blob_path(&image.largest_blob().digest);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[300_000] ^= 1;
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    #[allow(clippy::permissions_set_readonly_false)]
    permissions.set_readonly(false);
    std::fs::set_permissions(&path, permissions).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let pushed = scene.engine().push(&name, engine::transfer::Platforms::Present).await;
    let error = pushed.refused(Code::StoreCorrupt, image.largest_blob().digest.as_str());
    assert_eq!(error.side(), Some(engine::Side::Source), "{error:?}");
    assert_eq!(error.digest(), Some(&image.largest_blob().digest), "{error:?}");
    assert!(error.exchange().is_some(), "the registry's refusal shows it: {error:?}");
    scene.check_nothing_published();
    let digest = &image.largest_blob().digest;
    assert_eq!(scene.registry.stored_blob(REPOSITORY, digest), None);
    assert_eq!(
        scene.store.blob_size(digest).unwrap(),
        None,
        "it is put aside, so that a pull fetches it anew"
    );
}

#[tokio::test]
async fn a_cut_blob_of_the_store_is_named_before_it_is_sent() {
    let scene = Scene::open();
    let image = Image::of_size(4, 600_000);
    let name = scene.store(&image);
    let digest = &image.largest_blob().digest;
    let path = scene.store.blob_path(digest);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, &image.largest_blob().bytes[..400_000]).unwrap();
    let pushed = scene.engine().push(&name, engine::transfer::Platforms::Present).await;
    let error = pushed.result.unwrap_err();
    assert_eq!((error.code(), error.digest()), (Code::StoreCorrupt, Some(digest)), "{error:?}");
    assert_eq!(scene.registry.tag(REPOSITORY, "latest"), None, "a tag appeared");
    assert_eq!(scene.registry.stored_blob(REPOSITORY, digest), None);
}

#[tokio::test]
async fn what_a_registry_refuses_although_it_is_right_is_the_registrys_refusal() {
    let scene = Scene::open();
    let image = Image::of_size(4, 600_000);
    scene.registry.fault(put_of(image.largest_blob()), Fault::status(400));
    let pushed = scene.push(&image).await;
    let error = pushed.result.as_ref().unwrap_err();
    assert_eq!((error.code(), error.side()), (Code::RegistryRefused, Some(engine::Side::Sink)), "{error:?}");
    assert!(scene.store.blob_size(&image.largest_blob().digest).unwrap().is_some(), "the copy here is right");
}
