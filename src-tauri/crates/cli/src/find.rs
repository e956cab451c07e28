//! From what was typed to an image: in the store by name, digest or ID; else at its registry.

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

/// Fewer digits are a name, not an ID.
const ID_DIGITS: usize = 4;

/// Where an image was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Store,
    Registry,
}

impl Place {
    /// `store` or `registry`, as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Registry => "registry",
        }
    }
}

/// An image that was found, and what it is called there.
pub struct Found {
    pub image: Image,
    pub place: Place,
    /// The canonical reference; None where it has only a digest.
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

/// Looks at the image: in the store, else at its registry.
///
/// # Errors
/// As [`image::inspect`].
pub async fn look(look: &Look, context: &Context, job: &Job) -> Result<Found, Failure> {
    let platform = look.platform.as_ref();
    let only = look.remote.then_some(Place::Registry);
    look_in(&look.input, only, platform, context, job).await
}

/// As [`look`], in one place alone where that is said.
///
/// # Errors
/// As [`image::inspect`].
pub async fn look_in(
    input: &str,
    only: Option<Place>,
    platform: Option<&Platform>,
    context: &Context,
    job: &Job,
) -> Result<Found, Failure> {
    let inspect = async |at: &Located| image::inspect(&*at.source, &at.target, platform, job).await;
    let (image, at, warnings) = where_it_is(input, only, context, inspect).await?;
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
    let only = look.remote.then_some(Place::Registry);
    where_it_is(&look.input, only, context, fetch).await.map(|(bytes, ..)| bytes)
}

struct Located {
    source: Arc<dyn ImageSource>,
    target: Target,
    place: Place,
    name: Option<String>,
}

/// Does the work in the store, or else at the registry; with the warnings that there were.
async fn where_it_is<T>(
    input: &str,
    only: Option<Place>,
    context: &Context,
    work: impl AsyncFn(&Located) -> engine::Result<T>,
) -> Result<(T, Located, Vec<String>), Failure> {
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
