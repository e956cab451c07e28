//! What the page may know of failures, those of a command and those of a transfer alike: scrubbed of secrets, and with the
//! next steps of whoever is signed in.

use std::sync::{Arc, Mutex, PoisonError};

use engine::Error;
use engine::exchange::Redactor;
use oci::Registry;

use crate::wire::Fault;

/// Registries, each with the account that is in use there, where one is.
pub type Accounts = Vec<(Registry, Option<String>)>;

/// Clones know the same accounts.
#[derive(Clone, Default)]
pub struct Faults {
    redactor: Redactor,
    accounts: Arc<Mutex<Accounts>>,
}

impl Faults {
    /// Scrubs with this redactor; nobody is signed in yet.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, accounts: Arc::default() }
    }

    /// Keeps in mind who is signed in where, as it was last looked at.
    pub fn remember(&self, accounts: Accounts) {
        *self.accounts.lock().unwrap_or_else(PoisonError::into_inner) = accounts;
    }

    /// What the page may know of a failure.
    pub fn of(&self, error: &Error) -> Fault {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let registry = error.subject().map(|subject| subject.registry.identity().to_owned());
        let account = registry.and_then(|registry| {
            accounts.iter().find(|(known, _)| known.identity() == registry)?.1.as_deref()
        });
        Fault::new(error, &self.redactor, account)
    }
}
