//! Saving and exporting: what would be written, and writing it where a person says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::archive::{Format, Outline, outline};
use engine::endpoint::{ImageSource, Target};
use engine::image::{Image, inspect};
use engine::job::{Job, NodeKind};
use engine::layers::{IndexCache, Whole, shown};
use engine::transfer::{Plan, Platforms};
use engine::{Code, Error, Result};
use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::{Digest, Reference};

use crate::given::shown_name;
use crate::jobs::export::Export;
use crate::jobs::save::{From, Save, Saved};
use crate::settings;
use crate::state::{Longshore, blocking, parse_reference};
use crate::wire::{
    ArchiveLayer, ExportRequest, KeyValue, Origin, PlannedEntry, SaveFormat, SavePlan, SaveRequest,
    SaveSource, Squeeze,
};

/// Entries that a plan lists.
const ENTRIES: usize = 40;

/// What a saved archive and an exported filesystem of an image would have. Nothing is written.
pub async fn plan_save(app: &Arc<Longshore>, source: SaveSource) -> Result<SavePlan> {
    let saved = saved(app, &source).await?;
    let (from, job) = (saved.source(), Job::silent());
    let plan = Plan::of(&*from, None, &saved.request(), &job).await?;
    let root = from.resolve(&Target::Named(saved.reference.clone()), &job).await?;
    let image = first_image(app, &source, &*from, &saved.reference, &job).await?;
    let blobs = plan.blobs.iter().map(|blob| blob.descriptor.clone());
    let outline = outline(blobs, &plan.documents, saved.request().name.as_ref(), Format::Hybrid);
    let save_bytes = outline.length;
    let entries = entries(&plan, outline);
    let kept = plan.root.digest == root.descriptor.digest;
    let lost: Vec<String> = plan.lost.iter().map(ToString::to_string).collect();
    let store = saved.store().cloned();
    let layers: Vec<Descriptor> =
        image.manifest.as_ref().map_or_else(Vec::new, |image| image.manifest.layers.clone());
    let cache = match store.clone() {
        Some(store) => Some(store),
        None => {
            let opener = app.clone();
            blocking(move || opener.store()).await.ok()
        }
    };
    let flat = blocking(move || Ok(cache.and_then(|store| Flat::known(store.path(), &layers)))).await?;
    let manifest = image.manifest.as_ref();
    Ok(SavePlan {
        title: saved.reference.familiar(),
        tags: saved.reference.tag().map(ToString::to_string).into_iter().collect(),
        platforms: platforms(&image),
        layers: manifest.map_or_else(Vec::new, |image| {
            let layers = image.manifest.layers.iter();
            let here = |digest: &Digest| {
                store.as_ref().is_some_and(|store| matches!(store.blob_size(digest), Ok(Some(_))))
            };
            layers
                .map(|layer| ArchiveLayer {
                    digest: layer.digest.to_string(),
                    size: layer.size,
                    here: here(&layer.digest),
                })
                .collect()
        }),
        save_bytes,
        save_entries: entries.into_iter().take(ENTRIES).collect(),
        export_top: flat.as_ref().map_or_else(Vec::new, |flat| flat.top.clone()),
        export_bytes: flat.as_ref().map(|flat| flat.bytes),
        export_entries: flat.map_or_else(Vec::new, |flat| flat.entries),
        settings: manifest.and_then(|image| image.config.as_ref()).map_or_else(Vec::new, lost_settings),
        digest_preserved: kept,
        digest_note: match (kept, lost.is_empty()) {
            (true, _) => "the manifests and the compressed layers go along byte for byte".to_owned(),
            (false, true) => "its attestations do not go along, so its index is another".to_owned(),
            (false, false) => format!("{} of its index do not go along", lost.join(", ")),
        },
        suggested_name: suggested_name(&saved.reference),
    })
}

/// Asks where to, and queues a save; the id of the job, none where no place was chosen.
pub async fn start_save(app: &Arc<Longshore>, request: SaveRequest) -> Result<Option<u64>> {
    let mut images = Vec::new();
    for source in &request.images {
        images.push(saved(app, source).await?);
    }
    let Some(first) = images.first() else {
        return Err(
            Error::new(Code::ConfigInvalid, "no image was chosen").with_hint("Choose an image to save")
        );
    };
    let stem = match images.len() {
        1 => suggested_name(&first.reference),
        count => format!("{count}-images"),
    };
    let ending = match request.format {
        SaveFormat::Folder => "",
        SaveFormat::Hybrid | SaveFormat::Oci => ending(request.compression),
    };
    let Some(path) = app.frame().choose_place(&format!("{stem}{ending}")).await else { return Ok(None) };
    Ok(Some(start(app, images, request.format, request.compression, path)))
}

/// Queues it.
pub(super) fn start(
    app: &Arc<Longshore>,
    images: Vec<Saved>,
    format: SaveFormat,
    compression: Squeeze,
    path: PathBuf,
) -> u64 {
    let file = shown_name(&path);
    app.jobs().start(Arc::new(Save { images, format, compression, path, file }))
}

/// Asks where to, and queues an export; the id of the job, none where no place was chosen.
pub async fn start_export(app: &Arc<Longshore>, request: ExportRequest) -> Result<Option<u64>> {
    let reference = parse_reference(&request.image.input)?;
    if let Some(platform) = &request.image.platform {
        settings::parse_platform(platform)?;
    }
    let name = format!("{}-files{}", suggested_name(&reference), ending(request.compression));
    let Some(path) = app.frame().choose_place(&name).await else { return Ok(None) };
    let export = Export {
        app: Arc::downgrade(app),
        image: request.image,
        reference,
        compression: request.compression,
        file: shown_name(&path),
        path,
    };
    Ok(Some(app.jobs().start(Arc::new(export))))
}

/// Shows what a job wrote in the file manager.
pub async fn show_saved(app: &Arc<Longshore>, job: u64) -> Result<()> {
    let path = app.jobs().written(job)?;
    let app = app.clone();
    blocking(move || app.frame().reveal(&path)).await
}

/// Where an image is, and which of its platforms.
pub(super) async fn saved(app: &Arc<Longshore>, source: &SaveSource) -> Result<Saved> {
    let reference = parse_reference(&source.input)?;
    let platforms = match (&source.platform, source.from) {
        (Some(platform), _) => Platforms::These(vec![settings::parse_platform(platform)?]),
        (None, Origin::Store) => Platforms::Present,
        (None, Origin::Registry) => Platforms::All,
    };
    let from = match source.from {
        Origin::Store => {
            let opener = app.clone();
            From::Store(blocking(move || opener.store()).await?)
        }
        Origin::Registry => From::Registry(app.registries()),
    };
    Ok(Saved { reference, from, platforms })
}

/// The image whose files would be exported.
async fn first_image(
    app: &Arc<Longshore>,
    source: &SaveSource,
    from: &dyn ImageSource,
    reference: &Reference,
    job: &Job,
) -> Result<Image> {
    let target = Target::Named(reference.clone());
    let wanted = match &source.platform {
        Some(platform) => Some(settings::parse_platform(platform)?),
        None => settings::platform(&app.settings()).ok(),
    };
    match inspect(from, &target, wanted.as_ref(), job).await {
        Err(error) if source.platform.is_none() && error.code() == Code::PlatformMissing => {
            inspect(from, &target, None, job).await
        }
        found => found,
    }
}

fn platforms(image: &Image) -> Vec<String> {
    match (&image.index, &image.manifest) {
        (Some(index), _) => {
            index.platforms().into_iter().filter_map(|(_, platform)| Some(platform?.to_string())).collect()
        }
        (None, Some(manifest)) => manifest.platform.iter().map(ToString::to_string).collect(),
        (None, None) => Vec::new(),
    }
}

/// What the archive would hold, with what each entry is.
fn entries(plan: &Plan, outline: Outline) -> Vec<PlannedEntry> {
    let mut layers = 0;
    let mut notes: Vec<String> = Vec::new();
    for blob in &plan.blobs {
        notes.push(match blob.kind {
            NodeKind::Config => "config".to_owned(),
            _ => {
                layers += 1;
                format!("layer {layers}")
            }
        });
    }
    notes.resize(plan.blobs.len() + plan.documents.len(), "manifest".to_owned());
    notes.extend(["names and tags", "the same for `docker load`", "which layout this is"].map(str::to_owned));
    let noted = outline.entries.into_iter().zip(notes);
    noted.map(|((name, size), note)| PlannedEntry { name, size, note }).collect()
}

/// What an export would hold, where the lists of files are known already.
struct Flat {
    top: Vec<String>,
    bytes: u64,
    entries: Vec<PlannedEntry>,
}

impl Flat {
    fn known(store: &Path, layers: &[Descriptor]) -> Option<Self> {
        let Whole { stack, merged: state, .. } = IndexCache::new(store.join("cache")).whole(layers)?;
        let there = |path: &u32| state.after(&stack, *path).is_some();
        let top: Vec<u32> = stack.children(0).filter(there).collect();
        let entry = |path: &u32| PlannedEntry {
            name: shown(stack.name(*path)).into_owned(),
            size: state.size(&stack, *path),
            note: String::new(),
        };
        Some(Self {
            bytes: state.size(&stack, 0),
            entries: top.iter().take(ENTRIES).map(entry).collect(),
            top: top.iter().map(|path| shown(stack.name(*path)).into_owned()).collect(),
        })
    }
}

/// What the config says and files alone do not.
fn lost_settings(config: &ImageConfig) -> Vec<KeyValue> {
    let run = &config.config;
    let mut lost = Vec::new();
    let mut list = |key: &str, values: &[String]| {
        if !values.is_empty() {
            lost.push(KeyValue::new(key, values.join(" ")));
        }
    };
    list("Entrypoint", &run.entrypoint);
    list("Cmd", &run.cmd);
    list("Exposed ports", &run.exposed_ports);
    list("Volumes", &run.volumes);
    list("User", run.user.as_slice());
    list("Working folder", run.working_dir.as_slice());
    list("Stop signal", run.stop_signal.as_slice());
    for (key, count) in
        [("Environment", run.env.len()), ("Labels", run.labels.len()), ("History", config.history.len())]
    {
        if count > 0 {
            lost.push(KeyValue::new(key, count.to_string()));
        }
    }
    lost
}

fn ending(compression: Squeeze) -> &'static str {
    match compression {
        Squeeze::None => ".tar",
        Squeeze::Gzip => ".tar.gz",
        Squeeze::Zstd => ".tar.zst",
    }
}

/// `myapp-v1`
pub(super) fn suggested_name(reference: &Reference) -> String {
    let repository = reference.repository().repository().replace('/', "-");
    match (reference.tag(), reference.digest()) {
        (Some(tag), _) => format!("{repository}-{tag}"),
        (None, Some(digest)) => format!("{repository}-{}", digest.short()),
        (None, None) => repository,
    }
}
