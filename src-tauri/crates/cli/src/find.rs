//! From what was typed to an image: in the store by name, digest or ID; else at its registry; with a transport before it
//! there and nowhere else, be that an archive or a container engine.

use std::sync::Arc;

use bytes::Bytes;
use engine::endpoint::{ImageSource, Target};
use engine::image::{self, Image};
use engine::job::Job;
use engine::registry::RegistrySource;
use engine::store::{ContentStore, StoredImage};
use engine::{Code, Error};
use oci::{Digest, Platform, Reference};

use crate::args::Look;
use crate::context::Context;
use crate::failure::Failure;
use crate::transport::Transport;

/// Fewer digits are a name, not an ID.
const ID_DIGITS: usize = 4;

/// Where an image was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Store,
    Registry,
    /// An archive or a folder in the OCI image layout.
    File,
    /// Docker or Podman.
    Engine,
}

impl Place {
    /// `store`, `registry`, `file` or `engine`, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Registry => "registry",
            Self::File => "file",
            Self::Engine => "engine",
        }
    }
}

/// An image that was found, and what it is called there.
pub struct Found {
    pub image: Image,
    pub place: Place,
    /// The canonical reference, or a file with its transport; None where it has only a digest.
    pub name: Option<String>,
    /// Where its blobs come from.
    pub source: Arc<dyn ImageSource>,
    /// Of the resolver of credentials.
    pub warnings: Vec<String>,
}

/// What the text names.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// A reference; it may be an ID too, if the store has no such name.
    Name(Reference),
    /// A digest alone, or the beginning of one that can't be a name.
    Digest(Digest),
    /// An ID that is no reference by the grammar (64 hexadecimal digits).
    Id,
}

impl Wanted {
    /// Reads what was typed.
    ///
    /// # Errors
    /// Where it is no digest, no ID and no reference.
    pub fn parse(input: &str) -> Result<Self, Failure> {
        if let Ok(digest) = input.parse() {
            return Ok(Self::Digest(digest));
        }
        match input.parse() {
            Ok(reference) => Ok(Self::Name(reference)),
            Err(_) if is_id(input) => Ok(Self::Id),
            Err(problem) => Err(Failure::reference(input, problem)),
        }
    }
}

/// Reads a reference.
///
/// # Errors
/// Where it is none.
pub fn reference(input: &str) -> Result<Reference, Failure> {
    input.parse().map_err(|problem| Failure::reference(input, problem))
}

/// Whether a text may be an image's ID: the beginning of a digest's digits.
pub fn is_id(input: &str) -> bool {
    input.len() >= ID_DIGITS && input.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The digest of the one image of the store whose ID begins like this.
///
/// # Errors
/// Where there are several.
pub fn by_id(images: &[StoredImage], id: &str) -> Result<Option<Digest>, Failure> {
    let mut digests: Vec<&Digest> = images
        .iter()
        .map(|image| &image.descriptor.digest)
        .filter(|digest| digest.hex().starts_with(id))
        .collect();
    digests.sort();
    digests.dedup();
    match digests[..] {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => Err(Error::new(Code::ImageMissing, format!("the ID `{id}` fits {} images", digests.len()))
            .with_hint("Give more of its digits: `longshore images --digests` shows all of them")
            .into()),
    }
}

/// What the store knows the image by, if it has it.
///
/// # Errors
/// The store's, and an ID that fits several images.
pub fn in_store(store: &ContentStore, input: &str, wanted: &Wanted) -> Result<Option<Target>, Failure> {
    match wanted {
        Wanted::Name(reference) if store.resolve(reference)?.is_some() => {
            Ok(Some(Target::Named(reference.clone())))
        }
        Wanted::Name(_) | Wanted::Id if is_id(input) => {
            Ok(by_id(&store.images()?, input)?.map(Target::Exact))
        }
        Wanted::Name(_) | Wanted::Id => Ok(None),
        Wanted::Digest(digest) => Ok(store.resolve_digest(digest)?.map(|_| Target::Exact(digest.clone()))),
    }
}

/// Looks at the image: where its transport says, or else in the store, or else at its registry.
///
/// # Errors
/// As [`image::inspect`].
pub async fn look(look: &Look, context: &Context, job: &Job) -> Result<Found, Failure> {
    let platform = look.platform.as_ref();
    look_in(&look.input, look.remote, platform, context, job).await
}

/// As [`look`].
///
/// # Errors
/// As [`image::inspect`].
pub async fn look_in(
    input: &str,
    remote: bool,
    platform: Option<&Platform>,
    context: &Context,
    job: &Job,
) -> Result<Found, Failure> {
    let inspect = async |at: &Located| image::inspect(&*at.source, &at.target, platform, job).await;
    let (image, at, warnings) = where_it_is(input, remote, context, job, inspect).await?;
    Ok(Found { image, place: at.place, name: at.name, source: at.source, warnings })
}

/// The bytes of the manifest or index, as they were received; of one platform's manifest where that is asked for.
///
/// # Errors
/// As [`look`], except that nothing is too odd to be printed.
pub async fn raw(look: &Look, context: &Context, job: &Job) -> Result<Bytes, Failure> {
    let fetch = async |at: &Located| match &look.platform {
        None => Ok(at.source.resolve(&at.target, job).await?.bytes),
        Some(platform) => {
            let image = image::inspect(&*at.source, &at.target, Some(platform), job).await?;
            Ok(image.manifest.map_or(image.root.bytes, |manifest| manifest.document.bytes))
        }
    };
    where_it_is(&look.input, look.remote, context, job, fetch).await.map(|(bytes, ..)| bytes)
}

struct Located {
    source: Arc<dyn ImageSource>,
    target: Target,
    place: Place,
    name: Option<String>,
}

/// Does the work where the transport says, or else in the store, or else at the registry; with the warnings that there
/// were.
async fn where_it_is<T>(
    input: &str,
    remote: bool,
    context: &Context,
    job: &Job,
    work: impl AsyncFn(&Located) -> engine::Result<T>,
) -> Result<(T, Located, Vec<String>), Failure> {
    let transport = Transport::parse_named(input)?;
    if remote && !matches!(transport, None | Some(Transport::Registry(_))) {
        return Err(Failure::Usage {
            message: format!("`{input}` is in no registry"),
            hint: "Leave `--remote` out".to_owned(),
        });
    }
    let (input, only) = match transport {
        None => (input, remote.then_some(Place::Registry)),
        Some(Transport::Registry(_)) => (&input["docker://".len()..], Some(Place::Registry)),
        Some(Transport::Store(_)) => (&input["store:".len()..], Some(Place::Store)),
        Some(transport) => {
            let (source, target) = transport.open(context, job).await?;
            let place = if matches!(transport, Transport::Daemon(_)) { Place::Engine } else { Place::File };
            let at = Located { source, target, place, name: Some(transport.to_string()) };
            let done = work(&at).await.map_err(|error| context.failure(error))?;
            return Ok((done, at, Vec::new()));
        }
    };
    let wanted = Wanted::parse(input)?;
    if only != Some(Place::Registry)
        && let Some(store) = context.existing_store()?
        && let Some(target) = in_store(&store, input, &wanted)?
    {
        let name = name_of(&store, &target)?;
        let at = Located { source: Arc::new(store), target, place: Place::Store, name };
        match work(&at).await {
            Ok(done) => return Ok((done, at, Vec::new())),
            // The store has only other platforms of it.
            Err(error)
                if only.is_none()
                    && error.code() == Code::ImageMissing
                    && matches!(wanted, Wanted::Name(_)) => {}
            Err(error) => return Err(context.failure(error)),
        }
    }
    let reference = match wanted {
        Wanted::Name(reference) if only != Some(Place::Store) => reference,
        _ => return Err(not_here(input, only == Some(Place::Registry))),
    };
    let client = context.client(reference.registry());
    let at = Located {
        source: Arc::new(RegistrySource::new(client.clone(), reference.repository().clone())),
        name: Some(reference.canonical()),
        target: Target::Named(reference),
        place: Place::Registry,
    };
    let done = work(&at).await;
    let warnings = context.warn(&client);
    Ok((done.map_err(|error| context.failure(error))?, at, warnings))
}

fn name_of(store: &ContentStore, target: &Target) -> Result<Option<String>, Failure> {
    Ok(match target {
        Target::Named(reference) => Some(reference.canonical()),
        Target::Exact(digest) => {
            let images = store.images()?;
            images.into_iter().find(|image| image.descriptor.digest == *digest).and_then(|image| image.name)
        }
        Target::Sole => None,
    })
}

fn not_here(input: &str, remote: bool) -> Failure {
    if remote {
        return Failure::Usage {
            message: format!("`{input}` does not say which registry to ask"),
            hint: "Give a name with it, as `registry.example.com/team/app@sha256:…`".to_owned(),
        };
    }
    Error::new(Code::ImageMissing, format!("`{input}` is not on this computer"))
        .with_hint("`longshore images` lists what is here")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_a_name_a_digest_or_an_id() {
        let hex = "0123456789abcdef".repeat(4);
        assert!(matches!(Wanted::parse("nginx").unwrap(), Wanted::Name(_)));
        assert!(matches!(Wanted::parse(&format!("sha256:{hex}")).unwrap(), Wanted::Digest(_)));
        assert!(matches!(Wanted::parse(&hex).unwrap(), Wanted::Id));
        assert!(
            matches!(Wanted::parse("0123456789ab").unwrap(), Wanted::Name(_)),
            "a name that may be an ID"
        );
        assert!(Wanted::parse("NGINX").is_err());
        assert!(!is_id("abc") && !is_id("ABCDEF") && is_id("abcd"));
    }
}
