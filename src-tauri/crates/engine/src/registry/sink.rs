//! A repository of a registry as the sink of a transfer.
//!
//! Invariants: the tag appears last, after everything that it needs; uploads that were begun and are not wanted any more
//! are ended. Deliberately absent: a lock on the tag, which no registry has; a push that comes between is noticed and
//! told (fault 128).

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::media_type;
use oci::name::RepositoryName;
use oci::reference::Reference;

use super::upload::{self, Mounting, Session};
use super::{RegistryClient, Scope};
use crate::endpoint::{Admission, Content, Document, ImageSink, Mounts};
use crate::error::{Code, Error, Result, Side};
use crate::job::{Job, TransferEvent};

/// How long the ends of uploads are waited for when a transfer is given up.
const LETTING_GO: Duration = Duration::from_millis(700);

/// One repository to push to.
pub struct RegistrySink {
    client: RegistryClient,
    repository: RepositoryName,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Uploads that were begun and have not ended, each with whether something is sent to it already.
    sessions: HashMap<Digest, (Session, bool)>,
    /// What the tag stood for when the transfer began.
    before: Option<Option<Digest>>,
}

impl RegistrySink {
    /// `repository` must be of the client's registry.
    pub fn new(client: RegistryClient, repository: RepositoryName) -> Self {
        Self { client, repository, state: Mutex::default() }
    }

    /// The client beneath.
    pub fn client(&self) -> &RegistryClient {
        &self.client
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the uploads")
    }

    /// The session that a mount left for the blob.
    fn waiting_session(&self, blob: &Digest) -> Option<Session> {
        let mut state = self.state();
        let (session, in_use) = state.sessions.get_mut(blob)?;
        (!std::mem::replace(in_use, true)).then(|| session.clone())
    }

    async fn mount(
        &self,
        blob: &Descriptor,
        from: &[RepositoryName],
        job: &Job,
    ) -> Result<Option<RepositoryName>> {
        for repository in from.iter().take(Mounts::TRIED) {
            if repository.registry() != self.repository.registry() || *repository == self.repository {
                continue;
            }
            match self.client.mount_blob(&self.repository, blob, repository, Some(job)).await? {
                Mounting::Done => {
                    let begun = self.state().sessions.remove(&blob.digest);
                    if let Some((session, _)) = begun {
                        self.client.cancel_upload(&self.repository, &session).await;
                    }
                    return Ok(Some(repository.clone()));
                }
                Mounting::Upload(session) => {
                    let older = self.state().sessions.insert(blob.digest.clone(), (session, false));
                    if let Some((older, _)) = older {
                        self.client.cancel_upload(&self.repository, &older).await;
                    }
                }
                Mounting::Refused => {}
            }
        }
        Ok(None)
    }

    fn check_name(&self, root: &Document, name: &Reference) -> Result<()> {
        let wrong = name.digest().filter(|digest| **digest != root.descriptor.digest);
        let Some(wrong) = wrong else { return Ok(()) };
        let why = format!("the image is `{}`, the destination names `{wrong}`", root.descriptor.digest);
        Err(Error::new(Code::ContentMismatch, why)
            .with_hint("Leave the digest out of the destination: the registry gives the image the digest that it has")
            .at_digest(wrong))
    }
}

#[async_trait]
impl ImageSink for RegistrySink {
    async fn prepare(&self, name: Option<&Reference>, job: &Job) -> Result<()> {
        let Some(name) = name.filter(|name| name.tag().is_some()) else { return Ok(()) };
        let before = self.client.tag_digest(name, Some(job)).await?;
        self.state().before = Some(before);
        Ok(())
    }

    /// What its publisher alone may distribute stays there, as with Docker and crane: the manifest says where that is.
    fn takes(&self, blob: &Descriptor) -> bool {
        blob.urls.is_empty() || !media_type::is_foreign_layer(&blob.media_type)
    }

    async fn admit(&self, blob: &Descriptor, mount_from: &[RepositoryName], job: &Job) -> Result<Admission> {
        let scope = Scope::push(&self.repository);
        if self.client.has_blob(&self.repository, blob, &scope, Some(job)).await? {
            return Ok(Admission::Present);
        }
        Ok(match self.mount(blob, mount_from, job).await? {
            Some(from) => Admission::Mounted { from },
            None => Admission::Wanted { have: 0 },
        })
    }

    async fn write(&self, content: &Content) -> Result<()> {
        let digest = content.descriptor().digest.clone();
        let session = self.waiting_session(&digest);
        let note = |session: &Session| {
            self.state().sessions.insert(digest.clone(), (session.clone(), true));
        };
        upload::send(&self.client, &self.repository, content, session, note).await?;
        self.state().sessions.remove(&digest);
        Ok(())
    }

    async fn has_document(&self, descriptor: &Descriptor, job: &Job) -> Result<bool> {
        let name = Reference::new(self.repository.clone(), None, Some(descriptor.digest.clone()));
        match self.client.manifest_descriptor(&name, Some(job)).await {
            Ok(found) => Ok(found.digest == descriptor.digest),
            Err(error) if error.code() == Code::NotFound => Ok(false),
            Err(error) => Err(error.on_side(Side::Sink)),
        }
    }

    async fn document(&self, document: &Document, job: &Job) -> Result<()> {
        self.client.put_manifest(&self.repository, document, None, Some(job)).await
    }

    async fn publish(&self, root: &Document, name: Option<&Reference>, job: &Job) -> Result<Option<Digest>> {
        let Some((name, tag)) = name.and_then(|name| Some((name, name.tag()?))) else {
            if let Some(name) = name {
                self.check_name(root, name)?;
            }
            self.client.put_manifest(&self.repository, root, None, Some(job)).await?;
            return Ok(None);
        };
        self.check_name(root, name)?;
        let now = self.client.tag_digest(name, Some(job)).await?;
        let before = self.state().before.clone();
        if let Some(before) =
            before.filter(|before| *before != now && now.as_ref() != Some(&root.descriptor.digest))
        {
            job.emit(TransferEvent::Warned { message: moved_meanwhile(name, before.as_ref(), now.as_ref()) });
        }
        self.client.put_manifest(&self.repository, root, Some(tag), Some(job)).await?;
        Ok(now)
    }

    async fn abandon(&self) {
        let sessions: Vec<Session> = self.state().sessions.drain().map(|(_, (session, _))| session).collect();
        let ends = sessions.iter().map(|session| self.client.cancel_upload(&self.repository, session));
        let _ = tokio::time::timeout(LETTING_GO, join_all(ends)).await;
    }

    fn parallelism(&self) -> NonZeroUsize {
        const { NonZeroUsize::new(8).expect("eight is not zero") }
    }

    /// A registry that is near hashes as fast as it can: of many blobs at once the largest would be left alone at the end,
    /// with all of its cores but one idle.
    fn few(&self) -> NonZeroUsize {
        const { NonZeroUsize::new(2).expect("two is not zero") }
    }
}

fn moved_meanwhile(name: &Reference, before: Option<&Digest>, now: Option<&Digest>) -> String {
    let name = name.familiar();
    let was = before.map_or_else(|| "did not exist".to_owned(), |digest| format!("was `{digest}`"));
    match now {
        Some(now) => format!(
            "another push moved `{name}` meanwhile: it {was} when this push began and became `{now}`, which this push replaces"
        ),
        None => format!("`{name}` was deleted meanwhile: it {was} when this push began"),
    }
}
