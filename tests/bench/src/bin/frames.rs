//! How smoothly the window scrolls through very long lists: the wheel is turned, and the page counts its frames. The same while
//! a gigabyte is pulled, how long a start takes, and how long it is until the files of an image are on screen.
//!
//! It judges nothing: the figures are for people. An Xvfb has no graphics card, so that everything is drawn by the processor.

use std::fs;
use std::time::{Duration, Instant};

use clap::Parser;
use e2e::{CONTROL, ENTER, Home, Window};
use serde_json::{Value, json};
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;

/// Turns of the wheel.
const TURNS: u32 = 180;

/// Measures frames of the real window: of the `longshore-desktop` beside this program.
#[derive(Parser)]
struct Options {
    /// Tags of the repository.
    #[arg(long, default_value_t = 100_000)]
    tags: usize,
    /// Files of the image.
    #[arg(long, default_value_t = 300_000)]
    files: usize,
    /// Layers of 64 MiB of the image that is pulled.
    #[arg(long, default_value_t = 16)]
    layers: u64,
}

/// Frames of one list.
struct Frames {
    /// Milliseconds between two frames, ascending.
    gaps: Vec<f64>,
    /// Pixels that the list moved.
    moved: f64,
}

#[tokio::main]
async fn main() {
    measure(&Options::parse()).await;
}

async fn measure(options: &Options) {
    let registry = Registry::start();
    let tiny = Image::tiny("x");
    for at in 0..options.tags {
        registry.put("bench/tags", &format!("{}.{}.{}", at / 1000, at / 10 % 100, at % 10), &tiny);
    }
    registry.put("bench/files", "1", &many(options.files));
    let layers = (0..options.layers).map(|seed| Layer::noise(seed, 64 << 20));
    registry.put("bench/large", "1", &Image::builder(Family::Oci).layers(layers).build());
    for (width, height) in [(1280, 800), (900, 600)] {
        let begun = Instant::now();
        let window = Window::open_in(Home::new(), width, height).await;
        started(&window, begun.elapsed()).await;
        let host = window.practice_host().await;

        open(&window, &registry.reference("bench/tags", "0.0.0"), &[ENTER]).await;
        window.press("All tags").await;
        rows(&window, "grid", 10).await;
        report(&format!("{} tags", options.tags), width, height, &scroll(&window, "[role=grid]").await);

        open(&window, &registry.reference("bench/files", "1"), &[CONTROL, ENTER]).await;
        window.says("Status: Downloaded newer image").await;
        window.press("Open image").await;
        window.click("[role=tab][id$=files]").await;
        rows(&window, "treegrid", 5).await;
        // Every folder opens.
        let opened = "return document.querySelector('[role=row][aria-expanded=true]') !== null";
        while window.script(opened, vec![]).await != true {
            window.script("document.querySelector('[role=treegrid]').focus()", vec![]).await;
            window.chord(&['*']).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        report(&format!("{} files", options.files), width, height, &scroll(&window, "[role=treegrid]").await);
        first_screen(&window, &registry.reference("bench/files", "1"), options.files).await;

        open(&window, &format!("{host}/files:1.0"), &[ENTER]).await;
        window.click("[role=tab][id$=layers]").await;
        window.find("[role=tabpanel] [draggable=true]").await;
        report("layers of an image", width, height, &scroll(&window, "main").await);

        let before = memory("VmRSS");
        open(&window, &registry.reference("bench/large", "1"), &[CONTROL, ENTER]).await;
        window.script(COUNT, vec![json!("main")]).await;
        let done = "return document.body.innerText.includes('Status: Downloaded newer image')";
        while window.script(done, vec![]).await != true {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        report(&format!("a pull of {} MB", options.layers * 67), width, height, &counted(&window).await);
        println!(
            "  the program's memory: {} MB before, {} MB at most",
            before / 1000,
            memory("VmHWM") / 1000
        );
        drop(window.close().await);
    }
}

/// An image of so many files in twenty layers.
fn many(files: usize) -> Image {
    let layers = (0..20).map(|layer| {
        let entries: Vec<Entry> = (layer..files)
            .step_by(20)
            .map(|at| Entry::file(&format!("folder-{}/file-{at}", at / 5_000), b""))
            .collect();
        Layer::new(&entries, LayerCompression::Gzip)
    });
    Image::builder(Family::Oci).layers(layers).build()
}

async fn open(window: &Window, name: &str, keys: &[char]) {
    window.type_reference(name).await;
    window.chord(keys).await;
}

/// Waits until a list has so many rows.
async fn rows(window: &Window, role: &str, count: usize) {
    let listed = format!("return document.querySelectorAll('[role={role}] [role=row]').length >= {count}");
    window.until("rows are listed", &listed).await;
}

/// Turns the wheel over a list.
async fn scroll(window: &Window, selector: &str) -> Frames {
    window.script(COUNT, vec![json!(selector)]).await;
    window.turn_wheel(selector, TURNS).await;
    counted(window).await
}

/// Begins to count frames.
const COUNT: &str = "const list = document.querySelector(arguments[0]);
    const scrolls = (it) => it.scrollHeight > it.clientHeight + 1 && getComputedStyle(it).overflowY !== 'visible';
    const counted = { times: [], scroller: [list, ...list.querySelectorAll('*')].find(scrolls) ?? list };
    counted.from = counted.scroller.scrollTop;
    const frame = (time) => { if (counted.times !== null) { counted.times.push(time); requestAnimationFrame(frame); } };
    requestAnimationFrame(frame);
    window.counted = counted;";

/// Ends the counting.
async fn counted(window: &Window) -> Frames {
    let found = "const { times, from, scroller } = window.counted;
        window.counted.times = null;
        return { gaps: times.slice(1).map((time, at) => time - times[at]), moved: scroller.scrollTop - from }";
    let found = window.script(found, vec![]).await;
    let gaps = found["gaps"].as_array().into_iter().flatten().filter_map(Value::as_f64);
    let mut gaps: Vec<f64> = gaps.collect();
    gaps.sort_by(f64::total_cmp);
    Frames { gaps, moved: found["moved"].as_f64().unwrap_or_default() }
}

/// Says how long the page took from its beginning to the first paint and to the end of its script, and all of it with the
/// display and the driver.
async fn started(window: &Window, all: Duration) {
    let times = "const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
        return [paint ?? null, performance.timing.domContentLoadedEventEnd - performance.timing.navigationStart]";
    let times = window.script(times, vec![]).await;
    println!(
        "a start: first paint {} ms after the page began, its script ran to {} ms; {} ms with display and driver",
        times[0],
        times[1],
        all.as_millis()
    );
}

/// Says how long it takes from the tab's click until the first files of an image of the store are drawn, whose lists are
/// kept: the page begins again in between, so that nothing of it is open.
async fn first_screen(window: &Window, name: &str, files: usize) {
    let mut took = Vec::new();
    for _ in 0..5 {
        window.reload().await;
        open(window, name, &[ENTER]).await;
        window.find("[role=tab][id$=files]").await;
        window.script(FIRST, vec![]).await;
        window.until("files are drawn", "return window.first !== undefined").await;
        took.extend(window.script("return window.first", vec![]).await.as_f64());
    }
    took.sort_by(f64::total_cmp);
    println!(
        "  {files} files on screen {:.0} ms after the click (of five: {took:.0?})",
        took[took.len() / 2]
    );
}

/// Clicks the tab, and takes the time of the frame after the one that has rows.
const FIRST: &str = "const from = performance.now();
    const drawn = () => document.querySelectorAll('[role=treegrid] [role=row]').length >= 5;
    const look = () => {
        if (!drawn()) requestAnimationFrame(look);
        else requestAnimationFrame(() => { window.first = performance.now() - from; });
    };
    document.querySelector('[role=tab][id$=files]').click();
    look();";

/// A figure of the program's memory, kB.
fn memory(field: &str) -> u64 {
    let is_program = |entry: &fs::DirEntry| {
        fs::read_to_string(entry.path().join("comm")).is_ok_and(|name| name.starts_with("longshore-deskt"))
    };
    let processes = fs::read_dir("/proc").expect("Linux has it").flatten();
    let status =
        processes.filter(is_program).find_map(|it| fs::read_to_string(it.path().join("status")).ok());
    let status = status.expect("the program runs");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn report(list: &str, width: u32, height: u32, frames: &Frames) {
    let Frames { gaps, moved } = frames;
    let total: f64 = gaps.iter().sum();
    let at = |share: usize| gaps.get((gaps.len() * share / 100).min(gaps.len().saturating_sub(1))).copied();
    println!(
        "{list}, {width} by {height}: {:.1} frames a second, between two {:.1} ms (median), {:.1} (95 %), {:.1} (most); {} frames, {moved:.0} pixels",
        gaps.len() as f64 / total.max(1.0) * 1000.0,
        at(50).unwrap_or_default(),
        at(95).unwrap_or_default(),
        gaps.last().copied().unwrap_or_default(),
        gaps.len(),
    );
}
