//! Carrying out a plan: nothing that it does not name.

use http::{Method, StatusCode};
use oci::digest::Digest;
use oci::name::{Registry, RepositoryName};
use oci::reference::{Reference, Tag};

use super::super::{Answer, RegistryClient, Scope, refusal};
use super::survey::Survey;
use super::{DeleteItem, DeletePlan, Selector};
use crate::error::{Code, Error, Result};
use crate::exchange::Purpose;
use crate::job::Job;

/// What is deleted of a plan's items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteMode {
    /// The manifests, with every tag on them.
    Manifest,
    /// The chosen tags alone; the manifests stay.
    Tag,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct DeleteReport {
    /// What is gone.
    pub deleted: Vec<Deleted>,
    /// What was left alone, and why.
    pub undone: Vec<Undone>,
}

/// One manifest, or the tags of one, that are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The manifest.
    pub digest: Digest,
    /// The tags that went.
    pub tags: Vec<Tag>,
    /// Whether the manifest itself went.
    pub manifest: bool,
}

/// Something that was not deleted.
#[derive(Debug)]
pub struct Undone {
    /// A tag, or a digest.
    pub what: Selector,
    /// Why.
    pub error: Error,
}

impl RegistryClient {
    /// Carries out a plan. What failed, or has changed since the plan was made, is in the report; the rest goes on.
    ///
    /// # Errors
    /// [`Code::Cancelled`], and what keeps anything from being looked up.
    pub async fn delete(
        &self,
        plan: &DeletePlan,
        mode: DeleteMode,
        job: Option<&Job>,
    ) -> Result<DeleteReport> {
        let mut report = DeleteReport::default();
        match mode {
            DeleteMode::Tag => {
                for item in &plan.items {
                    if report.deleted.iter().any(|deleted| deleted.manifest) {
                        // It took a manifest where a tag was meant: not once more.
                        let error = || only_manifests(plan.repository.registry());
                        report.undone.extend(item.undone(error));
                    } else {
                        self.untag(plan, item, &mut report, job).await?;
                    }
                }
            }
            DeleteMode::Manifest => {
                let now = self.survey(&plan.repository, job).await?;
                for item in &plan.items {
                    self.delete_item(plan, item, &now, &mut report, job).await?;
                }
            }
        }
        Ok(report)
    }

    async fn untag(
        &self,
        plan: &DeletePlan,
        item: &DeleteItem,
        report: &mut DeleteReport,
        job: Option<&Job>,
    ) -> Result<()> {
        let digest = &item.descriptor.digest;
        let mut gone = Vec::new();
        if item.chosen.is_empty() {
            let error = Error::new(Code::DeleteUnsupported, format!("`{digest}` was chosen without a tag"))
                .with_hint("Choose the tags that are to go, or delete the manifest");
            report.undone.push(Undone { what: Selector::Digest(digest.clone()), error });
        }
        for tag in &item.chosen {
            let done = match self.still_there(plan, item, tag, job).await {
                Ok(()) => self.delete_tag(&plan.repository, tag, job).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => gone.push(tag.clone()),
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => report.undone.push(Undone { what: Selector::Tag(tag.clone()), error }),
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        // A registry that takes the manifest along must be told of, and not be used like that again.
        let manifest = Reference::new(plan.repository.clone(), None, Some(digest.clone()));
        let took_all = match self.manifest_descriptor(&manifest, job).await {
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => error.code() == Code::NotFound,
            Ok(_) => false,
        };
        self.learn_untag(!took_all);
        report.deleted.push(Deleted { digest: digest.clone(), tags: gone, manifest: took_all });
        Ok(())
    }

    /// Whether a chosen tag still stands for what the plan says.
    async fn still_there(
        &self,
        plan: &DeletePlan,
        item: &DeleteItem,
        tag: &Tag,
        job: Option<&Job>,
    ) -> Result<()> {
        let name = Reference::new(plan.repository.clone(), Some(tag.clone()), None);
        let now = self.manifest_descriptor(&name, job).await?;
        if now.digest == item.descriptor.digest { Ok(()) } else { Err(moved(tag)) }
    }

    async fn delete_item(
        &self,
        plan: &DeletePlan,
        item: &DeleteItem,
        now: &Survey,
        report: &mut DeleteReport,
        job: Option<&Job>,
    ) -> Result<()> {
        let digest = &item.descriptor.digest;
        let mut held = 0;
        for tag in &item.chosen {
            match self.still_there(plan, item, tag, job).await {
                Ok(()) => held += 1,
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => report.undone.push(Undone { what: Selector::Tag(tag.clone()), error }),
            }
        }
        // All that led here leads elsewhere: nobody asked for this manifest to go.
        if held == 0 && !item.by_digest {
            return Ok(());
        }
        let unplanned = now
            .tags_on(digest)
            .iter()
            .find(|tag| !item.chosen.contains(tag) && !item.also.contains(tag))
            .map(|tag| format!("the tag `{tag}` was put on `{}` after the plan was made", digest.short()));
        let planned = |index: &Digest| {
            item.parents.iter().any(|parent| parent.digest == *index)
                || plan.items.iter().any(|other| other.descriptor.digest == *index)
        };
        let parent =
            now.parents_of(digest).into_iter().find(|parent| !planned(&parent.digest)).map(|parent| {
                format!(
                    "the index `{}` lists `{}` since the plan was made",
                    parent.digest.short(),
                    digest.short()
                )
            });
        let done = match unplanned.or(parent) {
            Some(why) => Err(Error::new(Code::Changed, why).with_hint("Plan the deletion again")),
            None => self.delete_manifest(&plan.repository, digest, job).await,
        };
        match done {
            Ok(()) => {
                let tags = now.tags_on(digest).to_vec();
                let tags = if tags.is_empty() { item.chosen.clone() } else { tags };
                report.deleted.push(Deleted { digest: digest.clone(), tags, manifest: true });
            }
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => report.undone.push(Undone { what: Selector::Digest(digest.clone()), error }),
        }
        Ok(())
    }

    /// Deletes a manifest, and with it every tag on it, whatever they are: see [`RegistryClient::plan_delete`].
    ///
    /// # Errors
    /// [`Code::DeleteUnsupported`]; [`Code::NotFound`]; whatever authorization and transport give.
    pub async fn delete_manifest(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        job: Option<&Job>,
    ) -> Result<()> {
        let explanation = "Longshore deletes the manifest by its digest; every tag on it goes with it.";
        let answer = self.send_delete(repository, digest.as_str(), explanation, job).await?;
        if accepted(&answer) {
            answer.body.note("deleted");
            return Ok(());
        }
        let object = format!("manifest `{digest}` of `{repository}`");
        Err(self.not_deleted(answer, &object, repository, false).await.at_digest(digest))
    }

    /// Deletes a tag; the manifest stays, and so do its other tags. Many registries can't.
    ///
    /// # Errors
    /// As [`RegistryClient::delete_manifest`].
    pub async fn delete_tag(&self, repository: &RepositoryName, tag: &Tag, job: Option<&Job>) -> Result<()> {
        let explanation = "Longshore deletes the tag alone; the manifest stays, and so do its other tags.";
        let answer = self.send_delete(repository, tag.as_str(), explanation, job).await?;
        if accepted(&answer) {
            answer.body.note("deleted");
            return Ok(());
        }
        if unsupported(answer.status) {
            self.learn_untag(false);
        }
        let object = format!("tag `{tag}` of `{repository}`");
        Err(self.not_deleted(answer, &object, repository, true).await)
    }

    async fn send_delete(
        &self,
        repository: &RepositoryName,
        selector: &str,
        explanation: &'static str,
        job: Option<&Job>,
    ) -> Result<Answer> {
        let path = format!("/v2/{}/manifests/{selector}", repository.path());
        let mut request = self.request(&path, Purpose::new("delete", explanation))?;
        request.method = Method::DELETE;
        // What another address would do with it, nobody planned.
        request.follow = false;
        self.call(request, &[Scope::delete(repository)], job).await
    }

    async fn not_deleted(
        &self,
        answer: Answer,
        object: &str,
        repository: &RepositoryName,
        is_tag: bool,
    ) -> Error {
        let (status, registry) = (answer.status, repository.registry());
        let refused = refusal(answer, object, self.http().log().redactor()).await;
        if !unsupported(status) {
            return refused;
        }
        let error = if is_tag {
            only_manifests(registry)
        } else {
            let why = format!("`{registry}` does not delete manifests");
            Error::new(Code::DeleteUnsupported, why).with_hint(way_out(registry, false))
        };
        error.in_place_of(refused)
    }

    fn learn_untag(&self, can: bool) {
        *self.0.can_untag.lock().expect("no code panics while it holds this") = Some(can);
    }
}

fn accepted(answer: &Answer) -> bool {
    // The spec's is 202; some answer with another success.
    answer.status.is_success()
}

fn unsupported(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 405 | 501)
}

impl DeleteItem {
    fn undone(&self, error: impl Fn() -> Error) -> Vec<Undone> {
        let tags = self.chosen.iter().map(|tag| Selector::Tag(tag.clone()));
        let digest = self.by_digest.then(|| Selector::Digest(self.descriptor.digest.clone()));
        tags.chain(digest).map(|what| Undone { what, error: error() }).collect()
    }
}

fn only_manifests(registry: &Registry) -> Error {
    Error::new(Code::DeleteUnsupported, format!("`{registry}` does not delete a tag alone"))
        .with_hint(way_out(registry, true))
}

fn moved(tag: &Tag) -> Error {
    Error::new(Code::Changed, format!("the tag `{tag}` was moved after the plan was made"))
        .with_hint("It was left alone; look at what it stands for now, and plan the deletion again")
}

/// What can be done instead.
fn way_out(registry: &Registry, is_tag: bool) -> String {
    match registry.host() {
        _ if registry.is_docker_hub() => {
            "Delete it on hub.docker.com: Docker Hub does not let registry clients delete".to_owned()
        }
        "ghcr.io" => "Delete the version on GitHub, under the package's settings".to_owned(),
        _ if is_tag => {
            "Delete the manifest instead, if every tag on it may go; or the registry has deleting switched off"
                .to_owned()
        }
        _ => format!(
            "Ask the operator of `{registry}` to allow it; Docker's registry does with `REGISTRY_STORAGE_DELETE_ENABLED=true`"
        ),
    }
}
