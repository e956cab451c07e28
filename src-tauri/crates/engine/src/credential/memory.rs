//! Credentials that live as long as the process: what was typed in for this session, and fixed ones in tests.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use oci::Registry;

use super::Credential;
use super::key::identity;

/// Credentials by registry. Clones share what they hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<Mutex<HashMap<String, Credential>>>);

impl Memory {
    pub(super) fn get(&self, registry: &Registry) -> Option<Credential> {
        self.with(|kept| kept.get(&identity(registry)).cloned())
    }

    pub(super) fn set(&self, registry: &Registry, credential: Credential) {
        self.with(|kept| kept.insert(identity(registry), credential));
    }

    pub(super) fn remove(&self, registry: &Registry) -> Option<Credential> {
        self.with(|kept| kept.remove(&identity(registry)))
    }

    /// The registries by identity, with their accounts.
    pub(super) fn accounts(&self) -> Vec<(String, Option<String>)> {
        let account = |credential: &Credential| credential.account().map(str::to_owned);
        self.with(|kept| kept.iter().map(|(key, credential)| (key.clone(), account(credential))).collect())
    }

    fn with<T>(&self, action: impl FnOnce(&mut HashMap<String, Credential>) -> T) -> T {
        // Each action is one call on the map: a panic elsewhere can't have left it half changed.
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
