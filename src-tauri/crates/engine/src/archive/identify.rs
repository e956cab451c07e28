//! What a file is, why, and what to do with it.
//!
//! Where the input can seek only headers, small documents and a bounded part of the layers are read, so ten gigabytes take
//! as long as one. What is compressed, or comes from a pipe, is read once and not kept.

use std::cell::Cell;
use std::io::Read;
use std::path::Path;

use super::docker::{self, DockerImage, Effort};
use super::layout::{self, layout_images};
use super::open::Input;
use super::survey::{End, Survey};
use super::{
    Advice, Archive, Candidate, Evidence, FilesystemFacts, Identified, ImageFacts, Kind, Reading, old,
};
use crate::compression::Compression;
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::tar::TarProblem;

/// Layers of a Docker archive that are compressed, or that nothing says the digest of, are hashed for it up to so many bytes:
/// a fraction of a second.
const HASHED: u64 = 256 << 20;

/// Identifies a file, a folder or a pipe. Blocks; nothing is written.
///
/// A file that is no tar, or a damaged one, is no error: what it is is said.
///
/// # Errors
/// [`Code::NotFound`] where there is nothing; [`Code::ArchiveInvalid`] where it can't be read at all;
/// [`Code::Cancelled`].
pub fn identify(path: &Path, job: &Job) -> Result<Identified> {
    match Input::open(path) {
        Ok(input) => of_input(input, job),
        Err(error) if is_empty(path) && error.code() == Code::ArchiveInvalid => {
            Ok(empty(path.display().to_string(), Some(0)))
        }
        Err(error) => Err(error),
    }
}

/// Identifies what comes in on a stream, which is read as far as it takes; `name` is what it is called.
///
/// # Errors
/// As [`identify`].
pub fn identify_stream(mut stream: impl Read, name: &str, job: &Job) -> Result<Identified> {
    let mut first = [0];
    match stream.read(&mut first) {
        Ok(0) => Ok(empty(name.to_owned(), None)),
        Ok(_) => of_input(Input::of_stream(first.as_slice().chain(stream), name)?, job),
        Err(error) => Err(super::open::unreadable(name, error)),
    }
}

fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
}

fn empty(name: String, file_size: Option<u64>) -> Identified {
    Identified {
        name,
        kind: Kind::Foreign("an empty file"),
        evidence: Vec::new(),
        compression: Compression::None,
        file_size,
        inside: 0,
        entries: 0,
        reading: Reading::Whole,
        checked: false,
        damaged: Vec::new(),
        problem: None,
        images: Vec::new(),
        filesystem: None,
        advice: Advice::GetAgain,
    }
}

fn of_input(input: Input<impl Read>, job: &Job) -> Result<Identified> {
    of_archive(&Archive::look(input, job)?, job)
}

fn of_archive(archive: &Archive, job: &Job) -> Result<Identified> {
    let inner = archive.inner();
    let survey = &inner.survey;
    let kind = archive.kind();
    let mut damaged = survey.damaged.clone();
    let listed = images(archive, &mut damaged, job);
    let (images, problem) = match listed {
        Ok(images) => (images, None),
        Err(error) if error.code() == Code::Cancelled => return Err(error),
        Err(error) => (Vec::new(), Some(said(&error))),
    };
    let reading = match &survey.end {
        End::Whole => Reading::Whole,
        End::Enough => Reading::Enough,
        // What is no tar was not broken off, unless it is compressed and that is.
        End::Broken(problem)
            if matches!(kind, Kind::Foreign(_)) && !matches!(problem.problem, TarProblem::Io(_)) =>
        {
            Reading::Whole
        }
        End::Broken(problem) => Reading::Broken { at: problem.offset, why: problem.problem.to_string() },
    };
    let whole = !matches!(reading, Reading::Broken { .. });
    Ok(Identified {
        name: archive.name().to_owned(),
        kind,
        evidence: evidence(survey, kind),
        compression: archive.compression(),
        file_size: inner.file_size,
        inside: if matches!(kind, Kind::Foreign(_)) { 0 } else { survey.inside },
        entries: survey.count,
        checked: survey.hashed && whole && kind.has_images(),
        filesystem: filesystem(survey, kind),
        advice: advice(kind, whole, survey.count, &images, problem.is_some() || !damaged.is_empty()),
        reading,
        damaged,
        problem,
        images,
    })
}

fn said(error: &Error) -> String {
    let causes = error.causes();
    causes.first().map_or_else(|| error.message().to_owned(), |cause| format!("{}: {cause}", error.message()))
}

fn images(archive: &Archive, damaged: &mut Vec<String>, job: &Job) -> Result<Vec<ImageFacts>> {
    let left = Cell::new(HASHED);
    let effort = Effort::Look(&left, job);
    Ok(match archive.kind() {
        Kind::Oci | Kind::Hybrid => {
            layout_images(archive)?.into_iter().map(|image| layout::facts(archive, image, damaged)).collect()
        }
        Kind::Docker => docker::images(archive, effort)?.into_iter().map(made).collect(),
        Kind::OldDocker => old::images(archive, effort)?.into_iter().map(made).collect(),
        _ => Vec::new(),
    })
}

fn made(image: DockerImage) -> ImageFacts {
    let DockerImage { names, manifest, variant, missing, .. } = image;
    let root = manifest.map(|manifest| manifest.descriptor);
    ImageFacts { names, root, made: true, variants: vec![variant], missing }
}

/// What speaks for what, the thing that it is first.
fn evidence(survey: &Survey, kind: Kind) -> Vec<Evidence> {
    let marks = |candidate, names: &[&str], holds| {
        let (found, missing) = names.iter().partition::<Vec<&str>, _>(|name| survey.has_top(name));
        let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        Evidence { candidate, found: owned(found), missing: owned(missing), holds }
    };
    let oci = matches!(kind, Kind::Oci | Kind::Hybrid);
    let docker = match kind {
        Kind::OldDocker => marks(Candidate::Docker, &["repositories"], true),
        _ => marks(Candidate::Docker, &["manifest.json"], matches!(kind, Kind::Docker | Kind::Hybrid)),
    };
    let system = survey.system();
    let wanted = ["bin", "etc", "usr"].into_iter().filter(|name| !survey.has_top(name));
    let filesystem = Evidence {
        candidate: Candidate::Filesystem,
        missing: wanted.map(str::to_owned).collect(),
        found: system,
        holds: kind == Kind::Filesystem,
    };
    let mut all = vec![marks(Candidate::Oci, &["oci-layout", "index.json"], oci), docker, filesystem];
    if survey.whiteouts > 0 {
        let found = vec![format!("{} whiteouts (`.wh.…`)", survey.whiteouts)];
        all.push(Evidence {
            candidate: Candidate::Layer,
            found,
            missing: Vec::new(),
            holds: kind == Kind::Layer,
        });
    }
    if let Some(chart) = &survey.chart {
        let found = vec![String::from_utf8_lossy(chart).into_owned()];
        all.push(Evidence {
            candidate: Candidate::Chart,
            found,
            missing: Vec::new(),
            holds: kind == Kind::Chart,
        });
    }
    all.sort_by_key(|evidence| !evidence.holds);
    all
}

fn filesystem(survey: &Survey, kind: Kind) -> Option<FilesystemFacts> {
    if !matches!(kind, Kind::Filesystem | Kind::Layer | Kind::Other) {
        return None;
    }
    let machine = survey.machine.as_ref();
    let command = match survey.shells {
        (true, _) => Some("/bin/bash"),
        (_, true) => Some("/bin/sh"),
        _ => None,
    };
    Some(FilesystemFacts {
        tops: survey.tops.iter().map(|top| String::from_utf8_lossy(top).into_owned()).collect(),
        files: survey.files,
        platform: machine.map(|machine| machine.platform.clone()),
        read_from: machine.map(|machine| machine.path.clone()),
        command: command.map(str::to_owned).into_iter().collect(),
        whiteouts: survey.whiteouts,
    })
}

fn advice(kind: Kind, whole: bool, seen: u64, images: &[ImageFacts], wrong: bool) -> Advice {
    let usable = images.iter().any(|image| image.variants.iter().any(|variant| variant.complete));
    match kind {
        Kind::Filesystem | Kind::Layer | Kind::Other | Kind::Chart | Kind::Foreign(_) if !whole => {
            Advice::GetAgain
        }
        Kind::Hybrid | Kind::Oci | Kind::Docker | Kind::OldDocker if usable && whole && !wrong => {
            Advice::Load
        }
        Kind::Hybrid | Kind::Oci | Kind::Docker | Kind::OldDocker => Advice::GetAgain,
        Kind::Other if seen > 0 => Advice::Import,
        Kind::Filesystem => Advice::Import,
        Kind::Layer => Advice::ImportLayer,
        Kind::Chart => Advice::Chart,
        Kind::Other | Kind::Foreign(_) => Advice::Nothing,
    }
}
