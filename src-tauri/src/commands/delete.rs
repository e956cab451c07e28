//! Deleting from a registry: first what would go, then exactly that.

use std::sync::Arc;

use engine::registry::delete::{self, Selector};
use engine::{Code, Error, Result};
use oci::{Reference, Tag};

use crate::state::{Longshore, parse_reference};
use crate::wire::{DeleteItem, DeleteMode, DeletePlan, DeleteReport, DeleteRequest, TagFault};

/// What deleting tags of a repository would take along.
pub async fn plan_delete(app: &Arc<Longshore>, repository: String, tags: Vec<String>) -> Result<DeletePlan> {
    let reference = parse_reference(&repository)?;
    if tags.is_empty() {
        return Err(
            Error::new(Code::ReferenceInvalid, "nothing was chosen to delete").with_hint("Choose tags")
        );
    }
    let chosen = tags.iter().map(|tag| selector(tag)).collect::<Result<Vec<_>>>()?;
    let client = app.registries().client(reference.registry());
    let plan = client.plan_delete(reference.repository(), &chosen, None).await?;
    Ok(DeletePlan::new(app.explorer().keep_plan(plan.clone()), &plan))
}

/// A tag, or a digest for what has none.
fn selector(text: &str) -> Result<Selector> {
    text.parse().map_err(|problem: delete::SelectorProblem| {
        Error::new(Code::ReferenceInvalid, format!("`{text}` is no tag and no digest")).with_source(problem)
    })
}

/// Deletes what a plan showed. What is not as it was then stays, and is told.
pub async fn delete_tags(app: &Arc<Longshore>, request: DeleteRequest) -> Result<DeleteReport> {
    let plan = app.explorer().plan(request.plan)?;
    let client = app.registries().client(plan.repository.registry());
    let report = client.delete(&plan, request.mode.into(), None).await?;
    let gone = report.deleted.iter().flat_map(|deleted| {
        let digest = deleted.tags.is_empty().then(|| deleted.digest.to_string());
        deleted.tags.iter().map(ToString::to_string).chain(digest)
    });
    let failed = report.undone.iter();
    Ok(DeleteReport {
        deleted: gone.collect(),
        failed: failed
            .map(|undone| TagFault { tag: undone.what.to_string(), fault: app.fault(&undone.error) })
            .collect(),
    })
}

impl DeletePlan {
    fn new(id: u64, plan: &delete::DeletePlan) -> Self {
        Self {
            id,
            repository: plan.repository.to_string(),
            items: plan.items.iter().map(DeleteItem::from).collect(),
            checked: plan.checked,
            unchecked: plan.unchecked,
            can_untag: plan.can_untag,
            warnings: plan.warnings.clone(),
            command: command(plan),
        }
    }
}

/// The line that does it in a terminal.
fn command(plan: &delete::DeletePlan) -> String {
    let of_item = |item: &delete::DeleteItem| -> Vec<String> {
        let name = |tag: Option<Tag>, digest| Reference::new(plan.repository.clone(), tag, digest).familiar();
        let by_digest = item.by_digest.then(|| name(None, Some(item.descriptor.digest.clone())));
        item.chosen.iter().map(|tag| name(Some(tag.clone()), None)).chain(by_digest).collect()
    };
    format!("longshore delete {}", plan.items.iter().flat_map(of_item).collect::<Vec<_>>().join(" "))
}

impl From<&delete::DeleteItem> for DeleteItem {
    fn from(item: &delete::DeleteItem) -> Self {
        let texts = |tags: &[Tag]| tags.iter().map(ToString::to_string).collect::<Vec<_>>();
        let parent = |parent: &delete::Parent| match &parent.tags[..] {
            [] => vec![parent.digest.to_string()],
            tags => texts(tags),
        };
        Self {
            digest: item.descriptor.digest.to_string(),
            tags: texts(&item.chosen),
            also: texts(&item.also),
            parents: item.parents.iter().flat_map(parent).collect(),
            referrers: item.referrers.len() as u64,
            size: item.size,
        }
    }
}

impl From<DeleteMode> for delete::DeleteMode {
    fn from(mode: DeleteMode) -> Self {
        match mode {
            DeleteMode::Manifest => Self::Manifest,
            DeleteMode::Tag => Self::Tag,
        }
    }
}
