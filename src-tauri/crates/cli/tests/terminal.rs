//! On a terminal: lines that change in place, not too often.

// A helper that fails stops its test, as a failed assertion does.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use support::World;
use testkit::image::{Family, Image, Layer};
use testkit::registry::Registry;
use testkit::server::{Fault, On};

/// A pseudo-terminal of so many columns: what the program writes to, and what shows it.
fn terminal(columns: u16) -> (OwnedFd, File) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let path = ptsname(&screen, Vec::new()).unwrap();
    let end = std::fs::OpenOptions::new().read(true).write(true).open(path.to_str().unwrap()).unwrap();
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&end, size).unwrap();
    (screen, end)
}

/// Pulls on a terminal; everything that was written, and how long it took.
fn pull(world: &World, columns: u16, reference: &str) -> (String, Duration) {
    let (screen, end) = terminal(columns);
    let begun = Instant::now();
    let out = Stdio::from(end);
    let mut command = world.command(&["pull", reference]);
    let mut child = command.env("TERM", "xterm").stdout(out).spawn().unwrap();
    drop(command);
    let mut written = Vec::new();
    let mut buffer = [0; 65536];
    let mut screen = File::from(screen);
    // Linux ends a terminal that nobody holds with EIO.
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        written.extend_from_slice(&buffer[..count]);
    }
    assert!(child.wait().unwrap().success());
    (String::from_utf8(written).unwrap(), begun.elapsed())
}

#[test]
fn layers_have_bars_that_change_in_place() {
    let (world, registry) = (World::new(), Registry::start());
    let image =
        Image::builder(Family::Oci).layer(Layer::noise(1, 2_000)).layer(Layer::noise(2, 6_000_000)).build();
    registry.put("app", "1", &image);
    registry.fault(On::blob(&image.largest_blob().digest), Fault::new().drip(2_000_000));
    let [base, top] = [1, 2].map(|at| image.blobs[at].digest.short().to_owned());
    let (written, took) = pull(&world, 120, &registry.reference("app", "1"));
    for text in [
        format!("{base}: Waiting"),
        format!("{top}: Downloading [="),
        format!("MB/{}", "6.0"),
        format!("{base}: Pull complete"),
        format!("{top}: Pull complete"),
        format!("Status: Downloaded newer image for {}\r\n", registry.reference("app", "1")),
    ] {
        assert!(written.contains(&text), "{text:?} is missing in {written:?}");
    }
    let end = written.rfind("Pull complete").unwrap();
    assert!(written[end..].contains("Digest: "), "the digest comes below the lines: {written:?}");
    // Each state of the line is drawn again when the other line changes: it is new states that are counted.
    let mut states: Vec<&str> = written.split(&format!("{top}: Downloading ")).skip(1).collect();
    states.iter_mut().for_each(|rest| *rest = rest.split("MB/").next().unwrap());
    states.dedup();
    let most = took.as_millis() as usize / 100 + 2;
    assert!((3..=most).contains(&states.len()), "{} states in {took:?}: {states:?}", states.len());
}

#[test]
fn a_narrow_terminal_has_the_numbers_alone() {
    let (world, registry) = (World::new(), Registry::start());
    let image = Image::of_size(3, 3_000_000);
    registry.put("app", "1", &image);
    registry.fault(On::blobs(), Fault::new().drip(10_000_000));
    let (written, _) = pull(&world, 50, &registry.reference("app", "1"));
    assert!(written.contains("Downloading ") && !written.contains("Downloading ["), "{written:?}");
}

#[test]
fn more_layers_than_rows_all_come_by() {
    let (world, registry) = (World::new(), Registry::start());
    let image = Image::builder(Family::Oci).layers((0..60).map(|seed| Layer::noise(seed, 500))).build();
    registry.put("app", "1", &image);
    let (written, _) = pull(&world, 100, &registry.reference("app", "1"));
    for layer in &image.blobs[1..] {
        let line = format!("{}: Pull complete", layer.digest.short());
        assert!(written.contains(&line), "{line:?} is missing");
    }
}
