//! The repositories of a registry, where it lists them (`_catalog`, a Docker extension that the OCI spec leaves out).
//!
//! Many registries have no such list, or not for everybody: that is explained, with the way in that there always is,
//! a typed name. Deliberately absent: vendors' own APIs, which list by account and not by registry.

use oci::name::{Registry, RepositoryName};
use serde::Deserialize;
use serde_json::Value;

use super::page::{PAGE, Pages, Step};
use super::{RegistryClient, Scope, refusal};
use crate::error::{Action, Code, Error, Result, Subject};
use crate::exchange::Purpose;
use crate::job::Job;

/// A part of the list.
#[derive(Clone, Debug, Default)]
pub struct CatalogPage {
    /// Repositories that no page before had, in the registry's order. May be empty although more follows.
    pub repositories: Vec<RepositoryName>,
    /// Names that are no repositories', as the registry lists them: text to show, never a link.
    pub invalid: Vec<String>,
    /// The registry's paging went in circles or nowhere: this is the last page that could be had, and there may be more.
    pub partial: bool,
    /// Whether another page follows.
    pub has_more: bool,
}

/// The pages of one registry's catalog.
pub struct CatalogPages {
    pages: Pages,
    registry: Registry,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    repositories: Option<Vec<Value>>,
}

impl CatalogPages {
    /// The next page; none after the last. After a failure the same page can be asked for again.
    ///
    /// # Errors
    /// [`Code::CatalogUnavailable`] where the registry has no list or not for this account;
    /// [`Code::RedirectRefused`] where the list goes on at another host.
    pub async fn next(&mut self, job: Option<&Job>) -> Result<Option<CatalogPage>> {
        let step = self.pages.fetch::<Body>(job).await.map_err(|error| match error.code() {
            Code::AuthRequired | Code::AuthRefused => denied(&self.registry, error),
            _ => error,
        })?;
        let (answer, body) = match step {
            Step::End => return Ok(None),
            Step::Page(answer, body) => (answer, body),
            Step::Refused(answer) => {
                let status = answer.status.as_u16();
                let error = refusal(answer, "catalog", self.pages.redactor()).await;
                return Err(match (status, error.code()) {
                    (401 | 403, Code::AuthRequired | Code::AuthRefused) => denied(&self.registry, error),
                    (400 | 404 | 405 | 501, _) => missing(&self.registry, error),
                    _ => error,
                });
            }
        };
        // A name that would mean another one when it is typed can't be opened by it.
        let read = |name: &str| {
            let repository = RepositoryName::new(self.registry.clone(), name).ok()?;
            (repository.path() == name).then_some(repository)
        };
        let (repositories, invalid) = self.pages.names(&answer, body.repositories, "repositories", read)?;
        let (partial, has_more) = (self.pages.is_partial(), self.pages.has_more());
        Ok(Some(CatalogPage { repositories, invalid, partial, has_more }))
    }
}

impl RegistryClient {
    /// The repositories of the registry, page by page. Nothing is asked before the first [`CatalogPages::next`].
    ///
    /// # Errors
    /// [`Code::CatalogUnavailable`] at once for a registry of which it is known that it has no list.
    pub fn catalog_pages(&self) -> Result<CatalogPages> {
        if let Some(why) = known_without(self.registry()) {
            let registry = self.registry().clone();
            let about = Subject { registry, repository: None, selector: None, action: Action::List };
            return Err(Error::new(Code::CatalogUnavailable, why)
                .with_hint(type_a_name(self.registry()))
                .about(about));
        }
        let purpose =
            Purpose::new("catalog", "Longshore asks which repositories the registry has, a page at a time.");
        let first = self.request(&format!("/v2/_catalog?n={PAGE}"), purpose)?;
        let what = format!("catalog of `{}`", self.registry());
        let pages = Pages::new(self.clone(), first, vec![Scope::catalog()], what);
        Ok(CatalogPages { pages, registry: self.registry().clone() })
    }
}

/// Why a registry never has a list, for those where that is known.
fn known_without(registry: &Registry) -> Option<String> {
    let name = match registry.host() {
        _ if registry.is_docker_hub() => "Docker Hub",
        "ghcr.io" => "GitHub's registry, `ghcr.io`,",
        "registry.gitlab.com" => "GitLab's registry, `registry.gitlab.com`,",
        "public.ecr.aws" => "Amazon's public registry, `public.ecr.aws`,",
        _ => return None,
    };
    Some(format!("{name} does not list its repositories"))
}

fn type_a_name(registry: &Registry) -> String {
    let example = match registry.host() {
        _ if registry.is_docker_hub() => "nginx".to_owned(),
        "ghcr.io" => "ghcr.io/OWNER/IMAGE".to_owned(),
        "registry.gitlab.com" => "registry.gitlab.com/GROUP/PROJECT".to_owned(),
        _ => format!("{registry}/TEAM/APP"),
    };
    format!("Type the repository's name, such as `{example}`; what you open can be pinned")
}

fn missing(registry: &Registry, cause: Error) -> Error {
    unavailable(format!("`{registry}` does not list its repositories"), type_a_name(registry), cause)
}

fn denied(registry: &Registry, cause: Error) -> Error {
    let hint = match cause.code() {
        Code::AuthRequired => format!(
            "Sign in with an account that may list them: `longshore login {registry}`. Or type the repository's name"
        ),
        _ => type_a_name(registry),
    };
    unavailable(format!("`{registry}` does not list its repositories to you"), hint, cause)
}

fn unavailable(why: String, hint: String, cause: Error) -> Error {
    Error::new(Code::CatalogUnavailable, why).with_hint(hint).in_place_of(cause)
}
