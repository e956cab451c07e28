//! `identify`: what files are, why, and what to do with them.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use engine::archive::{self, Evidence, FilesystemFacts, Identified, ImageFacts, Kind, Reading, Variant};
use engine::compression::Compression;
use engine::job::Job;
use engine::{Code, Error};
use oci::{Descriptor, Digest, Platform};
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// What standard input is called.
pub const STDIN: &str = "standard input";
/// Layers and images are listed up to here; JSON has all of them.
const SHOWN: usize = 40;

/// Runs the verb.
pub fn run(args: &args::Identify, context: &Context) -> Result<(), Failure> {
    let job = Job::silent();
    interrupt::run(Threads::One, &job, async {
        let (mut objects, mut first_failure) = (Vec::new(), None);
        for (at, path) in args.files.iter().enumerate() {
            let found = match look(path.clone(), job.clone()).await {
                Ok(found) => found,
                Err(error) if error.code() == Code::Cancelled => return Err(error.into()),
                Err(error) if args.files.len() == 1 => return Err(error.into()),
                Err(error) => {
                    let failure = Failure::from(error);
                    if context.json() {
                        objects
                            .push(json!({ "file": path.display().to_string(), "error": failure.to_json() }));
                    } else {
                        output::note(&failure.to_text());
                    }
                    first_failure.get_or_insert(Failure::Said);
                    continue;
                }
            };
            if context.json() {
                objects.push(to_json(&found));
            } else {
                if at > 0 {
                    output::line("")?;
                }
                tell(&found)?;
            }
        }
        if context.json() {
            output::json(&objects)?;
        }
        first_failure.map_or(Ok(()), Err)
    })
}

async fn look(path: PathBuf, job: Job) -> engine::Result<Identified> {
    let looked = tokio::task::spawn_blocking(move || {
        if path == Path::new("-") {
            if std::io::stdin().is_terminal() {
                return Err(Error::new(Code::ConfigInvalid, "there is nothing on standard input")
                    .with_hint("Name a file, or pipe one in: `longshore identify - < FILE`"));
            }
            archive::identify_stream(std::io::stdin().lock(), STDIN, &job)
        } else {
            archive::identify(&path, &job)
        }
    });
    looked.await.map_err(|panic| Error::new(Code::Internal, "the look was broken off").with_source(panic))?
}

fn tell(found: &Identified) -> std::io::Result<()> {
    output::line(&format!("{}: {}", shown(&found.name), headline(found)))?;
    for evidence in &found.evidence {
        output::line(&format!("  {}", shown(&said(evidence))))?;
    }
    match &found.reading {
        Reading::Whole => {}
        Reading::Enough => {
            output::line("  Read until that was clear: counts are of what was seen so far")?;
        }
        Reading::Broken { at, why } => {
            output::line(&format!("  It breaks off at byte {at}: {}", shown(why)))?;
        }
    }
    if let Some(problem) = &found.problem {
        output::line(&format!("  Its images can't be listed: {}", shown(problem)))?;
    }
    for blob in found.damaged.iter().take(SHOWN) {
        output::line(&format!("  Damaged: {}", shown(blob)))?;
    }
    for image in found.images.iter().take(SHOWN) {
        tell_image(image)?;
    }
    if found.images.len() > SHOWN {
        output::line(&format!("  and {} more images", found.images.len() - SHOWN))?;
    }
    if found.checked && found.damaged.is_empty() {
        output::line("  Every digest was checked while reading")?;
    }
    if let Some(filesystem) = &found.filesystem {
        tell_filesystem(filesystem)?;
    }
    output::line(&format!("  {}", found.next_step()))
}

/// `an OCI archive, 148MB compressed with zstd, 412MB inside, 57 entries`.
fn headline(found: &Identified) -> String {
    let mut parts = vec![found.kind.to_string()];
    match (found.file_size, found.compression) {
        (Some(size), Compression::None) => parts.push(output::size(size, 3)),
        (Some(size), compression) => {
            parts.push(format!("{} compressed with {compression}", output::size(size, 3)));
        }
        (None, Compression::None) => {}
        (None, compression) => parts.push(format!("compressed with {compression}")),
    }
    if found.compression != Compression::None && found.inside > 0 {
        parts.push(format!("{} inside", output::size(found.inside, 3)));
    }
    if !matches!(found.kind, Kind::Foreign(_)) {
        let more = if found.reading == Reading::Whole { "" } else { "at least " };
        parts.push(format!("{more}{}", output::count(found.entries, "entry", "entries")));
    }
    parts.join(", ")
}

/// `OCI archive: has oci-layout and index.json`.
fn said(evidence: &Evidence) -> String {
    use archive::Candidate::{Chart, Docker, Filesystem, Layer, Oci};
    let what = match evidence.candidate {
        Oci => "OCI archive",
        Docker => "Docker archive",
        Filesystem => "Root filesystem",
        Layer => "Layer",
        Chart => "Helm chart",
    };
    let begins = evidence.candidate == Filesystem;
    let names = |names: &[String]| match names {
        [all @ .., last] if !all.is_empty() && !begins => format!("{} and {last}", all.join(", ")),
        names => names.iter().take(8).cloned().collect::<Vec<_>>().join(", "),
    };
    let (has, would) = if begins { ("starts at", "would start at") } else { ("has", "would have") };
    match (evidence.holds, evidence.found.is_empty()) {
        (true, _) => format!("{what}: {has} {}", names(&evidence.found)),
        (false, true) => format!("{what}: {would} {}", names(&evidence.missing)),
        (false, false) if evidence.missing.is_empty() => {
            format!("{what}: has {}, but as something else", names(&evidence.found))
        }
        (false, false) => {
            format!("{what}: has {}, but not {}", names(&evidence.found), names(&evidence.missing))
        }
    }
}

fn tell_image(image: &ImageFacts) -> std::io::Result<()> {
    let name = if image.names.is_empty() { "without a name".to_owned() } else { image.names.join(", ") };
    let digest = image.root.as_ref().map_or("", |root| root.digest.as_str());
    output::line(&format!("  Image {}  {digest}", shown(&name)))?;
    for variant in image.variants.iter().filter(|variant| !variant.attestation).take(SHOWN) {
        let what = match (&variant.platform, &variant.artifact_type) {
            (_, Some(artifact)) => artifact.clone(),
            (Some(platform), None) => platform.to_string(),
            (None, None) => "platform unknown".to_owned(),
        };
        let size: u64 = variant.layers.iter().map(|layer| layer.size).sum();
        let layers = output::count(variant.layers.len() as u64, "layer", "layers");
        let state = if variant.complete { "" } else { ", not whole" };
        output::line(&format!("    {}  {layers}, {}{state}", shown(&what), output::size(size, 3)))?;
    }
    for missing in image.missing.iter().take(SHOWN) {
        output::line(&format!("    Missing {}: {}", missing.piece, shown(&missing.entry)))?;
    }
    Ok(())
}

fn tell_filesystem(facts: &FilesystemFacts) -> std::io::Result<()> {
    let mut parts = vec![output::count(facts.files, "file", "files")];
    if let (Some(platform), Some(from)) = (&facts.platform, &facts.read_from) {
        parts.push(format!("{platform}, read from {}", shown(from)));
    }
    if !facts.command.is_empty() {
        parts.push(format!("has {}", facts.command.join(" ")));
    }
    output::line(&format!("  {}", parts.join("; ")))
}

fn to_json(found: &Identified) -> Value {
    let (reading, broken) = match &found.reading {
        Reading::Whole => ("whole", Value::Null),
        Reading::Enough => ("enough", Value::Null),
        Reading::Broken { at, why } => ("broken", json!({ "at": at, "why": why })),
    };
    let what = match found.kind {
        Kind::Foreign(what) => Some(what),
        _ => None,
    };
    json!({
        "file": found.name,
        "kind": found.kind.as_str(),
        "what": what,
        "evidence": found.evidence.iter().map(evidence_json).collect::<Vec<_>>(),
        "compression": (found.compression != Compression::None).then(|| found.compression.to_string()),
        "file_size": found.file_size,
        "inside": found.inside,
        "entries": found.entries,
        "reading": reading,
        "broken": broken,
        "checked": found.checked,
        "damaged": found.damaged,
        "problem": found.problem,
        "images": found.images.iter().map(image_json).collect::<Vec<_>>(),
        "filesystem": found.filesystem.as_ref().map(filesystem_json),
        "advice": found.advice.as_str(),
        "next": found.next_step(),
    })
}

fn evidence_json(evidence: &Evidence) -> Value {
    json!({
        "candidate": evidence.candidate.as_str(),
        "holds": evidence.holds,
        "found": evidence.found,
        "missing": evidence.missing,
    })
}

fn image_json(image: &ImageFacts) -> Value {
    json!({
        "names": image.names,
        "digest": image.root.as_ref().map(|root| root.digest.as_str()),
        "media_type": image.root.as_ref().map(|root| root.media_type.as_str()),
        "made": image.made,
        "size": image.size(),
        "manifests": image.variants.iter().map(variant_json).collect::<Vec<_>>(),
        "missing": image.missing.iter().map(|missing| json!({
            "piece": missing.piece.to_string(),
            "entry": missing.entry,
            "digest": missing.digest.as_ref().map(Digest::as_str),
        })).collect::<Vec<_>>(),
    })
}

fn variant_json(variant: &Variant) -> Value {
    let digest = |descriptor: &Option<Descriptor>| descriptor.as_ref().map(|it| it.digest.to_string());
    json!({
        "platform": variant.platform.as_ref().map(Platform::to_string),
        "digest": digest(&variant.manifest),
        "config": digest(&variant.config),
        "artifact_type": variant.artifact_type,
        "attestation": variant.attestation,
        "complete": variant.complete,
        "layers": variant.layers.iter().map(|layer| json!({
            "digest": layer.digest.as_ref().map(Digest::as_str),
            "size": layer.size,
            "media_type": layer.media_type,
            "held": layer.held,
        })).collect::<Vec<_>>(),
    })
}

fn filesystem_json(facts: &FilesystemFacts) -> Value {
    json!({
        "tops": facts.tops,
        "files": facts.files,
        "platform": facts.platform.as_ref().map(Platform::to_string),
        "read_from": facts.read_from,
        "command": facts.command,
        "whiteouts": facts.whiteouts,
    })
}
