//! What to say where an account is refused, or wanted.

use oci::name::Registry;

use crate::credential::Found;
use crate::error::{Code, Error};

pub(super) fn is_refusal(error: &Error) -> bool {
    matches!(error.code(), Code::AuthRequired | Code::AuthRefused)
}

pub(super) fn refused(registry: &Registry, account: &Found) -> Error {
    Error::new(Code::AuthRefused, format!("`{registry}` refuses the stored credential ({})", account.origin))
        .with_hint(format!("Sign in again: `longshore login {registry}`"))
}

/// The account is good, and what it asked for is not among its rights.
pub(super) fn not_allowed(registry: &Registry, account: &Found, writes: bool) -> Error {
    let may = if writes { "write" } else { "read" };
    let message = format!("the account on `{registry}` ({}) may not {may} there", account.origin);
    Error::new(Code::AuthRefused, message).with_hint(format!(
        "Ask for the right to {may}, or sign in with an account or a token that has it: `longshore login {registry}`"
    ))
}

pub(super) fn wants_account(registry: &Registry, cause: Error) -> Error {
    Error::new(Code::AuthRequired, format!("`{registry}` wants an account"))
        .with_hint(format!("Sign in: `longshore login {registry}`, or check the spelling of the name"))
        .in_place_of(cause)
}
