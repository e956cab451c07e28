//! The import sheet, made of what the engine found in a file and of what is on this computer.

use std::collections::HashSet;
use std::time::Duration;

use engine::archive::{Advice, Candidate, Evidence, Identified, ImageFacts, Kind, Reading};
use engine::store::ContentStore;
use oci::Reference;
use oci::digest::Digest;

use super::{
    ArchiveEvidence, ArchiveImage, ArchiveKind, ArchiveLayer, ArchiveName, ArchiveView, FilesystemView,
    NameState,
};
use crate::shell;
use crate::wire::Explanation;

/// Cards of what it could be.
const CARDS: usize = 3;
/// Names that a card shows.
const NAMES: usize = 6;

impl ArchiveView {
    /// `file` is the file's name as it is shown, `size` its bytes; a store that can't be opened has nothing.
    pub fn assemble(
        id: u64,
        file: &str,
        size: u64,
        found: &Identified,
        store: Option<&ContentStore>,
        elapsed: Duration,
    ) -> Self {
        let (kind, title) = kind(found.kind);
        let images = found.images.iter().zip(0..).map(|(image, index)| self::image(image, index, store));
        let mut problems: Vec<String> = found.problem.iter().cloned().collect();
        if let Reading::Broken { at, why } = &found.reading {
            problems.push(format!("It can't be read beyond byte {at}: {why}"));
        }
        problems.extend(
            found.damaged.iter().map(|name| format!("The bytes of `{name}` are not what its digest says")),
        );
        let filesystem = found.filesystem.as_ref().map(|facts| FilesystemView {
            top: sorted(&facts.tops),
            files: facts.files,
            platform: facts.platform.as_ref().map(ToString::to_string),
            platform_from: facts.read_from.clone(),
            command: facts.command.first().cloned(),
            suggested_name: suggested_name(file),
        });
        let whiteouts = found.filesystem.as_ref().map_or(0, |facts| facts.whiteouts);
        if whiteouts > 0 && found.kind != Kind::Layer {
            problems.push(format!("{whiteouts} of its names look like whiteouts, which hide other files"));
        }
        let word = shell::word(file);
        let command = match found.advice {
            Advice::Import | Advice::ImportLayer => {
                format!("docker import {word} {}", suggested_name(file))
            }
            Advice::Load if kind == ArchiveKind::Layout => {
                format!("skopeo copy --all oci:{word} containers-storage:NAME")
            }
            Advice::Load => format!("docker load -i {word}"),
            Advice::Chart => format!("helm push {word} oci://REGISTRY/NAMESPACE"),
            Advice::GetAgain | Advice::Nothing => format!("tar -tvf {word}"),
        };
        Self {
            id,
            name: file.to_owned(),
            kind,
            title,
            evidence: found.evidence.iter().take(CARDS).map(evidence).collect(),
            compression: match found.compression {
                engine::archive::Compression::None => None,
                other => Some(other.to_string()),
            },
            size,
            unpacked: (found.reading == Reading::Whole && found.inside > 0).then_some(found.inside),
            entries: found.entries,
            whole: found.reading == Reading::Whole,
            elapsed: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            advice: advice(found.advice).map(str::to_owned),
            images: images.collect(),
            problems,
            filesystem,
            checked: found.checked,
            command,
        }
    }
}

fn kind(kind: Kind) -> (ArchiveKind, String) {
    let (kind, title) = match kind {
        Kind::Hybrid => (ArchiveKind::Hybrid, "OCI and Docker archive"),
        Kind::Oci => (ArchiveKind::Oci, "OCI archive"),
        Kind::Docker => (ArchiveKind::Docker, "Docker archive"),
        Kind::OldDocker => (ArchiveKind::DockerOld, "Old Docker archive"),
        Kind::Filesystem => (ArchiveKind::RootFilesystem, "Root filesystem"),
        Kind::Layer => (ArchiveKind::Layer, "Layer of an image"),
        Kind::Chart => (ArchiveKind::Chart, "Helm chart"),
        Kind::Other => (ArchiveKind::Tar, "Tar archive"),
        Kind::Foreign(what) => return (ArchiveKind::Foreign, capital(what)),
    };
    (kind, title.to_owned())
}

fn capital(text: &str) -> String {
    let text = text.strip_prefix("an ").or_else(|| text.strip_prefix("a ")).unwrap_or(text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn advice(advice: Advice) -> Option<&'static str> {
    match advice {
        Advice::Load | Advice::Import => None,
        Advice::ImportLayer => Some(
            "It is one layer and not a whole image: find the archive that it comes from, or import it as a filesystem",
        ),
        Advice::Chart => Some("Helm pushes charts: `helm push`"),
        Advice::GetAgain => {
            Some("Copy it again: it was cut on its way, is damaged, or is still being written")
        }
        Advice::Nothing => Some("Nothing in it is an image or a filesystem"),
    }
}

fn evidence(evidence: &Evidence) -> ArchiveEvidence {
    let title = match evidence.candidate {
        Candidate::Oci => "OCI archive",
        Candidate::Docker => "Docker archive",
        Candidate::Filesystem => "Root filesystem",
        Candidate::Layer => "Single layer",
        Candidate::Chart => "Helm chart",
    };
    let begins = evidence.candidate == Candidate::Filesystem;
    let (says, names) = match (evidence.holds, begins) {
        (true, false) => ("Has", &evidence.found),
        (true, true) => ("Starts at", &evidence.found),
        (false, false) => ("Would have", &evidence.missing),
        (false, true) => ("Would start at", &evidence.missing),
    };
    // What is there of a thing that it is not says little: what is not there says why.
    let names = if names.is_empty() { &evidence.found } else { names };
    ArchiveEvidence {
        title: title.to_owned(),
        chosen: evidence.holds,
        says: says.to_owned(),
        names: names.iter().take(NAMES).cloned().collect(),
    }
}

fn image(image: &ImageFacts, index: u32, store: Option<&ContentStore>) -> ArchiveImage {
    let here = |digest: &Digest, size: u64| {
        store.is_some_and(|store| matches!(store.blob_size(digest), Ok(Some(there)) if there == size))
    };
    let mut seen = HashSet::new();
    let mut layers = Vec::new();
    let (mut size, mut new_bytes) = (0_u64, 0_u64);
    for variant in &image.variants {
        for layer in &variant.layers {
            if layer.digest.as_ref().is_some_and(|digest| !seen.insert(digest.clone())) {
                continue;
            }
            let is_here = layer.digest.as_ref().is_some_and(|digest| here(digest, layer.size));
            size += layer.size;
            new_bytes += if is_here { 0 } else { layer.size };
            layers.push(ArchiveLayer {
                digest: layer.digest.as_ref().map(ToString::to_string).unwrap_or_default(),
                size: layer.size,
                here: is_here,
            });
        }
        if let Some(config) = variant.config.as_ref().filter(|config| seen.insert(config.digest.clone())) {
            size += config.size;
            new_bytes += if here(&config.digest, config.size) { 0 } else { config.size };
        }
    }
    let root = image.root.as_ref();
    ArchiveImage {
        index,
        digest: root.map(|root| root.digest.to_string()).unwrap_or_default(),
        media_type: root.map(|root| root.media_type.clone()).unwrap_or_default(),
        names: image
            .names
            .iter()
            .map(|name| self::name(name, root.map(|root| &root.digest), store))
            .collect(),
        platforms: image.platforms().into_iter().map(ToString::to_string).collect(),
        layers,
        size,
        new_bytes,
        missing: image.missing.iter().map(|missing| format!("{} {}", missing.piece, missing.entry)).collect(),
    }
}

fn name(name: &str, root: Option<&Digest>, store: Option<&ContentStore>) -> ArchiveName {
    // A tag alone is no name, although it parses as one.
    let reference = name.contains(['/', ':']).then(|| name.parse::<Reference>().ok()).flatten();
    let Some(reference) = reference else {
        return ArchiveName {
            name: name.to_owned(),
            breakdown: None,
            state: NameState::Invalid,
            previous: None,
        };
    };
    let known = store.and_then(|store| store.resolve(&reference).ok()?).map(|known| known.digest);
    let (state, previous) = match (known, root) {
        (None, _) => (NameState::New, None),
        (Some(known), Some(root)) if known == *root => (NameState::Same, None),
        (Some(known), _) => (NameState::Moves, Some(known.to_string())),
    };
    ArchiveName {
        name: name.to_owned(),
        breakdown: Explanation::from(oci::explain::explain(name)).breakdown,
        state,
        previous,
    }
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

/// `container-fs.tar.gz` becomes `container-fs:imported`.
fn suggested_name(file: &str) -> String {
    let lower = file.to_lowercase();
    let mut stem = lower.as_str();
    for ending in [".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".tzst", ".zstd", ".tar", ".layer"]
    {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    let spaced: String = stem.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).collect();
    let words: Vec<&str> = spaced.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(60).collect();
    format!("{}:imported", if name.is_empty() { "filesystem" } else { name.trim_end_matches('-') })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_files() {
        for (file, name) in [
            ("container-fs.tar", "container-fs:imported"),
            ("My Root FS (2).tar.gz", "my-root-fs-2:imported"),
            ("rootfs.TXZ", "rootfs:imported"),
            ("....", "filesystem:imported"),
            ("\u{65e5}\u{672c}.tar", "filesystem:imported"),
            ("a__b..c.tzst", "a-b-c:imported"),
        ] {
            assert_eq!(suggested_name(file), name, "{file}");
            assert!(name.parse::<Reference>().is_ok(), "{name}");
        }
    }
}
