//! A further tag for what a registry has, without pulling it: the manifest's bytes are fetched and put under the new
//! name, unchanged, so the digest stays. A tag that stands for something else is moved only where that is asked for.

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::reference::{Reference, Tag};

use super::RegistryClient;
use crate::endpoint::Document;
use crate::error::{Code, Result};
use crate::job::Job;

/// What came of it.
#[derive(Clone, Debug)]
pub struct Retagged {
    /// What the new tag is to stand for.
    pub descriptor: Descriptor,
    /// What it stood for before.
    pub previous: Option<Digest>,
    /// Whether it stands for it now; false where that would have moved the tag.
    pub done: bool,
}

impl RegistryClient {
    /// Gives what `from` stands for the tag `to` in the same repository. Where `to` stands for something else, it is
    /// moved if `replace` says so; else nothing is changed and [`Retagged::done`] is false.
    ///
    /// # Errors
    /// [`Code::NotFound`] where there is no `from`; [`Code::ContentMismatch`] where the registry stored other bytes;
    /// whatever authorization and transport give.
    pub async fn retag(
        &self,
        from: &Reference,
        to: &Tag,
        replace: bool,
        job: Option<&Job>,
    ) -> Result<Retagged> {
        let manifest = self.manifest(from.repository(), &from.manifest_selector(), job).await?;
        let target = Reference::new(from.repository().clone(), Some(to.clone()), None);
        let previous = match self.manifest_descriptor(&target, job).await {
            Ok(found) => Some(found.digest),
            Err(error) if error.code() == Code::NotFound => None,
            Err(error) => return Err(error),
        };
        let descriptor = manifest.descriptor.clone();
        let same = previous.as_ref() == Some(&descriptor.digest);
        if same || previous.is_some() && !replace {
            return Ok(Retagged { descriptor, previous, done: same });
        }
        let document = Document { descriptor: descriptor.clone(), bytes: manifest.bytes };
        self.put_manifest(from.repository(), &document, Some(to), job).await?;
        Ok(Retagged { descriptor, previous, done: true })
    }
}
