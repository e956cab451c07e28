//! `tag`: a second name for an image of the store. Nothing moves, and no registry is asked.

use engine::endpoint::Target;
use engine::{Code, Error};
use oci::Digest;
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::find::{self, Wanted};
use crate::output;
use crate::pull::Typed;

/// Runs the verb.
pub fn run(args: &args::Tag, context: &Context) -> Result<(), Failure> {
    let wanted = Wanted::parse(&args.source)?;
    let name = find::reference(&args.destination)?;
    if Typed::of(&args.destination).digest {
        return Err(Failure::Usage {
            message: "a name that is given has no digest: the image's own is what counts".to_owned(),
            hint: format!("Name it by tag: `longshore tag {} NAME:TAG`", args.source),
        });
    }
    let missing = || {
        Error::new(Code::ImageMissing, format!("`{}` is not on this computer", args.source))
            .with_hint("Pull it first: `longshore pull REFERENCE`; `longshore images` lists what is here")
    };
    let store = context.existing_store()?.ok_or_else(missing)?;
    let root = match find::in_store(&store, &args.source, &wanted)?.ok_or_else(missing)? {
        Target::Named(source) => store.resolve(&source)?,
        Target::Exact(digest) => store.resolve_digest(&digest)?,
        Target::Sole => None,
    };
    let root = root.ok_or_else(missing)?;
    let previous = store.publish(Some(&name), &root)?.filter(|previous| *previous != root.digest);
    if context.json() {
        output::json(&json!({
            "name": name.canonical(),
            "digest": root.digest.as_str(),
            "previous": previous.as_ref().map(Digest::as_str),
        }))?;
    }
    Ok(())
}
