//! The list of what is about a manifest, where the registry keeps none itself: an index under the tag `ALG-HEX` of that
//! manifest's digest, which whoever pushes keeps up to date (distribution-spec, "Referrers Tag Schema").

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, Node};
use oci::media_type;
use oci::name::RepositoryName;
use oci::reference::Tag;
use serde_json::{Map, Value, json};

use super::super::RegistryClient;
use super::super::referrer::{fallback_tag, list_entry};
use crate::endpoint::Document;
use crate::error::{Code, Error, Result};
use crate::job::Job;

/// The tag is read, changed and written by whoever pushes: what another wrote between is looked for so often.
const TRIES: u32 = 3;

impl RegistryClient {
    /// Enters a manifest that has a subject into that one's fallback tag, unless it is there.
    ///
    /// # Errors
    /// [`Code::RegistryRefused`] where the tag is something else, or others keep changing it.
    pub(super) async fn list_referrer(
        &self,
        repository: &RepositoryName,
        document: &Document,
        node: &Node,
        job: Option<&Job>,
    ) -> Result<()> {
        let Some(subject) = node.subject() else { return Ok(()) };
        let tag = fallback_tag(&subject.digest);
        // One at a time here; between programs the look afterwards must do.
        let _alone = self.alone_with_referrers().await;
        for _ in 0..TRIES {
            let list = self.fallback_list(repository, &tag, job).await?;
            let Some(changed) = with_entry(list, entry(document, node)) else { return Ok(()) };
            let bytes = serde_json::to_vec(&changed).expect("JSON that was just read or made");
            if bytes.len() as u64 > MANIFEST_CAP {
                return Err(unlisted(repository, &tag, "is full: no registry takes a longer list"));
            }
            let digest = Digest::sha256(&bytes);
            let descriptor = Descriptor::new(media_type::OCI_INDEX, digest, bytes.len() as u64);
            let index = Document { descriptor, bytes: bytes.into() };
            Box::pin(self.put_manifest(repository, &index, Some(&tag), job)).await?;
        }
        let list = self.fallback_list(repository, &tag, job).await?;
        match with_entry(list, entry(document, node)) {
            None => Ok(()),
            Some(_) => Err(unlisted(repository, &tag, "is changed by others all the time")),
        }
    }

    async fn fallback_list(
        &self,
        repository: &RepositoryName,
        tag: &Tag,
        job: Option<&Job>,
    ) -> Result<Map<String, Value>> {
        let found = match self.manifest(repository, tag.as_str(), job).await {
            Ok(found) => found,
            Err(error) if error.code() == Code::NotFound => return Ok(empty_list()),
            Err(error) => return Err(error),
        };
        let is_index =
            matches!(Node::parse(&found.bytes, Some(&found.descriptor.media_type)), Ok(Node::Index(_)));
        match serde_json::from_slice(&found.bytes) {
            Ok(Value::Object(list)) if is_index => Ok(list),
            _ => Err(unlisted(repository, tag, "is no list of referrers")),
        }
    }
}

fn empty_list() -> Map<String, Value> {
    let list = json!({ "schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": [] });
    match list {
        Value::Object(list) => list,
        _ => unreachable!("it was written as an object"),
    }
}

/// What the list says of a manifest, as JSON.
fn entry(document: &Document, node: &Node) -> Value {
    let Descriptor { media_type, digest, size, artifact_type, annotations, .. } =
        list_entry(&document.descriptor, node);
    let mut entry = json!({ "mediaType": media_type, "digest": digest.as_str(), "size": size });
    if let Some(kind) = artifact_type {
        entry["artifactType"] = json!(kind);
    }
    if !annotations.is_empty() {
        entry["annotations"] = json!(annotations);
    }
    entry
}

/// The list with one entry more; none where it has it. What others wrote into it stays as it is.
fn with_entry(mut list: Map<String, Value>, entry: Value) -> Option<Map<String, Value>> {
    let entries = list.entry("manifests").or_insert_with(|| json!([]));
    if !entries.is_array() {
        *entries = json!([]);
    }
    let entries = entries.as_array_mut()?;
    if entries.iter().any(|known| known["digest"] == entry["digest"]) {
        return None;
    }
    entries.push(entry);
    Some(list)
}

fn unlisted(repository: &RepositoryName, tag: &Tag, why: &str) -> Error {
    let message = format!("the referrers' tag `{tag}` of `{repository}` {why}");
    Error::new(Code::RegistryRefused, message)
        .with_hint("The manifest itself is there, by its digest; push it again once the tag is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_added_once_and_the_rest_stays() {
        let mut list = empty_list();
        list.insert("annotations".to_owned(), json!({ "kept": "yes" }));
        let one = json!({ "digest": "sha256:1" });
        let list = with_entry(list, one.clone()).unwrap();
        assert_eq!(list["annotations"], json!({ "kept": "yes" }));
        let list = with_entry(list, json!({ "digest": "sha256:2" })).unwrap();
        assert_eq!(list["manifests"].as_array().unwrap().len(), 2);
        assert_eq!(with_entry(list, one), None);
    }
}
