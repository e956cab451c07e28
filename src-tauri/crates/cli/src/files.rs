//! `files`: what is in the layers, one by one or merged.

use std::io::{self, BufWriter, Write};

use engine::job::Job;
use engine::layers::{Change, Content, Filter, Node, Scope, State, Version, mode_text, shown};
use engine::tar::Kind;
use serde::Serialize;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::inside::Inside;
use crate::interrupt::{self, Threads};
use crate::output;

/// One file.
#[derive(Serialize)]
struct Row {
    path: String,
    r#type: &'static str,
    size: u64,
    mode: u32,
    uid: u64,
    gid: u64,
    link: Option<String>,
    layer: usize,
    change: &'static str,
    content: Option<&'static str>,
}

/// Runs the verb.
pub fn run(args: &args::Files, context: &Context) -> Result<(), Failure> {
    let job = Job::new(|event| output::note_event(&event));
    let inside = interrupt::run(Threads::Several, &job, Inside::open(&args.look, context, &job))?;
    let mut rows = Rows { out: BufWriter::new(io::stdout().lock()), json: context.json(), count: 0 };
    let filter =
        Filter { text: args.find.clone().unwrap_or_default(), content: args.content, ..Filter::default() };
    let written = match args.layer {
        Some(layer) => of_layer(&inside, layer, args.path.as_deref(), &filter, &mut rows),
        None => merged(&inside, args.path.as_deref(), &filter, &mut rows),
    };
    match written.and_then(|()| Ok(rows.finish()?)) {
        // Whoever read had enough of it.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// What a container sees, in the order of the tree.
fn merged(
    inside: &Inside,
    path: Option<&str>,
    filter: &Filter,
    rows: &mut Rows<impl Write>,
) -> Result<(), Failure> {
    let stack = &*inside.stack;
    let state = &*inside.merged;
    let matches = filter.matches(stack, state)?;
    let top = match path {
        Some(path) => stack.follow(path.as_bytes(), stack.layers().len(), true)?,
        None => 0,
    };
    let mut row = |path: u32, full: &[u8]| -> Result<bool, Failure> {
        let (Some(version), Some(change)) = (state.version(stack, path), state.change(path)) else {
            return Ok(false);
        };
        if path != 0 && matches.has(path) {
            let content = stack.content_of(&version);
            rows.add(&of(&version.node, shown(full).into_owned(), version.layer, change, content))?;
        }
        Ok(version.node.is_folder())
    };
    let mut full = if top == 0 { Vec::new() } else { stack.full_path(top) };
    if top != 0 && !row(top, &full)? {
        return Ok(());
    }
    // What is left to list of each folder on the way down, and how long the folder's path is.
    let mut walk = vec![(stack.children(top), full.len())];
    while let Some((range, length)) = walk.last_mut() {
        let Some(at) = range.next() else {
            walk.pop();
            continue;
        };
        full.truncate(*length);
        full.push(b'/');
        full.extend_from_slice(stack.name(at));
        if row(at, &full)? {
            walk.push((stack.children(at), full.len()));
        }
    }
    Ok(())
}

/// The entries of one layer, whiteouts among them, in the order of its tree; of versions of one name all, in the archive's
/// order. Folders without an entry of their own are none.
fn of_layer(
    inside: &Inside,
    layer: u32,
    path: Option<&str>,
    filter: &Filter,
    rows: &mut Rows<impl Write>,
) -> Result<(), Failure> {
    let at = inside.count(Some(layer))? - 1;
    let stack = &*inside.stack;
    let state = State::new(stack, Scope::Layer(at))?;
    // A whiteout of what is not below is there too, where nothing is looked for.
    let named = match filter.text.as_str() {
        "" => None,
        text => Some(Filter::text(text).matches(stack, &state)?),
    };
    let index = &stack.layers()[at];
    let top = match path {
        None => index.root(),
        Some(path) => {
            let parts = path.split('/').filter(|part| !part.is_empty()).map(str::as_bytes);
            index.find(parts).ok_or_else(|| {
                engine::Error::new(engine::Code::NotFound, format!("layer {layer} has no `{path}`"))
                    .with_hint(format!("`longshore files REFERENCE --layer {layer}` lists what it has"))
            })?
        }
    };
    // A folder of the tree of all layers beside that of this one.
    let mut walk = vec![(vec![top].into_iter(), None::<u32>)];
    while let Some((nodes, folder)) = walk.last_mut() {
        let Some(node) = nodes.next() else {
            walk.pop();
            continue;
        };
        let here = match folder {
            Some(folder) if node.is_whiteout() => stack.child(*folder, &node.name()[4..]),
            Some(folder) => stack.child(*folder, node.name()),
            None => stack.find(&node.path()),
        };
        let content = stack.content_of(&Version { layer: at, removes: node.is_whiteout(), node });
        let is_named = |here| here == 0 || named.as_ref().is_none_or(|named| named.has(here));
        let fits = here.is_none_or(is_named) && filter.content.is_none_or(|wanted| content.is(wanted));
        if !node.is_implied() && fits {
            let change = match here.and_then(|here| state.change(here)) {
                _ if node.is_whiteout() => Change::Removed,
                Some(change) => change,
                None => Change::Unchanged,
            };
            let shown_path = node
                .raw_name()
                .map_or_else(|| format!("/{}", shown(&node.path())), |raw| shown(&raw).into_owned());
            rows.add(&of(&node, shown_path, at, change, content))?;
        }
        if node.is_folder() {
            walk.push((node.children().collect::<Vec<_>>().into_iter(), here));
        }
    }
    Ok(())
}

fn of(node: &Node<'_>, path: String, layer: usize, change: Change, content: Content) -> Row {
    let link =
        matches!(node.kind(), Kind::Symlink | Kind::HardLink).then(|| shown(&node.link()).into_owned());
    Row {
        path,
        r#type: kind_word(node.kind()),
        size: node.size(),
        mode: node.mode(),
        uid: node.uid(),
        gid: node.gid(),
        link,
        layer: layer + 1,
        change: match change {
            Change::Added => "added",
            Change::Modified => "modified",
            Change::Removed => "removed",
            Change::Unchanged => "unchanged",
        },
        content: content.name(),
    }
}

/// What an entry is, as JSON has it.
pub fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Symlink => "symlink",
        Kind::HardLink => "hardlink",
        Kind::CharDevice => "character",
        Kind::BlockDevice => "block",
        Kind::Fifo => "fifo",
        Kind::Other(_) => "other",
    }
}

/// Rows as they come: a million of them are not kept.
struct Rows<W: Write> {
    out: W,
    json: bool,
    count: u64,
}

impl<W: Write> Rows<W> {
    fn add(&mut self, row: &Row) -> io::Result<()> {
        self.count += 1;
        if self.json {
            self.out.write_all(if self.count == 1 { b"[\n  " } else { b",\n  " })?;
            return Ok(serde_json::to_writer(&mut self.out, row)?);
        }
        let kind = match row.r#type {
            "directory" => Kind::Directory,
            "symlink" => Kind::Symlink,
            "character" => Kind::CharDevice,
            "block" => Kind::BlockDevice,
            "fifo" => Kind::Fifo,
            _ => Kind::File,
        };
        let mark = match row.change {
            "added" => '+',
            "modified" => '~',
            "removed" => '-',
            _ => ' ',
        };
        let owner = format!("{}:{}", row.uid, row.gid);
        let mode = mode_text(kind, row.mode);
        let link = match (&row.link, row.r#type) {
            (Some(link), "hardlink") => format!(" link to {link}"),
            (Some(link), _) => format!(" -> {link}"),
            (None, _) => String::new(),
        };
        writeln!(self.out, "{mark} {mode} {owner:<11} {:>12} {:>3} {}{link}", row.size, row.layer, row.path)
    }

    fn finish(mut self) -> io::Result<()> {
        if self.json {
            self.out.write_all(if self.count == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()
    }
}
