//! What the names stand for, as far as it is here.

use std::fs;

use oci::platform::Platform;

use super::*;

#[test]
fn an_inventory_counts_what_is_here_once() {
    let (_dir, store) = store();
    let [mut amd, amd_config, amd_layer] = image(&store, "amd");
    let [mut arm, ..] = image(&store, "arm");
    let [.., arm_layer] = image(&store, "arm");
    amd.platform = Some(Platform::new("linux", "amd64"));
    arm.platform = Some(Platform::new("linux", "arm64"));
    let gone = Descriptor { platform: Some(Platform::new("linux", "riscv64")), ..absent() };
    let root = index(&store, &[&amd, &arm, &gone, &amd]);
    store.publish(Some(&reference("team/multi")), &root).unwrap();
    store.publish(None, &amd).unwrap();
    // A pull of one platform leaves the other's layers away.
    fs::remove_file(store.blob_path(&arm_layer.digest)).unwrap();

    let [multi, nameless] = &store.inventory().unwrap()[..] else { panic!("two entries") };
    let platforms: Vec<_> = multi.platforms.iter().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64"], "arm64 is not whole, riscv64 not here");
    assert_eq!(multi.layers, std::slice::from_ref(&amd_layer.digest));
    let arm_config = multi.size - amd_config.size - amd_layer.size;
    assert_eq!(arm_config, amd_config.size, "its config is here and counts");
    assert_eq!(nameless.size, amd_config.size + amd_layer.size);
    assert_eq!((nameless.image.name.as_deref(), nameless.created.as_deref()), (None, None));
}

#[test]
fn an_inventory_lists_what_it_cant_read() {
    let (_dir, store) = store();
    let damaged = put(&store, media_type::OCI_MANIFEST, b"{}");
    store.publish(Some(&reference("odd")), &damaged).unwrap();
    let [fine, ..] = image(&store, "fine");
    store.publish(Some(&reference("fine")), &fine).unwrap();
    let names: Vec<_> = store
        .inventory()
        .unwrap()
        .into_iter()
        .map(|it| (it.image.name.unwrap(), it.platforms.len()))
        .collect();
    assert_eq!(
        names,
        [("docker.io/library/odd:latest".into(), 0), ("docker.io/library/fine:latest".into(), 1)]
    );
}

fn absent() -> Descriptor {
    Descriptor::new(media_type::OCI_MANIFEST, oci::Digest::sha256(b"absent"), 6)
}
