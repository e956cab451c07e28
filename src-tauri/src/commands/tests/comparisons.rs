//! Two images side by side.

use super::*;
use crate::wire::{CompareSide, ComparedSide};

fn side(input: &str, from: LookIn) -> CompareSide {
    CompareSide { input: input.to_owned(), from, platform: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_here_is_compared_with_what_the_registry_has() {
    let desk = Desk::new();
    let host = desk.host().await;
    let (old, new) = (format!("{host}/web:2.0"), format!("{host}/web:2.1"));
    desk.pull(&old).await;
    let ask = async |a, b| compare::compare_images(&desk.app, a, b).await;
    let told = ask(side(&old, LookIn::Store), side(&new, LookIn::Registry)).await.expect("a comparison");
    assert_eq!((told.a.from, told.b.from, told.same), (Whence::Store, Whence::Registry, false));
    let sides: Vec<_> = told.layers.iter().map(|layer| layer.side).collect();
    assert_eq!(sides, [ComparedSide::Both, ComparedSide::Both, ComparedSide::A, ComparedSide::B]);
    let bytes =
        |side| told.layers.iter().filter(|layer| layer.side == side).map(|layer| layer.size).sum::<u64>();
    assert_eq!(told.shared_bytes, bytes(ComparedSide::Both));
    assert_eq!((told.only_a_bytes, told.only_b_bytes), (bytes(ComparedSide::A), bytes(ComparedSide::B)));
    assert!(told.config.iter().any(|field| field.a != field.b), "a newer version says so somewhere");
    assert_eq!((&*told.a.title, told.a.layers, told.b.layers), (&*old, 3, 3));

    let told = ask(side(&old, LookIn::Store), side(&old, LookIn::Registry)).await.expect("a comparison");
    assert!(told.same && told.only_a_bytes == 0 && told.config.iter().all(|field| field.a == field.b));

    let multi = format!("{host}/multi:1.0");
    let arm = CompareSide { platform: Some("linux/arm64".into()), ..side(&multi, LookIn::Registry) };
    let told = ask(side(&multi, LookIn::Registry), arm).await.expect("a comparison");
    assert_eq!((&*told.a.platform, &*told.b.platform, told.same), ("linux/amd64", "linux/arm64", true));
    assert!(!told.platforms.is_empty());
    let error = ask(side(&old, LookIn::Store), side(&new, LookIn::Store)).await.expect_err("it is not here");
    assert_eq!(error.code(), Code::ImageMissing);
}
