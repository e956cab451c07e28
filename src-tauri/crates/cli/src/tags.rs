//! `tags`: what a repository has, and with `--long` what each tag stands for.

use engine::Error;
use engine::job::Job;
use engine::registry::RegistryClient;
use engine::registry::describe::TagFacts;
use oci::{RepositoryName, Tag, tag_order};
use serde_json::{Value, json};

use crate::args::{self, TagSort};
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};
use crate::{images, rate};

/// What was read of the list.
#[derive(Default)]
struct Listed {
    tags: Vec<Tag>,
    invalid: Vec<String>,
    partial: bool,
}

/// Runs the verb.
pub fn run(args: &args::Tags, context: &Context) -> Result<(), Failure> {
    let repository: RepositoryName =
        args.repository.parse().map_err(|problem| Failure::reference(&args.repository, problem))?;
    let client = context.client(repository.registry());
    let job = Job::new(|event| output::note_event(&event));
    let work = async {
        let mut listed = list(&client, &repository, args, context, &job).await?;
        match args.sort {
            TagSort::Version => tag_order::newest_first(&mut listed.tags),
            TagSort::Name => listed.tags.sort_unstable(),
            TagSort::Registry => {}
        }
        let mut facts = Vec::new();
        if args.long {
            let each = |_, described| facts.push(described);
            let platform = args.platform.as_ref();
            let described = client.describe_each(&repository, &listed.tags, platform, Some(&job), each);
            described.await.map_err(|error| context.failure(error))?;
        }
        Ok((listed, facts))
    };
    let (listed, facts) = interrupt::run(Threads::One, &job, work)?;
    let mut warnings = context.warn(&client);
    for warning in odd(&listed) {
        output::warning(&warning);
        warnings.push(warning);
    }
    if context.json() {
        return Ok(output::json(&json!({
            "repository": repository.to_string(),
            "tags": to_json(&listed.tags, &facts),
            "invalid": listed.invalid,
            "partial": listed.partial,
            "rate_limit": rate::to_json(&client),
            "warnings": warnings,
        }))?);
    }
    match args.long {
        true => Ok(table(&listed.tags, &facts)?),
        false if streams(args, context) => Ok(()),
        false => Ok(lines(&listed.tags)?),
    }
}

/// Whether each page is printed as it comes.
fn streams(args: &args::Tags, context: &Context) -> bool {
    args.sort == TagSort::Registry && !args.long && !context.json()
}

async fn list(
    client: &RegistryClient,
    repository: &RepositoryName,
    args: &args::Tags,
    context: &Context,
    job: &Job,
) -> Result<Listed, Failure> {
    let failure = |error: Error| context.failure(error);
    let mut pages = client.tag_pages(repository).map_err(failure)?;
    let mut listed = Listed::default();
    while let Some(mut page) = pages.next(Some(job)).await.map_err(failure)? {
        if let Some(text) = &args.filter {
            page.tags.retain(|tag| fits(tag.as_str(), text));
        }
        if streams(args, context) {
            lines(&page.tags)?;
        } else {
            listed.tags.extend(page.tags);
        }
        listed.invalid.extend(page.invalid);
        listed.partial |= page.partial;
    }
    Ok(listed)
}

/// Whether a name has the text in it, whatever the letters' case.
pub fn fits(name: &str, text: &str) -> bool {
    name.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
}

fn lines(tags: &[Tag]) -> std::io::Result<()> {
    output::bytes(tags.iter().fold(String::new(), |text, tag| text + tag.as_str() + "\n").as_bytes())
}

fn odd(listed: &Listed) -> Vec<String> {
    let invalid = match &listed.invalid[..] {
        [] => None,
        [one] => Some(format!("the registry lists `{}`, which is no tag", output::cut(one, 80))),
        many => Some(format!("the registry lists {} names that are no tags", many.len())),
    };
    let partial = listed
        .partial
        .then(|| "the registry's paging leads nowhere: there may be more tags than these".to_owned());
    invalid.into_iter().chain(partial).collect()
}

fn table(tags: &[Tag], facts: &[engine::Result<TagFacts>]) -> std::io::Result<()> {
    let mut rows =
        vec![["TAG", "DIGEST", "KIND", "PLATFORMS", "SIZE", "CREATED"].map(str::to_owned).to_vec()];
    let dash = || "-".to_owned();
    for (tag, facts) in tags.iter().zip(facts) {
        let mut row = vec![tag.to_string()];
        match facts {
            Ok(facts) => {
                row.push(facts.descriptor.digest.short().to_owned());
                match &facts.details {
                    Some(details) => row.extend([
                        details.kind.as_str().to_owned(),
                        if details.platforms.is_empty() {
                            dash()
                        } else {
                            images::some_of(&details.platforms)
                        },
                        details.size.map_or_else(dash, |size| output::size(size, 3)),
                        details.created.as_deref().map_or_else(dash, images::age),
                    ]),
                    // Left unasked: see the engine's `describe`.
                    None => row.extend([dash(), dash(), dash(), dash()]),
                }
            }
            Err(error) => row.extend([dash(), shown(error.message()).into_owned()]),
        }
        rows.push(row);
    }
    output::table(&rows)
}

fn to_json(tags: &[Tag], facts: &[engine::Result<TagFacts>]) -> Vec<Value> {
    let mut facts = facts.iter();
    let described = tags.iter().map(|tag| {
        let facts = facts.next();
        let known = facts.and_then(|facts| facts.as_ref().ok());
        let error = facts.and_then(|facts| facts.as_ref().err());
        let details = known.and_then(|facts| facts.details.as_deref());
        json!({
            "tag": tag.as_str(),
            "digest": known.map(|facts| facts.descriptor.digest.as_str()),
            "media_type": known.map(|facts| facts.descriptor.media_type.as_str()),
            "kind": details.map(|details| details.kind.as_str()),
            "artifact_type": details.and_then(|details| details.artifact_type.as_deref()),
            "platforms": details.map_or_else(Vec::new, |details| details.platforms.iter().map(ToString::to_string).collect()),
            "platform": details.and_then(|details| details.platform.as_ref()).map(ToString::to_string),
            "size": details.and_then(|details| details.size),
            "created": details.and_then(|details| details.created.as_deref()),
            "error": error.map(Error::message),
        })
    });
    described.collect()
}
