//! One thing of an image as a file: the image, a layer as it is stored, a file or a folder of an open tree.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::job::Job;
use engine::layers::{IndexCache, Layers, shown};
use engine::transfer::Plan;
use engine::{Code, Error, Result};
use oci::Digest;
use oci::descriptor::Descriptor;

use super::save::{saved, start, suggested_name};
use crate::commands::files::{write_file, write_folder, write_stored};
use crate::given::shown_name;
use crate::jobs::save::Saved;
use crate::state::{Longshore, blocking};
use crate::wire::{DragItem, JobEnd, Origin, SaveFormat, SaveSource, SavedItem, Squeeze};

/// Saves what could be dragged out, where a person says; none where no place was chosen.
pub async fn save_item(app: &Arc<Longshore>, item: DragItem) -> Result<Option<SavedItem>> {
    let (name, work) = describe(app, &item).await?;
    let Some(path) = app.frame().choose_place(&name).await else { return Ok(None) };
    let left_out = write(app, work, path.clone()).await?;
    let folder = app.given().place(path.parent().unwrap_or(Path::new("/")));
    let place = format!("{}/{}", folder.trim_end_matches('/'), shown_name(&path));
    Ok(Some(SavedItem { place, left_out }))
}

/// Goes on with a drag that began on the page: the item becomes a file, which is dragged. Whether it was dropped.
pub async fn drag_out(app: &Arc<Longshore>, item: DragItem) -> Result<bool> {
    let (name, work) = describe(app, &item).await?;
    let opener = app.clone();
    let folder = blocking(move || opener.scratch()).await?;
    // A file manager is told the name in an address, in which these mean nothing else.
    let plain = |it: char| if it.is_ascii_alphanumeric() || "._-".contains(it) { it } else { '_' };
    let path = folder.join(name.chars().map(plain).collect::<String>());
    write(app, work, path.clone()).await?;
    app.frame().drag(path).await
}

/// What is written of an item.
enum Work {
    Image(Box<Saved>),
    /// A layer as it is stored; 0 is the base.
    Stored {
        layers: Layers,
        layer: usize,
    },
    File {
        tree: u64,
        node: u32,
        layer: Option<u32>,
    },
    Folder {
        tree: u64,
        node: u32,
        layer: Option<u32>,
    },
}

/// A name for its file, and what is to be written.
async fn describe(app: &Arc<Longshore>, item: &DragItem) -> Result<(String, Work)> {
    Ok(match item {
        DragItem::Image { source } => {
            let saved = saved(app, source).await?;
            (format!("{}.tar", suggested_name(&saved.reference)), Work::Image(Box::new(saved)))
        }
        DragItem::Layer { input, digest } => {
            let digest: Digest = digest.parse().map_err(|problem: oci::digest::DigestProblem| {
                Error::new(Code::DigestInvalid, problem.to_string())
            })?;
            let (saved, layer) = find_layer(app, input, &digest).await?;
            let layers = Layers::new(saved.source(), std::slice::from_ref(&layer), true, &IndexCache::none());
            (layer_name(&layer), Work::Stored { layers, layer: 0 })
        }
        DragItem::Stored { tree, layer } => {
            let tree = app.trees().tree(*tree)?;
            let layer = tree.after(Some(*layer))? - 1;
            let layers = tree.layers.clone();
            (layer_name(&layers.descriptors()[layer]), Work::Stored { layers, layer })
        }
        DragItem::File { tree, node, layer } => {
            let open = app.trees().tree(*tree)?;
            let node = open.check(*node)?;
            let name = shown(open.stack.name(node)).replace('/', "_");
            let is_folder = open.there(node, *layer)?.node.is_folder();
            let name = match (name.trim_matches('.').is_empty(), is_folder) {
                (true, false) => "file".to_owned(),
                (true, true) => "files.tar".to_owned(),
                (false, false) => name,
                (false, true) => format!("{name}.tar"),
            };
            let (tree, layer) = (*tree, *layer);
            let work =
                if is_folder { Work::Folder { tree, node, layer } } else { Work::File { tree, node, layer } };
            (name, work)
        }
    })
}

/// The first digits of a layer's digest, with an ending that says how it is compressed.
fn layer_name(layer: &Descriptor) -> String {
    let ending = match layer.media_type.rsplit_once(['+', '.']) {
        Some((_, "gzip")) => ".tar.gz",
        Some((_, "zstd")) => ".tar.zst",
        _ => ".tar",
    };
    format!("{}{ending}", layer.digest.short())
}

/// What was left out, a sentence each.
async fn write(app: &Arc<Longshore>, work: Work, path: PathBuf) -> Result<Vec<String>> {
    let none = |()| Vec::new();
    match work {
        Work::Image(saved) => {
            let id = start(app, vec![*saved], SaveFormat::Hybrid, Squeeze::None, path);
            let outcome = app.jobs().watch(id, |_| true).await?.ok_or_else(Error::cancelled)?;
            match outcome.fault {
                None if outcome.state == JobEnd::Done => Ok(Vec::new()),
                None => Err(Error::cancelled()),
                Some(fault) => Err(Error::new(fault.code.0, fault.message)
                    .with_hint(fault.hint.unwrap_or_else(|| "See the transfers".to_owned()))),
            }
        }
        Work::Stored { layers, layer } => write_stored(app, layers, layer, path).await.map(none),
        Work::File { tree, node, layer } => write_file(app, tree, node, layer, path).await.map(none),
        Work::Folder { tree, node, layer } => write_folder(app, tree, node, layer, path).await,
    }
}

/// A layer of an image, wherever the image is.
async fn find_layer(app: &Arc<Longshore>, input: &str, digest: &Digest) -> Result<(Saved, Descriptor)> {
    for from in [Origin::Store, Origin::Registry] {
        let source = SaveSource { input: input.to_owned(), from, platform: None };
        let saved = match saved(app, &source).await {
            Ok(saved) => saved,
            Err(_) if from == Origin::Store => continue,
            Err(error) => return Err(error),
        };
        match Plan::of(&*saved.source(), None, &saved.request(), &Job::silent()).await {
            Ok(plan) => {
                if let Some(blob) = plan.blobs.into_iter().find(|blob| blob.descriptor.digest == *digest) {
                    return Ok((saved, blob.descriptor));
                }
            }
            // What is not here is looked for where it came from.
            Err(_) if from == Origin::Store => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(Code::ImageMissing, format!("`{input}` has no layer `{}`", digest.short()))
        .with_hint("Open the image again"))
}
