//! `push --dry-run`: what a push would do.

use engine::push::{Fate, PushPlan};
use oci::{Digest, Platform, Reference};
use serde_json::{Value, json};

use crate::output;

/// Prints the plan.
///
/// # Errors
/// Stdout's.
pub fn tell(name: &Reference, plan: &PushPlan) -> std::io::Result<()> {
    output::line(&format!("{} (nothing was pushed)", name.canonical()))?;
    let mut rows = vec![
        vec!["Digest:".to_owned(), plan.root.digest.to_string()],
        vec!["Media type:".to_owned(), plan.root.media_type.clone()],
    ];
    if let Some(tag) = name.tag() {
        let fate = match &plan.previous {
            None => format!("{tag} (new)"),
            Some(previous) if previous.digest == plan.root.digest => format!("{tag} (points there already)"),
            Some(previous) => format!("{tag} (moves from {})", previous.digest),
        };
        rows.push(vec!["Tag:".to_owned(), fate]);
    }
    let repository = match plan.repository_exists {
        Some(true) => "exists",
        Some(false) => "does not exist yet",
        None => "not known",
    };
    let account = match plan.may_push {
        Some(true) => "may push",
        Some(false) => "may not push",
        None => "not known until it is tried",
    };
    rows.push(vec!["Repository:".to_owned(), repository.to_owned()]);
    rows.push(vec!["Account:".to_owned(), account.to_owned()]);
    for (heading, platforms) in [("Left out:", &plan.left_out), ("Lost:", &plan.lost_platforms)] {
        if !platforms.is_empty() {
            rows.push(vec![heading.to_owned(), list(platforms)]);
        }
    }
    output::table(&rows)?;
    let mut rows = vec![vec!["BLOB".to_owned(), "SIZE".to_owned(), "WHAT HAPPENS".to_owned()]];
    for blob in &plan.blobs {
        let what = match &blob.fate {
            Fate::Exists => "exists".to_owned(),
            Fate::Mount(from) => format!("mounted from {}", from.path()),
            Fate::Upload => "pushed".to_owned(),
        };
        let size = output::size(blob.descriptor.size, 3);
        rows.push(vec![blob.descriptor.digest.short().to_owned(), size, what]);
    }
    output::table(&rows)?;
    output::line(&format!(
        "To push: {}, to mount: {}, there already: {}",
        output::size(plan.upload_bytes(), 4),
        output::size(plan.mount_bytes(), 4),
        output::size(plan.exists_bytes(), 4),
    ))?;
    plan.warnings.iter().for_each(|warning| output::warning(warning));
    if let Some(refusal) = &plan.refusal {
        output::warning(refusal.message());
        if let Some(hint) = refusal.hint() {
            output::note(&format!("hint: {}", output::shown(hint)));
        }
    }
    Ok(())
}

/// The plan as JSON.
pub fn to_json(name: &Reference, plan: &PushPlan) -> Value {
    let blobs: Vec<Value> = plan
        .blobs
        .iter()
        .map(|blob| {
            let (fate, from) = match &blob.fate {
                Fate::Exists => ("exists", None),
                Fate::Mount(from) => ("mount", Some(from.to_string())),
                Fate::Upload => ("upload", None),
            };
            json!({
                "digest": blob.descriptor.digest.as_str(), "size": blob.descriptor.size,
                "media_type": blob.descriptor.media_type, "fate": fate, "mount_from": from,
            })
        })
        .collect();
    json!({
        "reference": name.canonical(),
        "familiar": name.familiar(),
        "dry_run": true,
        "digest": plan.root.digest.as_str(),
        "media_type": plan.root.media_type,
        "size": plan.root.size,
        "previous": plan.previous.as_ref().map(|previous| Digest::as_str(&previous.digest)),
        "documents": plan.documents.iter().map(|it| it.digest.as_str()).collect::<Vec<_>>(),
        "blobs": blobs,
        "upload": plan.upload_bytes(),
        "mount": plan.mount_bytes(),
        "exists": plan.exists_bytes(),
        "repository_exists": plan.repository_exists,
        "may_push": plan.may_push,
        "refusal": plan.refusal.as_ref().map(|error| json!({
            "code": error.code().as_str(), "message": error.message(), "hint": error.hint(),
        })),
        "left_out": texts(&plan.left_out),
        "lost_platforms": texts(&plan.lost_platforms),
        "warnings": plan.warnings,
    })
}

fn texts(platforms: &[Platform]) -> Vec<String> {
    platforms.iter().map(Platform::to_string).collect()
}

fn list(platforms: &[Platform]) -> String {
    texts(platforms).join(", ")
}
