//! Repositories over a content store: which repository has which tags, manifests and blobs (see the crate's docs for
//! how they are named there).
//!
//! What the store's index says is the truth, and it is read again when another process changed it. Only uploads and
//! mounts that no manifest needs yet are remembered here, until the server stops.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use engine::store::{ContentStore, Stamp};
use engine::{Code, Error, Result};
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MANIFEST_CAP, Node};
use oci::name::{Registry, RepositoryName};
use oci::reference::{Reference, Tag};

/// The registry's name in the store: no host, by RFC 6761.
pub const HOST: &str = "practice.invalid";

/// A valid repository path, `web` or `team/app`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryPath(String);

impl RepositoryPath {
    /// None for what distribution-spec's grammar of names does not take, or what is over 255 characters.
    pub fn parse(text: &str) -> Option<Self> {
        let registry = Registry::parse(HOST).expect("the name is a registry's");
        let name = RepositoryName::new(registry, text).ok()?;
        (name.path() == text && text.len() <= 255).then(|| Self(text.to_owned()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn name(&self) -> RepositoryName {
        let registry = Registry::parse(HOST).expect("the name is a registry's");
        RepositoryName::new(registry, &self.0).expect("it was parsed")
    }

    fn tagged(&self, tag: &Tag) -> Reference {
        Reference::new(self.name(), Some(tag.clone()), None)
    }

    fn digested(&self, digest: &Digest) -> Reference {
        Reference::new(self.name(), None, Some(digest.clone()))
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All repositories of a store, at one moment.
#[derive(Debug, Default)]
pub struct Catalog {
    /// By name, in the order of the spec's lists.
    pub repositories: BTreeMap<RepositoryPath, Repository>,
}

/// One repository at one moment.
#[derive(Debug, Default)]
pub struct Repository {
    /// What each tag stands for, in the order of the spec's lists.
    pub tags: BTreeMap<String, Descriptor>,
    /// Every manifest and index, by digest.
    pub manifests: BTreeMap<Digest, Descriptor>,
    needed: OnceLock<HashSet<Digest>>,
}

/// The repositories of a store, shared by all requests. Its methods block.
#[derive(Debug)]
pub struct Repositories {
    store: ContentStore,
    latest: Mutex<Option<(Stamp, Arc<Catalog>)>>,
    /// Parsed manifests: a digest's meaning never changes.
    nodes: Mutex<HashMap<Digest, Arc<Node>>>,
    /// Blobs that were uploaded or mounted.
    linked: Mutex<HashMap<RepositoryPath, HashSet<Digest>>>,
}

impl Repositories {
    /// The repositories in `store`.
    pub fn new(store: ContentStore) -> Self {
        Self { store, latest: Mutex::default(), nodes: Mutex::default(), linked: Mutex::default() }
    }

    /// The store below.
    pub fn store(&self) -> &ContentStore {
        &self.store
    }

    /// All of them, as the store is now.
    pub fn catalog(&self) -> Result<Arc<Catalog>> {
        let stamp = self.store.stamp()?;
        if let Some((known, catalog)) = &*lock(&self.latest)
            && *known == stamp
        {
            return Ok(catalog.clone());
        }
        let mut catalog = Catalog::default();
        let prefix = format!("{HOST}/");
        for image in self.store.images()? {
            let Some(name) = image.name.filter(|name| name.starts_with(&prefix)) else { continue };
            let Ok(name) = name.parse::<Reference>() else { continue };
            let Some(path) = RepositoryPath::parse(name.repository().path()) else { continue };
            let repository = catalog.repositories.entry(path).or_default();
            if let (Some(tag), None) = (name.tag(), name.digest()) {
                repository.tags.insert(tag.as_str().to_owned(), image.descriptor.clone());
            }
            repository.manifests.insert(image.descriptor.digest.clone(), image.descriptor);
        }
        let catalog = Arc::new(catalog);
        // The stamp was taken first: a change in between makes the next look read again.
        *lock(&self.latest) = Some((stamp, catalog.clone()));
        Ok(catalog)
    }

    /// A manifest or an index of this store, parsed. Its bytes are checked against the digest.
    pub fn node(&self, digest: &Digest) -> Result<Arc<Node>> {
        if let Some(node) = lock(&self.nodes).get(digest) {
            return Ok(node.clone());
        }
        let bytes = self.store.read(digest, MANIFEST_CAP)?;
        let node = Node::parse(&bytes, None)
            .map_err(|problem| Error::new(Code::ManifestInvalid, problem.to_string()).at_digest(digest))?;
        let node = Arc::new(node);
        lock(&self.nodes).insert(digest.clone(), node.clone());
        Ok(node)
    }

    /// The size in bytes of a blob that the repository has.
    pub fn blob(&self, path: &RepositoryPath, digest: &Digest) -> Result<Option<u64>> {
        let linked = lock(&self.linked).get(path).is_some_and(|linked| linked.contains(digest));
        if linked || self.is_needed(path, digest)? { self.store.blob_size(digest) } else { Ok(None) }
    }

    /// Whether a manifest of the repository needs the blob.
    pub fn is_needed(&self, path: &RepositoryPath, digest: &Digest) -> Result<bool> {
        let catalog = self.catalog()?;
        let Some(repository) = catalog.repositories.get(path) else { return Ok(false) };
        if let Some(needed) = repository.needed.get() {
            return Ok(needed.contains(digest));
        }
        let mut needed = HashSet::new();
        for manifest in repository.manifests.keys() {
            // A damaged manifest takes only its own blobs along.
            let Ok(node) = self.node(manifest) else { continue };
            let leaves = node.successors().into_iter().filter(|leaf| !is_document(leaf));
            needed.extend(leaves.map(|leaf| leaf.digest.clone()));
        }
        Ok(repository.needed.get_or_init(|| needed).contains(digest))
    }

    /// Gives the repository a blob that the store has.
    pub fn link(&self, path: &RepositoryPath, digest: &Digest) {
        lock(&self.linked).entry(path.clone()).or_default().insert(digest.clone());
    }

    /// Takes a blob that no manifest needs away from the repository. False if it had none.
    pub fn unlink(&self, path: &RepositoryPath, digest: &Digest) -> bool {
        lock(&self.linked).get_mut(path).is_some_and(|linked| linked.remove(digest))
    }

    /// Stores a manifest under its digest, and under a tag if there is one. Its blobs must be here.
    pub fn publish(&self, path: &RepositoryPath, tag: Option<&Tag>, root: &Descriptor) -> Result<()> {
        let by_digest = path.digested(&root.digest);
        let by_tag = tag.map(|tag| path.tagged(tag));
        let mut names = vec![(Some(&by_digest), root)];
        names.extend(by_tag.as_ref().map(|name| (Some(name), root)));
        self.store.publish_all(&names)?;
        self.forget();
        Ok(())
    }

    /// Deletes a tag; its manifest stays. False if there was none.
    pub fn remove_tag(&self, path: &RepositoryPath, tag: &Tag) -> Result<bool> {
        let removed = self.store.remove(&path.tagged(tag))?;
        self.forget();
        Ok(removed)
    }

    /// Deletes a manifest and every tag on it; its blobs stay in the repository. False if there was none.
    pub fn remove_manifest(&self, path: &RepositoryPath, digest: &Digest) -> Result<bool> {
        let catalog = self.catalog()?;
        let Some(repository) =
            catalog.repositories.get(path).filter(|found| found.manifests.contains_key(digest))
        else {
            return Ok(false);
        };
        let mut names = vec![path.digested(digest)];
        for (tag, _) in repository.tags.iter().filter(|(_, root)| root.digest == *digest) {
            names.extend(tag.parse().ok().map(|tag| path.tagged(&tag)));
        }
        let removed = self.store.remove_all(&names)? > 0;
        if let Ok(node) = self.node(digest) {
            for leaf in node.successors().into_iter().filter(|leaf| !is_document(leaf)) {
                self.link(path, &leaf.digest);
            }
        }
        self.forget();
        Ok(removed)
    }

    /// Our own changes count at once, even where two of them leave equal stamps.
    fn forget(&self) {
        *lock(&self.latest) = None;
    }
}

/// Whether a descriptor is a manifest's or an index's, which a repository has as such and not as a blob.
pub(crate) fn is_document(descriptor: &Descriptor) -> bool {
    let media_type = &descriptor.media_type;
    oci::media_type::is_manifest(media_type) || oci::media_type::is_index(media_type)
}

/// Every critical section here leaves its map whole, so a panic elsewhere in it changes nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
