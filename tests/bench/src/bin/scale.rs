//! What an open tree of files costs: time of each thing that a person does with it, and memory. No program beside
//! Longshore shows as many files, so there is nobody to compare it with.
//!
//! The layers are made up here and never stored: their tar goes straight into the index. Each image is then looked at in
//! a process of its own, so that the figures are of nothing else.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use engine::job::Job;
use engine::layers::{Content, Filter, IndexCache, LayerIndex, Scope, Stack, State, View, waste};
use oci::descriptor::Descriptor;
use oci::digest::Digest;

/// Measures how trees of many files are opened, shown and searched.
#[derive(Parser)]
struct Options {
    /// Entries of all layers together.
    #[arg(long, default_value_t = 300_000)]
    entries: u64,
    /// Layers; the first has half of the entries.
    #[arg(long, default_value_t = 20)]
    layers: u64,
    /// Where the indexes are kept from run to run.
    #[arg(long, default_value = "target/bench")]
    work: PathBuf,
    /// Only looks at what an earlier run made.
    #[arg(long, hide = true)]
    look: bool,
}

fn main() {
    let options = Options::parse();
    let folder = options.work.join(format!("scale-{}-{}", options.entries, options.layers));
    if options.look {
        return look(&options, &folder);
    }
    let cache = IndexCache::new(&folder);
    let begun = Instant::now();
    for layer in 0..options.layers {
        if cache.get(&digest(layer), false).is_none() {
            let tar = Tar::new(layer, options.layers, options.entries);
            cache
                .build(&digest(layer), tar, false, &Job::silent(), &|_, _| {})
                .expect("the index can be written");
        }
    }
    cache.whole(&layers(&options)).expect("the tree can be made");
    eprintln!("the indexes are there after {:.1} s", begun.elapsed().as_secs_f64());
    let own = std::env::current_exe().expect("the program knows itself");
    let mut again = Command::new(own);
    again.args(std::env::args_os().skip(1)).arg("--look");
    assert!(again.status().expect("it runs").success(), "it could not be looked at");
}

fn layers(options: &Options) -> Vec<Descriptor> {
    let layer = |layer| Descriptor::new(oci::media_type::OCI_LAYER, digest(layer), 0);
    (0..options.layers).map(layer).collect()
}

fn digest(layer: u64) -> Digest {
    Digest::sha256(&layer.to_le_bytes())
}

fn look(options: &Options, folder: &Path) {
    let cache = IndexCache::new(folder);
    let mut figures = Figures { last: Instant::now() };
    let indexes: Vec<Arc<LayerIndex>> = (0..options.layers)
        .map(|layer| Arc::new(cache.get(&digest(layer), false).expect("it was made")))
        .collect();
    figures.say("indexes opened and checked");
    let stack = Arc::new(Stack::new(indexes).expect("not too many"));
    figures.say(&format!("stack of {} paths", stack.paths()));
    let merged = Arc::new(State::new(&stack, Scope::Merged).expect("a state"));
    figures.say("what a container sees");
    let wasted = waste(&stack);
    figures.say(&format!("waste, efficiency {:.3}", wasted.efficiency));
    drop(wasted);
    let mut view = View::of(&stack, merged, Scope::Merged);
    figures.say("a view");
    view.rows(0, 64);
    figures.say("the first 64 rows");
    let large = stack.find(b"/usr/lib/large").expect("it has one");
    view.reveal(large);
    view.open(large);
    figures.say("the largest folder opened");
    let at = view.reveal(large).expect("it is there");
    figures.pages(&view, at);
    view.close(large);
    figures.say("and closed");
    view.open_all();
    figures.say(&format!("everything opened, {} rows", view.len()));
    figures.pages(&view, 0);
    view.close_all();
    figures.say("everything closed");
    for text in ["name-1", "NAME-1", "*.conf", "dir-7/name", "/usr/lib/**/dir-1?/*-7*", "nothing has this"] {
        let found = view.find(&Filter::text(text)).expect("it is no malformed pattern");
        figures.say(&format!("find `{text}`, {} found", found.len()));
    }
    let filter = Filter { content: Some(Content::Json), ..Filter::default() };
    view.set_filter(filter).expect("a filter");
    figures.say(&format!("filter by content, {} found", view.totals().matches));
    view.set_filter(Filter { min_size: Some(150), ..Filter::default() }).expect("a filter");
    figures.say(&format!("filter by size, {} found", view.totals().matches));
    let mut other = View::new(&stack, Scope::Layer(stack.layers().len() / 2)).expect("a layer");
    other.set_filter(Filter::default()).expect("a filter");
    figures.say("beside it, the changes of one layer");
    drop((view, other));
    figures.say("both closed");
    drop(stack);
    figures.last = Instant::now();
    let whole = cache.whole(&layers(options)).expect("it was made");
    figures.say(&format!("all of it read back, {} paths", whole.stack.paths()));
}

struct Figures {
    last: Instant,
}

impl Figures {
    /// How long the last thing took, and what memory is used now, the most so far and this process's own.
    fn say(&mut self, what: &str) {
        let took = self.last.elapsed();
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux says it");
        let megabytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() * 1024.0 / 1e6
        };
        println!(
            "{:>10.2} ms  peak {:>7.1} MB, own {:>6.1} MB, of files {:>7.1} MB  {what}",
            took.as_secs_f64() * 1e3,
            megabytes("VmHWM:"),
            megabytes("RssAnon:"),
            megabytes("RssFile:"),
        );
        self.last = Instant::now();
    }

    /// Pages of 64 rows from a row on, a thousand of them.
    fn pages(&mut self, view: &View, from: usize) {
        let step = ((view.len() - from) / 1000).max(64);
        let mut took: Vec<Duration> = (from..view.len())
            .step_by(step)
            .map(|offset| {
                let begun = Instant::now();
                std::hint::black_box(view.rows(offset, 64));
                begun.elapsed()
            })
            .collect();
        took.sort();
        let at = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1e3;
        self.last = Instant::now();
        let what = format!(
            "{} pages of rows: half in {:.3} ms, 99 % in {:.3}, all in {:.3}",
            took.len(),
            at(50),
            at(99),
            at(100)
        );
        self.say(&what);
    }
}

/// A layer's tar: folders of names, half of them in the first layer. Later layers write some of the same paths again, put
/// others beside them, and remove a few.
struct Tar {
    layer: u64,
    left: u64,
    number: u64,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Tar {
    fn new(layer: u64, layers: u64, entries: u64) -> Self {
        let left = match (layer, layers) {
            (_, 1) => entries,
            (0, _) => entries / 2,
            _ => entries / 2 / (layers - 1),
        };
        Self { layer, left, number: 0, buffer: Vec::new(), at: 0, ended: false }
    }

    fn fill(&mut self) {
        self.buffer.clear();
        self.at = 0;
        while self.left > 0 && self.buffer.len() < 1 << 18 {
            self.left -= 1;
            self.number += 1;
            let (layer, number) = (self.layer, self.number);
            // One entry in ten of a later layer replaces one of the base; one in a hundred removes one.
            let (number, tag) = if layer > 0 && number % 10 == 0 { (number, 0) } else { (number, layer) };
            let ending = ["so", "py", "conf", "json", "txt"][number as usize % 5];
            let folder = match number % 20 {
                0 => "usr/lib/large".to_owned(),
                _ => format!("usr/lib/python3/dir-{}/dir-{}", number / 4000, number / 20 % 200),
            };
            let name = format!(
                "{}name-{number}-{tag}.{ending}",
                if layer > 0 && number % 100 == 50 { ".wh." } else { "" }
            );
            let content: &[u8] = match ending {
                "so" => b"\x7fELF\x02\x01\x01\0",
                "json" => b"{\"name\": \"value\"}",
                _ => b"# text\n",
            };
            let size = if name.starts_with(".wh.") { 0 } else { content.len() as u64 + number % 200 };
            self.entry(&format!("{folder}/{name}"), content, size);
        }
        if self.left == 0 && !self.ended {
            self.ended = true;
            self.buffer.extend([0; 1024]);
        }
    }

    fn entry(&mut self, path: &str, content: &[u8], size: u64) {
        let mut header = tar::Header::new_gnu();
        header.set_path(path).expect("it is short");
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        self.buffer.extend_from_slice(header.as_bytes());
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&content[..content.len().min(size as usize)]);
        self.buffer.resize(start + size as usize, b'\n');
        self.buffer.resize(start + size.next_multiple_of(512) as usize, 0);
    }
}

impl Read for Tar {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            self.fill();
        }
        let count = buffer.len().min(self.buffer.len() - self.at);
        buffer[..count].copy_from_slice(&self.buffer[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
