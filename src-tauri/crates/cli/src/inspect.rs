//! `inspect`: what an image is and how it runs.

use engine::image::ImageManifest;
use engine::job::Job;
use oci::{Descriptor, ImageConfig, Platform};
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::find::{self, Found};
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// A value longer than this many characters is cut; `--json` has all of it.
const VALUE: usize = 2000;

/// Runs the verb.
pub fn run(args: &args::Inspect, context: &Context) -> Result<(), Failure> {
    let job = Job::new(|event| output::note_event(&event));
    if args.raw {
        let bytes = interrupt::run(Threads::One, &job, find::raw(&args.look, context, &job))?;
        return Ok(output::bytes(&bytes)?);
    }
    let found = interrupt::run(Threads::One, &job, find::look(&args.look, context, &job))?;
    if context.json() {
        return Ok(output::json(&to_json(&found))?);
    }
    Ok(output::bytes(to_text(&found).as_bytes())?)
}

fn to_json(found: &Found) -> Value {
    let image = &found.image;
    let manifest = image.manifest.as_ref();
    let config = manifest.and_then(|manifest| manifest.config.as_ref());
    let platforms: Vec<Value> = entries(found)
        .map(|(entry, platform)| {
            json!({
                "platform": platform.map(ToString::to_string),
                "digest": entry.digest.as_str(),
                "media_type": entry.media_type,
                "size": entry.size,
            })
        })
        .collect();
    json!({
        "name": found.name,
        "source": found.place.as_str(),
        "digest": image.root.descriptor.digest.as_str(),
        "media_type": image.root.descriptor.media_type,
        "manifest_size": image.root.bytes.len(),
        "platforms": platforms,
        "image": manifest.map(|manifest| image_json(manifest, config)),
        "flags": image.flags,
        "warnings": found.warnings,
    })
}

/// The images that an index lists, with their platforms.
fn entries(found: &Found) -> impl Iterator<Item = (&Descriptor, Option<&Platform>)> {
    found.image.index.iter().flat_map(oci::Index::platforms)
}

fn image_json(manifest: &ImageManifest, config: Option<&ImageConfig>) -> Value {
    let descriptor_json = |descriptor: &Descriptor| {
        json!({
            "digest": descriptor.digest.as_str(),
            "size": descriptor.size,
            "media_type": descriptor.media_type,
        })
    };
    json!({
        "digest": manifest.document.descriptor.digest.as_str(),
        "media_type": manifest.document.descriptor.media_type,
        "artifact_type": manifest.manifest.artifact_type,
        "platform": manifest.platform.as_ref().map(ToString::to_string),
        "size": manifest.transfer_size(),
        "config": descriptor_json(&manifest.manifest.config),
        "layers": manifest.manifest.layers.iter().map(descriptor_json).collect::<Vec<_>>(),
        "annotations": manifest.manifest.annotations,
        "created": config.and_then(|config| config.created.as_deref()),
        "author": config.and_then(|config| config.author.as_deref()),
        "run": config.map(|config| {
            let run = &config.config;
            json!({
                "user": run.user,
                "working_dir": run.working_dir,
                "entrypoint": run.entrypoint,
                "cmd": run.cmd,
                "env": run.env,
                "exposed_ports": run.exposed_ports,
                "volumes": run.volumes,
                "labels": run.labels,
                "stop_signal": run.stop_signal,
                "shell": run.shell,
                "healthcheck": run.healthcheck,
                "on_build": run.on_build,
            })
        }),
    })
}

/// Lines of a word and its value, both harmless on a terminal.
#[derive(Default)]
struct Summary(String);

impl Summary {
    const COLUMN: usize = 13;

    fn line(&mut self, word: &str, value: &str) {
        if !value.is_empty() {
            self.0 += &format!("{:<column$}{}\n", format!("{word}:"), harmless(value), column = Self::COLUMN);
        }
    }

    fn list<'a>(&mut self, word: &str, values: impl IntoIterator<Item = &'a str>) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return;
        }
        self.0 += &format!("{word}:\n");
        for value in values {
            self.0 += &format!("  {}\n", harmless(value));
        }
    }
}

fn harmless(value: &str) -> String {
    output::cut(&shown(value), VALUE)
}

fn to_text(found: &Found) -> String {
    let image = &found.image;
    let root = &image.root.descriptor;
    let mut text = Summary::default();
    text.line("Name", found.name.as_deref().unwrap_or("<none>"));
    text.line("Digest", root.digest.as_str());
    text.line("Media type", &root.media_type);
    text.line(
        "Found in",
        match found.place {
            find::Place::Store => "the store on this computer",
            find::Place::Registry => "the registry",
            find::Place::File => "a file on this computer",
            find::Place::Engine => "the container engine on this computer",
        },
    );
    if image.index.is_some() {
        let name = |platform: Option<&Platform>| platform.map_or("unnamed".to_owned(), ToString::to_string);
        let names: Vec<String> = entries(found).map(|(_, platform)| name(platform)).collect();
        text.line("Platforms", &names.join(", "));
    }
    if let Some(manifest) = &image.manifest {
        image_text(manifest, image.index.is_some(), &mut text);
    }
    text.list("Odd", image.flags.iter().map(String::as_str));
    text.0
}

fn image_text(manifest: &ImageManifest, of_index: bool, text: &mut Summary) {
    text.line("Platform", &manifest.platform.as_ref().map(ToString::to_string).unwrap_or_default());
    if of_index {
        text.line("Manifest", manifest.document.descriptor.digest.as_str());
    }
    let layers = output::count(manifest.manifest.layers.len() as u64, "layer", "layers");
    let bytes = manifest.transfer_size();
    text.line("Size", &format!("{} in {layers} ({bytes} bytes to transfer)", output::size(bytes, 3)));
    let Some(config) = &manifest.config else { return };
    let run = &config.config;
    text.line("Created", config.created.as_deref().unwrap_or_default());
    text.line("Author", config.author.as_deref().unwrap_or_default());
    text.line("Entrypoint", &command(&run.entrypoint));
    text.line("Command", &command(&run.cmd));
    text.line("Working dir", run.working_dir.as_deref().unwrap_or_default());
    text.line("User", run.user.as_deref().unwrap_or_default());
    text.line("Ports", &run.exposed_ports.join(", "));
    text.line("Volumes", &run.volumes.join(", "));
    text.line("Stop signal", run.stop_signal.as_deref().unwrap_or_default());
    text.list("Environment", run.env.iter().map(String::as_str));
    let labels: Vec<String> = run.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    text.list("Labels", labels.iter().map(String::as_str));
}

/// In exec form, as a Dockerfile has it: `["nginx", "-g", "daemon off;"]`.
fn command(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { json!(words).to_string().replace("\",\"", "\", \"") }
}
