//! Where answers send us: which redirects are followed, and with what.
//!
//! Invariants: an authorization stays with its origin; https never becomes http; a public registry can't send us to a
//! private address.

use http::header::LOCATION;
use url::Url;

use super::{Answer, Http, Request, host_of, same_origin};
use crate::error::{Code, Error, Result};
use crate::exchange::Role;
use crate::job::Job;

/// How many redirects are followed.
const REDIRECTS: usize = 5;

impl Http {
    pub(super) async fn follow(&self, request: &Request, job: Option<&Job>) -> Result<Answer> {
        let mut url = request.url.clone();
        let mut role = request.role;
        for _ in 0..=REDIRECTS {
            // The origin rule: scheme, host and port all equal, or no authorization.
            let authorization = request.authorization.as_ref().filter(|_| same_origin(&url, &request.url));
            let answer = self.once(request, &url, role, authorization, job).await?;
            let Some(location) = redirect_of(&answer).filter(|_| request.follow) else { return Ok(answer) };
            let target = self.redirect_target(&answer, location, &url, request)?;
            answer.body.note(if same_origin(&target, &url) {
                "go elsewhere on this host"
            } else {
                "go to the CDN"
            });
            if !same_origin(&target, &request.url) && role == Role::Registry {
                role = Role::Cdn;
            }
            url = target;
        }
        Err(Error::new(
            Code::RedirectRefused,
            format!("`{}` redirects more than {REDIRECTS} times", host_of(&request.url)),
        )
        .with_hint(
            "The registry or a proxy in front of it is misconfigured; try again later or ask its operator",
        ))
    }

    /// Where an answer to `request` sends what comes next of an upload; `None` where it says nothing.
    ///
    /// # Errors
    /// [`Code::RedirectRefused`], as for a redirect.
    pub(crate) fn upload_location(&self, answer: &Answer, request: &Request) -> Result<Option<Url>> {
        let Some(location) = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
            return Ok(None);
        };
        let from = &answer.url;
        if let Ok(mut target) = from.join(location)
            && (from.scheme(), target.scheme()) == ("https", "http")
            && target.host() == from.host()
        {
            // The proxy in front did not tell the registry that it speaks TLS. It is the same place.
            let moved = target.set_scheme("https").and_then(|()| target.set_port(from.port()));
            if moved.is_ok() {
                return Ok(Some(target));
            }
        }
        self.redirect_target(answer, location, from, request).map(Some)
    }

    fn redirect_target(&self, answer: &Answer, location: &str, from: &Url, request: &Request) -> Result<Url> {
        let refuse = |why: String, hint: &str| {
            answer.body.failed(&why);
            Error::new(Code::RedirectRefused, why).with_hint(hint).at_exchange(answer.body.exchange())
        };
        let misconfigured = "The registry or a proxy in front of it is misconfigured; ask its operator";
        let target = from.join(location).map_err(|_| {
            refuse(format!("`{}` redirects to something that is no URL", host_of(from)), misconfigured)
        })?;
        if !matches!(target.scheme(), "http" | "https") || target.host_str().is_none() {
            let why = format!("`{}` redirects to the scheme `{}`", host_of(from), target.scheme());
            return Err(refuse(why, misconfigured));
        }
        if from.scheme() == "https" && target.scheme() == "http" {
            let why =
                format!("`{}` redirects from https to plain http on `{}`", host_of(from), host_of(&target));
            let hint = "Longshore does not follow it: what comes over plain http can be changed on the way";
            return Err(refuse(why, hint));
        }
        if !request.from_private && self.0.options.network.names_private(&target) {
            let why = format!("`{}` redirects to the private address `{}`", host_of(from), host_of(&target));
            return Err(refuse(why, "A public registry has no business there; Longshore does not follow it"));
        }
        Ok(target)
    }
}

fn redirect_of(answer: &Answer) -> Option<&str> {
    let follows = [301, 302, 303, 307, 308];
    follows.contains(&answer.status.as_u16()).then(|| answer.headers.get(LOCATION)?.to_str().ok()).flatten()
}
