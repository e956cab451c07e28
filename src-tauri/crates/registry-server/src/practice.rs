//! The practice registry: a registry on this computer with sample images that show what images are made of.
//!
//! The images are made here, not shipped: the same bytes, so the same digests, on every computer and at every start.
//! What a person pushed, under whatever name, is left alone; a sample that is missing or damaged is made again.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread;

use engine::store::ContentStore;
use engine::{Code, Error, Result};
use oci::descriptor::Descriptor;
use oci::graph::{MANIFEST_CAP, Node};
use oci::reference::Reference;

use crate::repositories::{HOST, is_document};
use crate::{Options, RegistryServer};

mod config;
mod content;
mod image;
mod layer;
mod text;

use image::Recipe;

/// Marks the store's entries that are samples as we made them, and not a person's push under the same name.
const SAMPLE_ANNOTATION: &str = "dev.longshore.practice";

/// An image of the practice registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// `hello`
    pub repository: &'static str,
    /// `1.0`
    pub tag: &'static str,
    /// What it shows, in a few words.
    pub about: &'static str,
    /// The digest of its root, the same everywhere.
    pub digest: &'static str,
}

impl Sample {
    fn reference(&self) -> Reference {
        let name = format!("{HOST}/{}:{}", self.repository, self.tag);
        name.parse().expect("a sample's name is a reference")
    }
}

/// The samples in the order of the shelf.
pub fn shelf() -> &'static [Sample] {
    SHELF
}

const SHELF: &[Sample] = &[
    Sample {
        repository: "hello",
        tag: "1.0",
        about: "Smallest image",
        digest: "sha256:1c3f08579b47d45e76b712d34a8b88496180d45f7aa2d9a282b05fa4e6a3c7f8",
    },
    Sample {
        repository: "hello",
        tag: "1.1",
        about: "Same base, new top",
        digest: "sha256:f600ab45b917879be5e3ba40e7c7e3af9d6d1a9cc2cf4681479a68f61bf27b29",
    },
    Sample {
        repository: "web",
        tag: "2.0",
        about: "Three layers",
        digest: "sha256:6f4285de0777e5c3036a799c23559c4e02f67ce1ccb946188c47a833fd360e59",
    },
    Sample {
        repository: "web",
        tag: "2.1",
        about: "Only the top changed",
        digest: "sha256:4077b98b968e1b47197f91b4883279ce5e91953aa127c5ba1c0879fcbaba2439",
    },
    Sample {
        repository: "multi",
        tag: "1.0",
        about: "Three platforms",
        digest: "sha256:3a9bb989d0600d7646ab669d164c2219014b9d0ae8fa76e9b45210416f18037b",
    },
    Sample {
        repository: "files",
        tag: "1.0",
        about: "Changed and deleted files",
        digest: "sha256:1868b59a5777f5d3d090d060f0e18ddd3dd20ad7692d9584f27f6ffcf5b4857c",
    },
];

/// Serves the practice registry's store in `dir`, filled, from within a tokio runtime: on 127.0.0.1 and
/// `preferred_port`, or any free port if that is taken.
pub async fn start(dir: &Path, preferred_port: u16) -> Result<RegistryServer> {
    let dir = dir.to_owned();
    let filling = tokio::task::spawn_blocking(move || {
        let store = ContentStore::open(dir)?;
        // What interrupted uploads left; another program that serves the same directory keeps its own.
        let _ = store.gc_unless_busy(false)?;
        fill(&store)?;
        Ok::<_, Error>(store)
    });
    let store = filling.await.map_err(|error| {
        Error::new(Code::Internal, "filling the practice registry failed").with_source(error)
    })??;
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let options = |port| Options { address: address(port), ..Options::default() };
    match RegistryServer::start(store.clone(), options(preferred_port)).await {
        Err(error) if error.code() == Code::ConfigInvalid && preferred_port != 0 => {
            RegistryServer::start(store, options(0)).await
        }
        outcome => outcome,
    }
}

/// Makes the samples that `store` lacks. Quick where there are all of them.
pub fn fill(store: &ContentStore) -> Result<()> {
    let mut lacking = Vec::new();
    for sample in SHELF {
        if lacks(store, sample)? {
            lacking.push(sample);
        }
    }
    if lacking.is_empty() {
        return Ok(());
    }
    let _lease = store.lease()?;
    let recipe = bake(store)?;
    let mut names = Vec::new();
    for sample in lacking {
        let image = recipe.image(store, sample.repository, sample.tag)?;
        let repository = sample.reference().repository().clone();
        for manifest in image.children.iter().chain([&image.root]) {
            names.push((
                Reference::new(repository.clone(), None, Some(manifest.digest.clone())),
                manifest.clone(),
            ));
        }
        names.push((sample.reference(), image.root));
    }
    for (_, root) in &mut names {
        root.annotations.insert(SAMPLE_ANNOTATION.into(), "1".into());
    }
    let names: Vec<_> = names.iter().map(|(name, root)| (Some(name), root)).collect();
    store.publish_all(&names)?;
    Ok(())
}

/// Whether a sample has to be made: it is not there, or not whole, or an older program made it.
fn lacks(store: &ContentStore, sample: &Sample) -> Result<bool> {
    let Some(root) = store.resolve(&sample.reference())? else { return Ok(true) };
    if !root.annotations.contains_key(SAMPLE_ANNOTATION) {
        return Ok(false);
    }
    Ok(root.digest.as_str() != sample.digest || !is_whole(store, &root)?)
}

fn is_whole(store: &ContentStore, root: &Descriptor) -> Result<bool> {
    let mut documents = vec![root.clone()];
    while let Some(document) = documents.pop() {
        if store.blob_size(&document.digest)? != Some(document.size) {
            return Ok(false);
        }
        let Ok(bytes) = store.read(&document.digest, MANIFEST_CAP) else { return Ok(false) };
        let Ok(node) = Node::parse(&bytes, None) else { return Ok(false) };
        for part in node.successors() {
            if is_document(part) {
                documents.push(part.clone());
            } else if store.blob_size(&part.digest)? != Some(part.size) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Makes and stores every layer, several at once: making them is most of the work.
fn bake(store: &ContentStore) -> Result<Recipe> {
    let layers = thread::scope(|scope| {
        let baking: Vec<_> = content::LAYERS
            .iter()
            .map(|(name, tree)| {
                scope.spawn(move || layer::bake(store, name, &tree()).map(|layer| (*name, layer)))
            })
            .collect();
        let joined = baking.into_iter().map(|thread| {
            let failed = |_| Error::new(Code::Internal, "a layer could not be made");
            thread.join().map_err(failed).and_then(|layer| layer)
        });
        joined.collect::<Result<_>>()
    })?;
    Ok(Recipe::new(layers))
}
