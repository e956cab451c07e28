//! The list of what is in the keychain: `{"keychain": {REGISTRY: ACCOUNT}}`, without any secret, written as `config.json` is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::super::docker_config::{Edit, Written, blocking, update};
use crate::disk::Disk;
use crate::error::{Code, Error, Result};

const SECTION: &str = "keychain";

#[derive(Default, Deserialize)]
struct Index {
    #[serde(default)]
    keychain: BTreeMap<String, String>,
}

/// The account by the registry's identity.
pub(super) async fn read(path: PathBuf) -> Result<BTreeMap<String, String>> {
    blocking(move || match std::fs::read(&path) {
        Ok(text) if text.iter().all(u8::is_ascii_whitespace) => Ok(BTreeMap::new()),
        Ok(text) => {
            Ok(serde_json::from_slice::<Index>(&text).map_err(|problem| unusable(&path, problem))?.keychain)
        }
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(problem) => Err(unusable(&path, problem)),
    })
    .await
}

/// Sets or removes a registry's account; what the list said before.
pub(super) async fn set(path: PathBuf, key: String, account: Option<String>) -> Result<Option<String>> {
    let was = read(path.clone()).await?.remove(&key);
    if was == account {
        return Ok(was);
    }
    let edit = match account {
        Some(value) => Edit::Text { section: SECTION, key, value },
        None => Edit::Remove { section: SECTION, key },
    };
    match blocking(move || update(&path, &Disk::default(), |_| Ok(vec![edit]))).await? {
        Written::Done(_) => Ok(was),
        Written::ReadOnly(error) => Err(error),
    }
}

fn unusable(path: &std::path::Path, problem: impl std::error::Error) -> Error {
    let message =
        format!("`{}`, the list of what Longshore keeps in the keychain, can't be read", path.display());
    Error::new(Code::CredentialConfig, message)
        .with_hint("Remove the file and sign in again; the keychain itself is not touched")
        .with_source(problem.to_string())
}
