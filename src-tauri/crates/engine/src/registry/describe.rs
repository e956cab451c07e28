//! Facts about tags, for tables: what each stands for, its platforms, its size, its age.
//!
//! A tag is looked up each time, by a HEAD; what a digest stands for never changes and is remembered. At most
//! [`AT_ONCE`] are looked at at a time, whoever asks. Where the registry counts GETs of manifests (Docker Hub), the
//! facts that need one are fetched only while more than half of the limit is left: a list must not use up the pulls.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::StreamExt;
use futures_util::stream;
use oci::artifact::Kind;
use oci::config::ImageConfig;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::graph::{MAX_INDEX_DEPTH, Node};
use oci::index::Index;
use oci::manifest::Manifest;
use oci::media_type;
use oci::name::RepositoryName;
use oci::platform::Platform;
use oci::reference::{Reference, Tag};
use tokio::sync::Semaphore;

use super::{RegistryClient, Scope, refusal};
use crate::error::{Code, Error, Result};
use crate::exchange::Purpose;
use crate::job::Job;

/// How many tags are looked at at a time.
pub const AT_ONCE: usize = 6;
/// What so many digests stand for is remembered.
const REMEMBERED: usize = 4096;
/// A config larger than this is not read for a list, bytes.
const CONFIG_CAP: u64 = 1 << 20;
const CREATED: &str = "org.opencontainers.image.created";

/// What a tag stands for.
#[derive(Clone, Debug)]
pub struct TagFacts {
    /// Media type, digest and size of the manifest or the index.
    pub descriptor: Descriptor,
    /// What its content says; none where it was left unasked to save the registry's limit.
    pub details: Option<Arc<Details>>,
}

/// What a digest stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// What it is.
    pub kind: Kind,
    /// Its artifact type, where it is no image.
    pub artifact_type: Option<String>,
    /// The platforms that it has, in the index's order; none where it does not say.
    pub platforms: Vec<Platform>,
    /// The platform that `size` and `created` are of.
    pub platform: Option<Platform>,
    /// Bytes of config and layers as they are transferred; none for an index without an image.
    pub size: Option<u64>,
    /// When it was made, as the config or an annotation says.
    pub created: Option<String>,
}

/// What one client remembers of digests.
pub(super) struct Facts {
    turns: Semaphore,
    known: Mutex<Known>,
}

type Key = (Digest, Option<Platform>);

#[derive(Default)]
struct Known {
    details: HashMap<Key, Arc<Details>>,
    /// The oldest first.
    order: VecDeque<Key>,
}

impl Default for Facts {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), known: Mutex::default() }
    }
}

impl Facts {
    fn get(&self, key: &Key) -> Option<Arc<Details>> {
        self.lock().details.get(key).cloned()
    }

    fn keep(&self, key: Key, details: Arc<Details>) {
        let mut known = self.lock();
        if known.details.insert(key.clone(), details).is_none() {
            known.order.push_back(key);
        }
        if known.order.len() > REMEMBERED
            && let Some(oldest) = known.order.pop_front()
        {
            known.details.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("no code panics while it holds the facts")
    }
}

impl RegistryClient {
    /// What a tag stands for. Of an index, size and date are those of the platform `wanted`, else of the first.
    ///
    /// # Errors
    /// [`Code::NotFound`]; [`Code::Cancelled`]; whatever authorization and transport give. What is odd in the content
    /// is no error: what can't be read is left out.
    pub async fn describe(
        &self,
        repository: &RepositoryName,
        tag: &Tag,
        wanted: Option<&Platform>,
        job: Option<&Job>,
    ) -> Result<TagFacts> {
        let name = Reference::new(repository.clone(), Some(tag.clone()), None);
        self.describe_name(&name, wanted, job).await
    }

    /// Describes many tags; `each` gets them in order, by their place in `tags`.
    ///
    /// # Errors
    /// [`Code::Cancelled`]; the failure of one tag goes to `each`, and the others go on.
    pub async fn describe_each(
        &self,
        repository: &RepositoryName,
        tags: &[Tag],
        wanted: Option<&Platform>,
        job: Option<&Job>,
        mut each: impl FnMut(usize, Result<TagFacts>),
    ) -> Result<()> {
        let described = tags.iter().map(|tag| self.describe(repository, tag, wanted, job));
        let mut described = stream::iter(described).buffered(AT_ONCE).enumerate();
        while let Some((at, facts)) = described.next().await {
            if job.is_some_and(Job::is_cancelled) {
                return Err(Error::cancelled());
            }
            each(at, facts);
        }
        Ok(())
    }

    /// As [`RegistryClient::describe`], of a tag or a digest.
    ///
    /// # Errors
    /// As [`RegistryClient::describe`].
    pub async fn describe_name(
        &self,
        name: &Reference,
        wanted: Option<&Platform>,
        job: Option<&Job>,
    ) -> Result<TagFacts> {
        let turn = async { Ok(self.0.facts.turns.acquire().await.expect("the turns are never closed")) };
        let _turn = Job::run_if_any(job, turn).await?;
        let descriptor = self.manifest_descriptor(name, job).await?;
        let key = (descriptor.digest.clone(), wanted.cloned());
        if let Some(details) = self.0.facts.get(&key) {
            return Ok(TagFacts { descriptor, details: Some(details) });
        }
        if !self.may_spend() {
            return Ok(TagFacts { descriptor, details: None });
        }
        let details = Arc::new(self.details(name.repository(), &descriptor, wanted, job).await?);
        self.0.facts.keep(key, details.clone());
        Ok(TagFacts { descriptor, details: Some(details) })
    }

    /// Whether GETs of manifests may be spent on a list.
    fn may_spend(&self) -> bool {
        self.rate_limit().is_none_or(|limit| limit.remaining.saturating_mul(2) > limit.limit)
    }

    async fn details(
        &self,
        repository: &RepositoryName,
        root: &Descriptor,
        wanted: Option<&Platform>,
        job: Option<&Job>,
    ) -> Result<Details> {
        let mut details = Details {
            kind: Kind::Artifact,
            artifact_type: None,
            platforms: Vec::new(),
            platform: None,
            size: None,
            created: None,
        };
        let Some(mut node) = self.node(repository, &root.digest, job).await? else { return Ok(details) };
        details.kind = Kind::of(&node);
        details.artifact_type = node.artifact_type().map(str::to_owned);
        for _ in 0..MAX_INDEX_DEPTH {
            let Node::Index(index) = &node else { break };
            if details.platforms.is_empty() {
                let known = index.platforms().into_iter().filter_map(|(_, platform)| platform);
                details.platforms = known.filter(|platform| !platform.is_unknown()).cloned().collect();
            }
            details.created = details.created.or_else(|| index.annotations.get(CREATED).cloned());
            let Some(chosen) = chosen(index, wanted) else { return Ok(details) };
            details.platform.clone_from(&chosen.platform);
            let below = match self.node(repository, &chosen.digest, job).await {
                Ok(below) => below,
                // An index may list what was never pushed: the rest of it is still to be told.
                Err(error) if error.code() == Code::NotFound => None,
                Err(error) => return Err(error),
            };
            let Some(below) = below else { return Ok(details) };
            node = below;
        }
        if let Node::Manifest(manifest) = &node {
            self.of_manifest(repository, manifest, &mut details, job).await?;
        }
        Ok(details)
    }

    async fn of_manifest(
        &self,
        repository: &RepositoryName,
        manifest: &Manifest,
        details: &mut Details,
        job: Option<&Job>,
    ) -> Result<()> {
        details.size = Some(manifest.transfer_size());
        let told = manifest.annotations.get(CREATED).cloned();
        if !manifest.is_image() {
            details.created = told.or(details.created.take());
            return Ok(());
        }
        let Some(config) = self.config(repository, &manifest.config, job).await? else { return Ok(()) };
        details.created = config.created.clone().or(told).or(details.created.take());
        let platform = config.platform();
        if details.platform.is_none() && !platform.is_unknown() {
            if details.platforms.is_empty() {
                details.platforms.push(platform.clone());
            }
            details.platform = Some(platform);
        }
        Ok(())
    }

    /// A document; none where it is nothing that can be understood.
    async fn node(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        job: Option<&Job>,
    ) -> Result<Option<Node>> {
        let manifest = self.manifest(repository, digest.as_str(), job).await?;
        Ok(Node::parse(&manifest.bytes, Some(&manifest.descriptor.media_type)).ok())
    }

    /// An image's config; none where it is too large, not there, or not what its digest says.
    async fn config(
        &self,
        repository: &RepositoryName,
        config: &Descriptor,
        job: Option<&Job>,
    ) -> Result<Option<ImageConfig>> {
        if config.size > CONFIG_CAP || !media_type::is_config(&config.media_type) {
            return Ok(None);
        }
        let purpose =
            Purpose::new("config", "Longshore asks for the image's config: it says when it was made.");
        let path = format!("/v2/{}/blobs/{}", repository.path(), config.digest);
        let request = self.request(&path, purpose)?;
        let (answer, bytes) =
            self.call_and_read(request, &[Scope::pull(repository)], CONFIG_CAP, job).await?;
        if answer.status.as_u16() == 404 {
            return Ok(None);
        }
        if !answer.status.is_success() {
            let object = format!("config `{}` of `{repository}`", config.digest);
            return Err(refusal(answer, &object, self.http().log().redactor()).await);
        }
        let is_it = Digest::of(config.digest.algorithm(), &bytes) == config.digest;
        Ok(if is_it { ImageConfig::parse(&bytes).ok().map(|(config, _)| config) } else { None })
    }
}

/// The entry whose size an index shows: that of the platform, else the first image.
fn chosen<'a>(index: &'a Index, wanted: Option<&Platform>) -> Option<&'a Descriptor> {
    let first = || index.platforms().into_iter().next().map(|(entry, _)| entry);
    wanted.and_then(|wanted| index.choose(wanted)).or_else(first)
}
