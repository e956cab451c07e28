//! `rmi`: takes names away. What no name needs any more is freed by `gc`.

use std::collections::HashSet;

use engine::store::{ContentStore, StoredImage};
use engine::{Code, Error};
use oci::{Digest, Reference};
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::find::{self, Wanted};
use crate::output::{self, shown};

/// How many names the hint lists.
const NAMES_SHOWN: usize = 8;

/// An entry that was taken away.
struct Removed {
    name: Option<String>,
    digest: Digest,
}

/// Runs the verb.
pub fn run(args: &args::Rmi, context: &Context) -> Result<(), Failure> {
    // All of them are read before the first is removed.
    let wanted: Vec<Wanted> =
        args.inputs.iter().map(|input| Wanted::parse(input)).collect::<Result<_, _>>()?;
    let store = context.existing_store()?;
    let (mut removed, mut failures) = (Vec::new(), Vec::new());
    for (input, wanted) in args.inputs.iter().zip(&wanted) {
        let taken = match &store {
            Some(store) => remove(store, input, wanted),
            None => Err(unknown(input, &[])),
        };
        match taken {
            Ok(taken) => {
                for image in taken {
                    if !context.json() {
                        output::line(&format!(
                            "Untagged: {}",
                            shown(&told(image.name.as_deref(), &image.digest))
                        ))?;
                    }
                    removed.push(image);
                }
            }
            Err(failure) => failures.push(failure),
        }
    }
    if context.json() {
        let removed: Vec<Value> = removed
            .iter()
            .map(|image| json!({ "name": image.name, "digest": image.digest.as_str() }))
            .collect();
        output::json(&json!({ "removed": removed }))?;
    } else if let Some(store) = store.filter(|_| !removed.is_empty()) {
        hint_at_collection(&store, &removed)?;
    }
    // Each is said; the last one is what the verb fails with.
    let last = failures.pop();
    failures.iter().for_each(|failure| {
        failure.report(context.json());
    });
    last.map_or(Ok(()), Err)
}

/// Removes what the text names: a name first, else an ID; a digest takes every name of its image.
fn remove(store: &ContentStore, input: &str, wanted: &Wanted) -> Result<Vec<Removed>, Failure> {
    let by_digest = |digest: &Digest| remove_where(store, |image| image.descriptor.digest == *digest);
    let by_id = || match find::by_id(&store.images()?, input)? {
        Some(digest) => by_digest(&digest),
        None => Ok(Vec::new()),
    };
    let taken = match wanted {
        Wanted::Name(reference) => match by_name(store, reference)? {
            taken if taken.is_empty() && find::is_id(input) => by_id()?,
            taken => taken,
        },
        Wanted::Digest(digest) => by_digest(digest)?,
        Wanted::Id => by_id()?,
    };
    if taken.is_empty() { Err(unknown(input, &store.images()?)) } else { Ok(taken) }
}

/// The entry of this name; with a digest, else what the repository has under that digest.
fn by_name(store: &ContentStore, reference: &Reference) -> Result<Vec<Removed>, Failure> {
    let root = ContentStore::resolve(store, reference)?;
    if let (Some(root), true) = (root, store.remove(reference)?) {
        return Ok(vec![Removed { name: Some(reference.canonical()), digest: root.digest }]);
    }
    let Some(digest) = reference.digest() else { return Ok(Vec::new()) };
    remove_where(store, |image| {
        let name = image.name.as_deref().and_then(|name| name.parse().ok());
        let here = name.is_some_and(|name: Reference| name.repository() == reference.repository());
        here && image.descriptor.digest == *digest
    })
}

fn remove_where(
    store: &ContentStore,
    chosen: impl FnMut(&StoredImage) -> bool,
) -> Result<Vec<Removed>, Failure> {
    let taken = store.remove_where(chosen)?;
    Ok(taken.into_iter().map(|image| Removed { name: image.name, digest: image.descriptor.digest }).collect())
}

fn unknown(input: &str, images: &[StoredImage]) -> Failure {
    let mut names: Vec<String> = images
        .iter()
        .take(NAMES_SHOWN)
        .map(|image| format!("`{}`", told(image.name.as_deref(), &image.descriptor.digest)))
        .collect();
    if images.len() > NAMES_SHOWN {
        names.push(format!("{} more", images.len() - NAMES_SHOWN));
    }
    let hint = match names.as_slice() {
        [] => "The store is empty: there is nothing to remove".to_owned(),
        names => format!("The store has {}", names.join(", ")),
    };
    let name = input.parse().map_or_else(|_| input.to_owned(), |name: Reference| name.familiar());
    Error::new(Code::ImageMissing, format!("the store has no image `{name}`")).with_hint(hint).into()
}

/// The name as Docker prints it, else the digest.
fn told(name: Option<&str>, digest: &Digest) -> String {
    match name {
        Some(name) => name.parse().map_or_else(|_| name.to_owned(), |name: Reference| name.familiar()),
        None => digest.to_string(),
    }
}

fn hint_at_collection(store: &ContentStore, removed: &[Removed]) -> Result<(), Failure> {
    let named: HashSet<Digest> = store.images()?.into_iter().map(|image| image.descriptor.digest).collect();
    if removed.iter().any(|image| !named.contains(&image.digest)) {
        output::note("Its content stays until `longshore gc` frees the space.");
    }
    Ok(())
}
