//! Where an image is, or goes to: `docker://REFERENCE`, `store:REFERENCE`, `oci:DIR[:NAME]`, `oci-archive:FILE[:NAME]`,
//! `docker-archive:FILE[:NAME]`, `docker-daemon:REFERENCE`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::archive::{Archive, ArchiveSource, Format};
use engine::endpoint::{ImageSource, Target};
use engine::job::Job;
use engine::registry::RegistrySource;
use engine::store::ContentStore;
use engine::{Code, Error, handover};
use oci::{Digest, Reference};

use crate::context::Context;
use crate::failure::Failure;
use crate::find::{self, Wanted};

/// Where one image is, or goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A registry.
    Registry(Reference),
    /// Longshore's store. What was typed is kept: it may be an ID or a digest.
    Store(String),
    /// A folder in the OCI image layout.
    Layout { dir: PathBuf, name: Option<String> },
    /// A file of `docker save` and the like; as a source it is told by its content, whichever format is named.
    Archive { format: Format, path: PathBuf, name: Option<String> },
    /// Docker or Podman on this computer.
    Daemon(Held),
}

/// What a container engine is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// A name.
    Name(Reference),
    /// An image ID; it names nothing at a destination.
    Id(Digest),
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Id(id) => write!(f, "{id}"),
        }
    }
}

impl Transport {
    /// Reads what was typed.
    ///
    /// # Errors
    /// Where there is no transport, or one that there is none of.
    pub fn parse(input: &str) -> Result<Self, Failure> {
        let usage = |message: String, hint: String| Failure::Usage { message, hint };
        if let Some(name) = input.strip_prefix("docker://") {
            return Ok(Self::Registry(find::reference(name)?));
        }
        match input.split_once(':') {
            Some(("store", name)) => {
                Wanted::parse(name)?;
                Ok(Self::Store(name.to_owned()))
            }
            Some(("oci", rest)) => {
                let (dir, name) = match rest.split_once(':') {
                    Some((dir, name)) => (dir, Some(name.to_owned()).filter(|name| !name.is_empty())),
                    None => (rest, None),
                };
                if dir.is_empty() {
                    return Err(usage(
                        format!("`{input}` names no folder"),
                        "Write `oci:DIR:NAME`".to_owned(),
                    ));
                }
                Ok(Self::Layout { dir: PathBuf::from(dir), name })
            }
            Some((transport @ ("oci-archive" | "docker-archive"), rest)) => {
                let format = if transport == "oci-archive" { Format::Oci } else { Format::Hybrid };
                let (path, name) = match rest.split_once(':') {
                    Some((path, name)) => (path, Some(name.to_owned()).filter(|name| !name.is_empty())),
                    None => (rest, None),
                };
                if path.is_empty() {
                    let hint = format!("Write `{transport}:FILE:NAME`");
                    return Err(usage(format!("`{input}` names no file"), hint));
                }
                Ok(Self::Archive { format, path: PathBuf::from(path), name })
            }
            Some(("docker-daemon", name)) => Ok(Self::Daemon(match name.parse() {
                Ok(id) => Held::Id(id),
                Err(_) => match find::reference(name)? {
                    name if name.digest().is_some() => {
                        let message = format!("`{input}` has a digest, which container engines don't go by");
                        let hint =
                            "Write `docker-daemon:NAME:TAG`, or `docker-daemon:sha256:…` with an image ID";
                        return Err(usage(message, hint.to_owned()));
                    }
                    name => Held::Name(name),
                },
            })),
            _ => Err(usage(
                format!("`{input}` does not say where the image is"),
                format!(
                    "Write `docker://{input}` for a registry, `store:{input}` for the store, `oci:DIR:NAME` for a folder, `docker-archive:FILE:NAME` for a file, or `docker-daemon:{input}` for Docker or Podman"
                ),
            )),
        }
    }

    /// Reads what was typed where it has a transport.
    ///
    /// # Errors
    /// As [`Transport::parse`].
    pub fn parse_named(input: &str) -> Result<Option<Self>, Failure> {
        let transports = ["store:", "oci:", "oci-archive:", "docker-archive:", "docker-daemon:", "docker://"];
        let is_named = transports.iter().any(|transport| input.starts_with(transport));
        is_named.then(|| Self::parse(input)).transpose()
    }

    /// Reads what was typed where an image of the store is meant unless something else is said.
    ///
    /// # Errors
    /// As [`Transport::parse`], and where it is no reference.
    pub fn parse_stored(input: &str) -> Result<Self, Failure> {
        if let Some(place) = Self::parse_named(input)? {
            return Ok(place);
        }
        Wanted::parse(input)?;
        Ok(Self::Store(input.to_owned()))
    }

    /// As a source, and what to ask it for. An archive is opened, and unpacked where it is compressed.
    ///
    /// # Errors
    /// Where there is no such image, or what holds it can't be read.
    pub async fn open(
        &self,
        context: &Context,
        job: &Job,
    ) -> Result<(Arc<dyn ImageSource>, Target), Failure> {
        let source: Arc<dyn ImageSource> = match self {
            Self::Registry(name) => {
                let client = context.client(name.registry());
                Arc::new(RegistrySource::new(client, name.repository().clone()))
            }
            Self::Store(_) => Arc::new(context.store()?),
            Self::Layout { dir, .. } => Arc::new(open_layout(dir)?),
            Self::Archive { path, name, .. } => {
                let source = open_archive(path.clone(), context.spool_dir()?, job).await?;
                let target = Target::Exact(source.find(name.as_deref())?.root.digest.clone());
                return Ok((Arc::new(source), target));
            }
            Self::Daemon(held) => {
                let daemon = context.daemon().await?;
                let source = handover::take(&daemon, &held.to_string(), &context.spool_dir()?, job).await?;
                // Docker writes its names shortened; an image that was asked for by its ID may have none.
                let named = match held {
                    Held::Name(name) => source.find(Some(&name.canonical())).ok().cloned(),
                    Held::Id(_) => None,
                };
                let image = named.map_or_else(|| source.find(None).cloned(), Ok)?;
                return Ok((Arc::new(source), Target::Exact(image.root.digest)));
            }
        };
        Ok((source, self.target(context)?))
    }

    /// The name at a registry.
    pub fn registry(&self) -> Option<&Reference> {
        match self {
            Self::Registry(name) => Some(name),
            Self::Store(_) | Self::Layout { .. } | Self::Archive { .. } | Self::Daemon(_) => None,
        }
    }

    /// What a source is asked for.
    ///
    /// # Errors
    /// [`Code::ImageMissing`].
    pub fn target(&self, context: &Context) -> Result<Target, Failure> {
        match self {
            Self::Registry(name) => Ok(Target::Named(name.clone())),
            Self::Store(input) => {
                let found = find::in_store(&context.store()?, input, &Wanted::parse(input)?)?;
                found.ok_or_else(|| {
                    Error::new(Code::ImageMissing, format!("`{input}` is not on this computer"))
                        .with_hint("`longshore images` lists what is here")
                        .into()
                })
            }
            // What an archive holds is known once it is open: it is asked then.
            Self::Layout { name: None, .. } | Self::Archive { .. } | Self::Daemon(_) => Ok(Target::Sole),
            Self::Layout { dir, name: Some(name) } => {
                let images = open_layout(dir)?.images()?;
                let names: Vec<&str> = images.iter().filter_map(|image| image.name.as_deref()).collect();
                let named = images.iter().find(|image| image.name.as_deref() == Some(name));
                let digest = named.map(|image| image.descriptor.digest.clone());
                digest.map(Target::Exact).ok_or_else(|| {
                    let message = format!("`{}` has no image `{name}`", dir.display());
                    let hint = match names[..] {
                        [] => "Its images have no names: leave the name out if it holds one alone".to_owned(),
                        _ => format!("It has {}", names.join(", ")),
                    };
                    Error::new(Code::ImageMissing, message).with_hint(hint).into()
                })
            }
        }
    }

    /// The name that a destination gives; a layout's is no reference.
    pub fn name(&self) -> Option<Reference> {
        match self {
            Self::Registry(name) => Some(name.clone()),
            Self::Store(input) => input.parse().ok(),
            Self::Layout { .. } => None,
            Self::Archive { name, .. } => name.as_deref()?.parse().ok(),
            Self::Daemon(Held::Name(name)) => Some(name.clone()),
            Self::Daemon(Held::Id(_)) => None,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(name) => write!(f, "docker://{name}"),
            Self::Store(input) => write!(f, "store:{input}"),
            Self::Layout { dir, name: None } => write!(f, "oci:{}", dir.display()),
            Self::Layout { dir, name: Some(name) } => write!(f, "oci:{}:{name}", dir.display()),
            Self::Archive { format, path, name } => {
                let transport = if *format == Format::Oci { "oci-archive" } else { "docker-archive" };
                write!(f, "{transport}:{}", path.display())?;
                name.as_ref().map_or(Ok(()), |name| write!(f, ":{name}"))
            }
            Self::Daemon(held) => write!(f, "docker-daemon:{held}"),
        }
    }
}

/// Opens a folder that is a layout already: looking must not make one.
///
/// # Errors
/// [`Code::ImageMissing`] where it is none.
pub fn open_layout(dir: &Path) -> Result<ContentStore, Failure> {
    if !dir.join("oci-layout").is_file() {
        let message = format!("`{}` is no OCI image layout: it has no `oci-layout`", dir.display());
        return Err(Error::new(Code::ImageMissing, message).with_hint("Check the folder's name").into());
    }
    Ok(ContentStore::open(dir)?)
}

/// Opens a file to take images from.
async fn open_archive(path: PathBuf, spool: PathBuf, job: &Job) -> Result<ArchiveSource, Error> {
    let own = job.clone();
    let opened =
        tokio::task::spawn_blocking(move || ArchiveSource::new(&Archive::open(&path, &spool, &own)?, &own));
    let opened = async {
        opened.await.map_err(|panic| {
            Error::new(Code::Internal, "opening the archive was broken off").with_source(panic)
        })?
    };
    job.run(opened).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_as_skopeo_names_them() {
        let layout = |dir: &str, name: Option<&str>| Transport::Layout {
            dir: PathBuf::from(dir),
            name: name.map(str::to_owned),
        };
        let archive = |format, name: Option<&str>| Transport::Archive {
            format,
            path: PathBuf::from("a.tar"),
            name: name.map(str::to_owned),
        };
        let rows = [
            ("docker://nginx", Transport::Registry("docker.io/library/nginx:latest".parse().unwrap())),
            ("docker://r.test:5000/a:v1", Transport::Registry("r.test:5000/a:v1".parse().unwrap())),
            ("store:nginx:1.25", Transport::Store("nginx:1.25".to_owned())),
            ("docker-archive:a.tar", archive(Format::Hybrid, None)),
            ("oci-archive:a.tar:team/app:1", archive(Format::Oci, Some("team/app:1"))),
            ("oci:/tmp/x", layout("/tmp/x", None)),
            ("oci:/tmp/x:v1", layout("/tmp/x", Some("v1"))),
            ("docker-daemon:team/app:1", Transport::Daemon(Held::Name("team/app:1".parse().unwrap()))),
            ("oci:x:docker.io/library/nginx:1", layout("x", Some("docker.io/library/nginx:1"))),
        ];
        for (input, want) in rows {
            let place = Transport::parse(input).unwrap();
            assert_eq!(place, want, "{input}");
            assert_eq!(Transport::parse(&place.to_string()).unwrap(), want, "{input} as it is shown");
        }
        let id = format!("sha256:{}", "a".repeat(64));
        let by_id = format!("docker-daemon:{id}");
        assert_eq!(Transport::parse(&by_id).unwrap(), Transport::Daemon(Held::Id(id.parse().unwrap())));
        let pinned = format!("docker-daemon:app@{id}");
        for input in [
            "nginx",
            &pinned,
            "docker-daemon:",
            "nginx:1.25",
            "docker:nginx",
            "dir:/tmp/x",
            "oci::v1",
            "oci-archive:",
            "docker-archive::x",
            "docker://",
            "store:A B",
        ] {
            assert!(Transport::parse(input).is_err(), "{input}");
        }
    }
}
