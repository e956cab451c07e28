//! What a request is about, for the remedies of its failure.

use super::{RegistryClient, Request, Scope};
use crate::error::{Action, Subject};

impl RegistryClient {
    /// What a request is about, as its path and its scopes say it.
    pub(super) fn subject(&self, request: &Request, scopes: &[Scope]) -> Subject {
        let path = request.url.path();
        let listed =
            ["/tags/list", "/_catalog"].iter().any(|end| path.ends_with(end)) || path.contains("/referrers/");
        let action = match scopes.first().and_then(|scope| scope.as_str().rsplit_once(':')) {
            None => Action::SignIn,
            Some(_) if listed => Action::List,
            Some((_, actions)) if actions.contains("delete") => Action::Delete,
            Some((_, actions)) if actions.contains("push") => Action::Push,
            Some(_) => Action::Pull,
        };
        let repository = scopes.first().and_then(|scope| {
            let (name, _) = scope.as_str().strip_prefix("repository:")?.rsplit_once(':')?;
            format!("{}/{name}", self.0.registry).parse().ok()
        });
        let selector = path.rsplit_once("/manifests/").map(|(_, selector)| selector.to_owned());
        Subject { registry: self.0.registry.clone(), repository, selector, action }
    }
}
