//! `delete`: takes images out of their registry, and never more than was named or agreed to.

use engine::Error;
use engine::job::Job;
use engine::registry::delete::{DeleteItem, DeleteMode, DeletePlan, DeleteReport, Selector};
use oci::{Digest, Reference, RepositoryName, Tag};
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::find;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// A list in a line names so many.
const NAMED: usize = 8;

/// What one repository is asked to delete, and what came of it.
struct Deletion {
    plan: DeletePlan,
    report: DeleteReport,
}

/// Runs the verb.
pub fn run(args: &args::Delete, context: &Context) -> Result<(), Failure> {
    // All of them are read before the first is looked up.
    let references: Vec<Reference> =
        args.inputs.iter().map(|input| find::reference(input)).collect::<Result<_, _>>()?;
    let mode = if args.tag_only { DeleteMode::Tag } else { DeleteMode::Manifest };
    let job = Job::new(|event| output::note_event(&event));
    let work = async {
        let mut plans = Vec::new();
        for (repository, chosen) in by_repository(&references) {
            let client = context.client(repository.registry());
            let plan = client.plan_delete(repository, &chosen, Some(&job)).await;
            context.warn(&client);
            let plan = plan.map_err(|error| context.failure(error))?;
            if !context.json() {
                output::bytes(to_text(&plan, mode).as_bytes())?;
            }
            plan.warnings.iter().for_each(|warning| output::warning(warning));
            plans.push(plan);
        }
        if !args.dry_run {
            // Nothing goes before all of it is agreed to.
            plans.iter().try_for_each(|plan| agreed(plan, args))?;
        }
        let mut done = Vec::new();
        for plan in plans {
            let report = match args.dry_run {
                true => DeleteReport::default(),
                false => {
                    let client = context.client(plan.repository.registry());
                    let report = client.delete(&plan, mode, Some(&job)).await;
                    report.map_err(|error| context.failure(error))?
                }
            };
            done.push(Deletion { plan, report });
        }
        Ok(done)
    };
    let done = interrupt::run(Threads::One, &job, work)?;
    if context.json() {
        output::json(&to_json(&done, args, mode))?;
    } else {
        done.iter().try_for_each(told)?;
    }
    let mut failures: Vec<Failure> = done
        .into_iter()
        .flat_map(|deletion| deletion.report.undone)
        .map(|undone| context.failure(undone.error))
        .collect();
    // Each is said; the last one is what the verb fails with.
    let last = failures.pop();
    failures.iter().for_each(|failure| {
        failure.report(context.json());
    });
    last.map_or(Ok(()), Err)
}

/// What was named, by repository, in the order in which it was.
fn by_repository(references: &[Reference]) -> Vec<(&RepositoryName, Vec<Selector>)> {
    let mut groups: Vec<(&RepositoryName, Vec<Selector>)> = Vec::new();
    for reference in references {
        let selector = Selector::of(reference);
        match groups.iter_mut().find(|(repository, _)| *repository == reference.repository()) {
            Some((_, chosen)) => chosen.push(selector),
            None => groups.push((reference.repository(), vec![selector])),
        }
    }
    groups
}

/// Refuses what would take along more than was named, unless that was agreed to.
fn agreed(plan: &DeletePlan, args: &args::Delete) -> Result<(), Failure> {
    if args.tag_only {
        return Ok(());
    }
    let refuse = |message: String, hint: &str| Err(Failure::Usage { message, hint: hint.to_owned() });
    for item in &plan.items {
        if !args.also_tags && !item.also.is_empty() {
            let message =
                format!("`{}` would go too, which was not named", some(&item.also, ToString::to_string));
            return refuse(message, "Agree with `--also-tags`, or delete the tag alone with `--tag-only`");
        }
        if !args.break_indexes && !item.parents.is_empty() {
            let message = format!(
                "the index `{}` lists `{}` and would have a hole",
                some(&item.parents, |parent| name_of(&parent.digest, &parent.tags)),
                item.descriptor.digest.short()
            );
            return refuse(message, "Delete the index instead or as well, or agree with `--break-indexes`");
        }
    }
    if !args.also_tags && plan.unchecked > 0 {
        let message =
            format!("{} tags were not looked up, and one of them may be on what would go", plan.unchecked);
        return refuse(message, "Agree with `--also-tags`, or delete the tag alone with `--tag-only`");
    }
    Ok(())
}

fn to_text(plan: &DeletePlan, mode: DeleteMode) -> String {
    let mut text = format!("{}\n", plan.repository.familiar());
    for item in &plan.items {
        let chosen = some(&item.chosen, ToString::to_string);
        if mode == DeleteMode::Tag {
            text += &format!("  Tag {chosen}; its manifest {} stays\n", item.descriptor.digest.short());
            continue;
        }
        let size = item.size.map(|size| format!(", {}", output::size(size, 3))).unwrap_or_default();
        text += &format!("  Manifest {}{size}\n", item.descriptor.digest);
        let line = |word: &str, value: String| format!("    {word:<22}{value}\n");
        if !item.chosen.is_empty() {
            text += &line("tags named:", chosen);
        }
        if !item.also.is_empty() {
            text += &line("tags that go too:", some(&item.also, ToString::to_string));
        }
        if !item.parents.is_empty() {
            let parents = some(&item.parents, |parent| name_of(&parent.digest, &parent.tags));
            text += &line("indexes with a hole:", parents);
        }
        if !item.referrers.is_empty() {
            let referrers = some(&item.referrers, |digest| digest.short().to_owned());
            text += &line("referrers left behind:", referrers);
        }
    }
    let unchecked = match plan.unchecked {
        0 => String::new(),
        count => format!(", {count} not"),
    };
    text + &format!("  {} tags were looked up{unchecked}\n", plan.checked)
}

fn told(deletion: &Deletion) -> Result<(), Failure> {
    for deleted in &deletion.report.deleted {
        for tag in &deleted.tags {
            output::line(&format!("Untagged: {}:{tag}", deletion.plan.repository.familiar()))?;
        }
        if deleted.manifest {
            output::line(&format!("Deleted: {}@{}", deletion.plan.repository.familiar(), deleted.digest))?;
        }
    }
    Ok(())
}

/// The first of a list, and how many more there are.
fn some<T>(list: &[T], name: impl Fn(&T) -> String) -> String {
    let mut names: Vec<String> = list.iter().take(NAMED).map(name).collect();
    if list.len() > NAMED {
        names.push(format!("{} more", list.len() - NAMED));
    }
    shown(&names.join(", ")).into_owned()
}

fn name_of(digest: &Digest, tags: &[Tag]) -> String {
    tags.first().map_or_else(|| digest.short().to_owned(), ToString::to_string)
}

fn to_json(done: &[Deletion], args: &args::Delete, mode: DeleteMode) -> Value {
    let plans: Vec<Value> = done
        .iter()
        .map(|deletion| {
            let plan = &deletion.plan;
            json!({
                "repository": plan.repository.to_string(),
                "items": plan.items.iter().map(item_json).collect::<Vec<_>>(),
                "checked": plan.checked,
                "unchecked": plan.unchecked,
                "can_untag": plan.can_untag,
                "warnings": plan.warnings,
            })
        })
        .collect();
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for deletion in done {
        let repository = deletion.plan.repository.to_string();
        deleted.extend(deletion.report.deleted.iter().map(|gone| {
            json!({
                "repository": repository,
                "digest": gone.digest.as_str(),
                "tags": gone.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
                "manifest": gone.manifest,
            })
        }));
        failed.extend(deletion.report.undone.iter().map(|undone| {
            json!({
                "repository": repository,
                "what": undone.what.to_string(),
                "code": undone.error.code().as_str(),
                "error": Error::message(&undone.error),
            })
        }));
    }
    json!({
        "dry_run": args.dry_run,
        "mode": if mode == DeleteMode::Tag { "tag" } else { "manifest" },
        "plans": plans,
        "deleted": deleted,
        "failed": failed,
    })
}

fn item_json(item: &DeleteItem) -> Value {
    let texts = |tags: &[Tag]| tags.iter().map(ToString::to_string).collect::<Vec<_>>();
    let parents: Vec<Value> = item
        .parents
        .iter()
        .map(|parent| json!({ "digest": parent.digest.as_str(), "tags": texts(&parent.tags) }))
        .collect();
    json!({
        "digest": item.descriptor.digest.as_str(),
        "media_type": item.descriptor.media_type,
        "size": item.size,
        "tags": texts(&item.chosen),
        "by_digest": item.by_digest,
        "also": texts(&item.also),
        "parents": parents,
        "referrers": item.referrers.iter().map(Digest::as_str).collect::<Vec<_>>(),
    })
}
