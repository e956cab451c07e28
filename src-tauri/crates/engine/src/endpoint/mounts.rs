//! Where blobs may be taken over from, instead of being uploaded once more.

use std::collections::HashMap;

use oci::digest::Digest;
use oci::name::RepositoryName;

/// Repositories that may have blobs: guesses, which the registry confirms or not. Only those of the sink's own registry
/// are of use there.
#[derive(Clone, Debug, Default)]
pub struct Mounts {
    everything: Vec<RepositoryName>,
    by_blob: HashMap<Digest, Vec<RepositoryName>>,
}

impl Mounts {
    /// No more of them are tried for one blob: each is a request.
    pub const TRIED: usize = 3;

    /// None.
    pub fn none() -> Self {
        Self::default()
    }

    /// These may have any of the blobs.
    pub fn any_of(repositories: impl IntoIterator<Item = RepositoryName>) -> Self {
        let mut mounts = Self::default();
        for repository in repositories {
            if !mounts.everything.contains(&repository) {
                mounts.everything.push(repository);
            }
        }
        mounts
    }

    /// This one may have this blob.
    pub fn add(&mut self, blob: &Digest, repository: &RepositoryName) {
        let known = self.by_blob.entry(blob.clone()).or_default();
        if !known.contains(repository) {
            known.push(repository.clone());
        }
    }

    /// Those to try for a blob, the likeliest first: never `destination` itself, nor another registry's, at most
    /// [`Mounts::TRIED`].
    pub fn of(&self, blob: &Digest, destination: &RepositoryName) -> Vec<RepositoryName> {
        let known = self.by_blob.get(blob).into_iter().flatten().chain(&self.everything);
        let mut chosen: Vec<RepositoryName> = Vec::new();
        for repository in known {
            let fits = repository.registry() == destination.registry() && repository != destination;
            if fits && !chosen.contains(repository) && chosen.len() < Self::TRIED {
                chosen.push(repository.clone());
            }
        }
        chosen
    }

    /// All that may have a blob, whatever registry they are of.
    pub fn all_of(&self, blob: &Digest) -> Vec<RepositoryName> {
        self.by_blob.get(blob).into_iter().flatten().chain(&self.everything).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_other_repositories_of_the_same_registry_are_tried() {
        let name = |text: &str| text.parse::<RepositoryName>().unwrap();
        let (blob, other) = (Digest::sha256(b"a"), Digest::sha256(b"b"));
        let mut mounts =
            Mounts::any_of([name("r.test/base"), name("elsewhere.test/base"), name("r.test/base")]);
        mounts.add(&blob, &name("r.test/team/app"));
        mounts.add(&blob, &name("r.test/mine"));
        let tried = mounts.of(&blob, &name("r.test/mine"));
        assert_eq!(
            tried,
            [name("r.test/team/app"), name("r.test/base")],
            "what is known of the blob comes first"
        );
        assert_eq!(mounts.of(&other, &name("r.test/mine")), [name("r.test/base")]);
        for number in 0..9 {
            mounts.add(&other, &name(&format!("r.test/copy-{number}")));
        }
        assert_eq!(mounts.of(&other, &name("r.test/mine")).len(), Mounts::TRIED);
    }
}
