//! `catalog`: the repositories of a registry, a page at a time.

use engine::Error;
use engine::job::Job;
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output;
use crate::tags::fits;

/// Runs the verb.
pub fn run(args: &args::Catalog, context: &Context) -> Result<(), Failure> {
    let client = context.client(&args.registry);
    let job = Job::new(|event| output::note_event(&event));
    let work = async {
        let failure = |error: Error| context.failure(error);
        let mut pages = client.catalog_pages().map_err(failure)?;
        let (mut names, mut invalid, mut partial) = (Vec::new(), Vec::new(), false);
        while let Some(page) = pages.next(Some(&job)).await.map_err(failure)? {
            let wanted = |name: &String| args.filter.as_deref().is_none_or(|text| fits(name, text));
            let found: Vec<String> =
                page.repositories.iter().map(ToString::to_string).filter(wanted).collect();
            if context.json() {
                names.extend(found);
            } else {
                output::bytes(found.iter().fold(String::new(), |text, name| text + name + "\n").as_bytes())?;
            }
            invalid.extend(page.invalid);
            partial |= page.partial;
        }
        Ok((names, invalid, partial))
    };
    let listed = interrupt::run(Threads::One, &job, work);
    let mut warnings = context.warn(&client);
    let (names, invalid, partial) = listed?;
    let mut odd = Vec::new();
    if !invalid.is_empty() {
        odd.push(format!("the registry lists {} names that are no repositories", invalid.len()));
    }
    if partial {
        odd.push("the registry's paging leads nowhere: there may be more than these".to_owned());
    }
    odd.iter().for_each(|warning| output::warning(warning));
    warnings.extend(odd);
    if context.json() {
        output::json(&json!({
            "registry": args.registry.as_str(),
            "repositories": names,
            "invalid": invalid,
            "partial": partial,
            "warnings": warnings,
        }))?;
    }
    Ok(())
}
