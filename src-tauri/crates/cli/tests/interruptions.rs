//! Ctrl-C, kill -9, a pipe that closes: nothing is lost, and nothing panics.

// A helper that fails stops its test, as a failed assertion does.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::{Ran, World, signal, until};
use testkit::image::{Image, Object};
use testkit::registry::Registry;
use testkit::server::{Fault, On};

const SIZE: usize = 30_000_000;
/// Where the first answer stalls.
const STALL: u64 = 20_000_000;
/// What may be fetched twice after a kill (fault row 75).
const TWICE: u64 = 8 << 20;

fn stalling() -> (World, Registry, Object) {
    let (world, registry) = (World::new(), Registry::start());
    let image = Image::of_size(7, SIZE);
    let layer = image.largest_blob().clone();
    registry.put("app", "1", &image);
    registry.fault(On::blob(&layer.digest), Fault::new().stall_after(STALL));
    (world, registry, layer)
}

/// Waits until the store has written down that it has so much of the layer.
fn until_partial(world: &World, layer: &Object, bytes: u64) {
    let store = world.store();
    until("bytes of a partial download", || store.partial_bytes(&layer.descriptor()) >= bytes);
}

/// Pulls without faults; the bytes of the layer that were sent for it.
fn resume(world: &World, registry: &Registry, layer: &Object) -> u64 {
    registry.heal();
    registry.clear_log();
    let reference = registry.reference("app", "1");
    let printed = world.ok(&["pull", &reference]);
    assert!(printed.contains("Status: Downloaded newer image"), "{printed}");
    let store = world.store();
    assert!(store.verify(&layer.digest, layer.size()).unwrap());
    registry.sent(&On::blob(&layer.digest))
}

#[test]
fn ctrl_c_cancels_keeps_what_arrived_and_says_so() {
    for (name, which) in [("Ctrl-C", Signal::INT), ("kill", Signal::TERM)] {
        let (world, registry, layer) = stalling();
        let child = world.spawn(&["pull", &registry.reference("app", "1")]);
        until_partial(&world, &layer, STALL / 2);
        let asked = Instant::now();
        signal(&child, which);
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert!(asked.elapsed() < Duration::from_secs(3), "{name}: {:?}", asked.elapsed());
        assert_eq!(ran.status, 130, "{name}: {ran:?}");
        assert_eq!(
            ran.stderr,
            "error: cancelled\nhint: What has arrived is kept: the next pull goes on from there\n",
            "{name}"
        );
        assert!(!ran.stdout.contains("Status:"), "{name}: {}", ran.stdout);
        assert!(world.store().images().unwrap().is_empty(), "{name}: no name before all is there");
        let sent = resume(&world, &registry, &layer);
        assert!(sent <= layer.size() - STALL / 2, "{name}: {sent} bytes were sent again");
    }
}

#[test]
fn a_cancelled_pull_says_so_in_json() {
    let (world, registry, layer) = stalling();
    let child = world.spawn(&["pull", "--json", &registry.reference("app", "1")]);
    until_partial(&world, &layer, 1);
    signal(&child, Signal::INT);
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.status, ran.stdout.as_str()), (130, ""), "{ran:?}");
    assert_eq!(ran.error()["code"], "cancelled");
}

#[test]
fn f075_a_pull_that_was_killed_goes_on_from_where_it_was() {
    let (world, registry, layer) = stalling();
    let mut child = world.spawn(&["pull", &registry.reference("app", "1")]);
    until_partial(&world, &layer, STALL - TWICE);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(world.store().blob_size(&layer.digest).unwrap(), None, "nothing partial is visible");
    let sent = resume(&world, &registry, &layer);
    assert!(sent <= layer.size() - STALL + TWICE, "{sent} of {} bytes were sent again", layer.size());
}

#[test]
fn a_closed_pipe_is_no_failure_and_stops_no_pull() {
    let (world, registry) = (World::new(), Registry::start());
    registry.put("app", "1", &Image::tiny("x"));
    let reference = registry.reference("app", "1");
    for args in [&["explain", "nginx"][..], &["pull", &reference], &["images"], &["inspect", &reference]] {
        let mut child = world.spawn(args);
        drop(child.stdout.take());
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{args:?}");
    }
    assert_eq!(world.store().images().unwrap().len(), 1, "the pull went to its end");
}

#[test]
fn a_result_that_can_not_be_written_is_a_failure() {
    let world = World::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = Ran::of(world.command(&["explain", "nginx"]).stdout(full).output().unwrap());
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.stderr.starts_with("error: stdout can't be written to\n"), "{ran:?}");
}

#[test]
fn a_registry_is_served_until_ctrl_c() {
    let world = World::new();
    let mut child = world.command(&["serve", "--practice", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let address =
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["address"].as_str().unwrap().to_owned();
    let other = World::new();
    let pulled = other.json(&["pull", &format!("{address}/hello:1.0")]);
    let hello = registry_server::practice::shelf().iter().find(|it| it.repository == "hello").unwrap();
    assert_eq!(pulled["digest"], hello.digest);
    signal(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(0), "Ctrl-C is how it ends");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
