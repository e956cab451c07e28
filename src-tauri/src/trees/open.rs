//! Opening a tree: where the layers of an image are, and an index of each.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::archive::{Archive, ArchiveSource};
use engine::endpoint::{ImageSource, Target};
use engine::image::{Image, inspect};
use engine::job::Job;
use engine::layers::{self, IndexCache, IndexProgress, Layers, Whole};
use engine::registry::RegistrySource;
use engine::{Code, Error, Result};
use oci::descriptor::Descriptor;
use oci::instruction::instruction;

use super::Tree;
use super::file::LayerFile;
use crate::commands::find_image;
use crate::given::shown_name;
use crate::settings;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{IndexedBy, LayersOf, TreeProgress, Whence};

/// The shortest time between two words on one layer.
const BETWEEN: Duration = Duration::from_millis(50);

/// A tree that was opened, with what its head says beside it.
pub struct Opened {
    /// The tree.
    pub tree: Tree,
    /// Of each layer, base first.
    pub labels: Vec<String>,
    /// How each layer's list of files was come by.
    pub indexed_by: Vec<IndexedBy>,
}

/// Where the layers are.
struct Place {
    title: String,
    source: Arc<dyn ImageSource>,
    layers: Vec<Descriptor>,
    labels: Vec<String>,
    /// The bytes were not checked when they came.
    verify: bool,
    far: bool,
    cache: IndexCache,
}

/// Opens the layers of an image and gets the lists of their files.
///
/// # Errors
/// Where the image can't be had, or its layers can't be read.
pub async fn open(
    app: &Arc<Longshore>,
    of: LayersOf,
    job: &Job,
    tell: impl Fn(TreeProgress) + Send + Sync + 'static,
) -> Result<Opened> {
    app.ahead().give_way();
    let place = match of {
        LayersOf::Image { input, from, platform } => {
            let reference = parse_reference(&input)?;
            let wanted = platform.as_deref().map(settings::parse_platform).transpose()?;
            let (image, whence) = find_image(app, &reference, from, wanted.as_ref()).await?;
            let (layers, labels) = layers(&image, &reference.familiar())?;
            let (source, far): (Arc<dyn ImageSource>, bool) = match whence {
                Whence::Store => {
                    let opener = app.clone();
                    (Arc::new(blocking(move || opener.store()).await?), false)
                }
                Whence::Registry => {
                    let client = app.registries().client(reference.registry());
                    (Arc::new(RegistrySource::new(client, reference.repository().clone())), true)
                }
            };
            let cache = cache_of(app).await;
            Place { title: reference.familiar(), source, layers, labels, verify: far, far, cache }
        }
        LayersOf::Archive { file, image, platform } => {
            let path = app.given().path(file)?;
            let wanted = platform.as_deref().map(settings::parse_platform).transpose()?;
            let source = open_archive(app, path.clone(), job).await?;
            let file = shown_name(&path);
            let listed = source.images().get(image as usize).ok_or_else(|| {
                Error::new(Code::ImageMissing, format!("`{file}` has no image {}", image + 1))
                    .with_hint("The file was changed since it was looked at: open it again")
            })?;
            let target = Target::Exact(listed.root.digest.clone());
            let title = listed.names.first().cloned().unwrap_or_else(|| file.clone());
            let found = inspect(&source, &target, wanted.as_ref(), job).await?;
            let (layers, labels) = layers(&found, &title)?;
            let cache = cache_of(app).await;
            Place { title, source: Arc::new(source), layers, labels, verify: true, far: false, cache }
        }
        LayersOf::File { file } => {
            let path = app.given().path(file)?;
            let title = shown_name(&path);
            let name = title.clone();
            let (source, layer) = blocking(move || LayerFile::open(&path, &name)).await?;
            let (source, layers, labels) = (Arc::new(source), vec![layer], vec![title.clone()]);
            let cache = IndexCache::none();
            Place { title, source, layers, labels, verify: false, far: false, cache }
        }
    };
    index(place, job, tell).await
}

async fn open_archive(app: &Arc<Longshore>, path: PathBuf, job: &Job) -> Result<ArchiveSource> {
    let (app, opening) = (app.clone(), job.clone());
    let opened = blocking(move || {
        let archive = Archive::open(&path, &app.spool(), &opening)?;
        ArchiveSource::new(&archive, &opening)
    });
    job.run(opened).await
}

/// Where lists of files are kept; nowhere where the store can't be opened.
async fn cache_of(app: &Arc<Longshore>) -> IndexCache {
    let opener = app.clone();
    let store = blocking(move || opener.store()).await;
    store.map_or_else(|_| IndexCache::none(), |store| IndexCache::new(store.path().join("cache")))
}

/// The layers of an image, each with the step that made it.
fn layers(image: &Image, name: &str) -> Result<(Vec<Descriptor>, Vec<String>)> {
    let Some(manifest) = &image.manifest else {
        return Err(Error::new(Code::ManifestUnsupported, format!("`{name}` has no layers to look into"))
            .with_hint("Open it to see its manifest as it is"));
    };
    let steps = manifest.steps();
    let label = |number: usize| {
        let step = steps.iter().find(|step| step.number == Some(number));
        let history = step.and_then(|step| step.history.as_ref());
        let (verb, arguments) =
            history.map_or_else(Default::default, |history| instruction(&history.created_by));
        format!("{verb} {arguments}").trim().to_owned()
    };
    let labels = (1..=manifest.manifest.layers.len()).map(label);
    Ok((manifest.manifest.layers.clone(), labels.collect()))
}

/// What was said of each layer.
struct Seen {
    /// How its list is come by, and when that was said last.
    layers: Vec<(IndexedBy, Option<Instant>)>,
    /// Of layers whose lists were kept: where that is so of all of them, nothing has to be said.
    kept: Vec<TreeProgress>,
}

async fn index(
    place: Place,
    job: &Job,
    tell: impl Fn(TreeProgress) + Send + Sync + 'static,
) -> Result<Opened> {
    let Place { title, source, layers: descriptors, labels, verify, far, cache } = place;
    let seen = Arc::new(Mutex::new(Seen {
        layers: vec![(IndexedBy::Cache, None); descriptors.len()],
        kept: Vec::new(),
    }));
    let (told, sizes) = (seen.clone(), descriptors.iter().map(|layer| layer.size).collect::<Vec<_>>());
    let layers = Layers::new(source, &descriptors, verify, &cache);
    let layers = if far { layers.far() } else { layers };
    let whole = layers.whole(job, move |IndexProgress { layer, done, entries, fetched, by }| {
        let number = u32::try_from(layer + 1).unwrap_or(u32::MAX);
        let fetched = if far { fetched } else { 0 };
        let progress = TreeProgress { layer: number, done, total: sizes[layer], entries, fetched };
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        let by = match by {
            layers::IndexedBy::Cache => return told.kept.push(progress),
            layers::IndexedBy::Contents => IndexedBy::Contents,
            layers::IndexedBy::Reading if far => IndexedBy::Streaming,
            layers::IndexedBy::Reading => IndexedBy::Reading,
        };
        let (known, last) = &mut told.layers[layer];
        *known = by;
        if done < sizes[layer] && last.is_some_and(|last| last.elapsed() < BETWEEN) {
            return;
        }
        *last = Some(Instant::now());
        let kept = std::mem::take(&mut told.kept);
        drop(told);
        kept.into_iter().chain([progress]).for_each(&tell);
    });
    let Whole { stack, merged, waste } = whole.await?;
    let indexed_by: Vec<IndexedBy> =
        seen.lock().unwrap_or_else(PoisonError::into_inner).layers.iter().map(|(by, _)| *by).collect();
    let tree = Tree { title, layers, far, stack, merged, waste, held: Mutex::default() };
    Ok(Opened { tree, labels, indexed_by })
}
