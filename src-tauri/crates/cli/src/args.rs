//! What can be typed: verbs, options, and their help.

mod account;
mod archive;
mod import;
mod inside;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use oci::{Platform, Registry};

pub use self::account::{Accounts, Login, Logout, Place};
pub use self::archive::{Identify, Load, Save, SaveFormat, Squeeze};
pub use self::import::Import;
pub use self::inside::{Cat, Compress, Export, Files, Waste};

const EXIT_STATUSES: &str = "\
Exit status:
  0    done
  1    failed; stderr says what, why and what to do next
  2    usage: an unknown option, or one that is malformed
  130  cancelled with Ctrl-C; what a pull had fetched is kept

With no verb, Longshore opens its window.";

/// Explore registries and move container images, without a Docker daemon.
#[derive(Debug, Parser)]
#[command(name = "longshore", version, after_help = EXIT_STATUSES, disable_help_subcommand = true)]
pub struct Args {
    #[command(flatten)]
    pub shared: Shared,
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// The options of every verb.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Shared {
    /// Print JSON for programs: the result on stdout, an error on stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// The folder of the images [env: LONGSHORE_STORE] [default: ~/.local/share/longshore/store]
    #[arg(long, global = true, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// The folder of Docker's config.json, for accounts [env: DOCKER_CONFIG] [default: ~/.docker]
    #[arg(long, global = true, value_name = "DIR")]
    pub docker_config: Option<PathBuf>,
    /// Speak plain HTTP to this registry (repeatable; loopback addresses need no mark)
    #[arg(long, global = true, value_name = "HOST", value_parser = Registry::parse)]
    pub plain_http: Vec<Registry>,
    /// Let this token server have the account of any registry that names it (repeatable)
    #[arg(long, global = true, value_name = "HOST", value_parser = Registry::parse)]
    pub trust_realm: Vec<Registry>,
    /// Do not check the TLS certificate of this registry: whoever is on the way can read and change everything (repeatable)
    #[arg(long, global = true, value_name = "HOST", value_parser = Registry::parse, alias = "insecure-skip-tls-verify")]
    pub skip_tls_verify: Vec<Registry>,
    /// Trust the authorities of this PEM file, beside the system's (repeatable)
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// Read from this mirror of a registry first: `docker.io=https://mirror.example` (repeatable)
    #[arg(long, global = true, value_name = "HOST=URL", value_parser = mirror)]
    pub mirror: Vec<(Registry, String)>,
    /// Go through this proxy, or through `none` [env: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY]
    #[arg(long, global = true, value_name = "URL")]
    pub proxy: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Take a reference apart: what was typed, what is implied, what surprises
    Explain(Explain),
    /// Pull an image from its registry into the store
    Pull(Pull),
    /// Push an image of the store to the registry that its name says
    Push(Push),
    /// Copy an image between registries, the store, folders, files and container engines
    Copy(Copy),
    /// Save images into a file that `docker load`, Podman and OCI tools read
    Save(Save),
    /// Load images from a file of `docker save`, `podman save` or `longshore save`, or an OCI layout
    Load(Load),
    /// Say what a file is, why, and what to do with it
    Identify(Identify),
    /// Give an image of the store a second name
    Tag(Tag),
    /// List the images of the store
    Images(Images),
    /// Show what an image is and how it runs
    Inspect(Inspect),
    /// Show an image's layers, the newest on top
    Layers(Layers),
    /// List the files of an image: what a container sees, or what one layer has
    Files(Files),
    /// Print a file of an image
    Cat(Cat),
    /// Show what is stored and sent for nothing, as dive counts it
    Waste(Waste),
    /// Write an image's flattened filesystem as a tar
    Export(Export),
    /// Make an image of one layer of a flat filesystem, as `docker export` or `tar` writes it
    Import(Import),
    /// Remove images by name, digest or ID; `gc` then frees the space
    Rmi(Rmi),
    /// Delete what no image needs any more
    Gc(Gc),
    /// Sign in to a registry
    Login(Login),
    /// Sign out of a registry
    Logout(Logout),
    /// Show who is signed in where, or how the account for a registry is found
    Accounts(Accounts),
    /// List the tags of a repository
    Tags(Tags),
    /// List the repositories of a registry, where it tells
    Catalog(Catalog),
    /// List what refers to an image: signatures, SBOMs, attestations
    Referrers(Referrers),
    /// Delete images from their registry, after saying what would go with them
    Delete(Delete),
    /// Compare two images: layers, configs, platforms
    Diff(Diff),
    /// Show the TLS certificates of a registry, and trust one of them for it
    Certificates(Certificates),
    /// Serve a folder of images as a registry on this computer, until Ctrl-C
    Serve(Serve),
}

#[derive(Debug, clap::Args)]
pub struct Explain {
    /// Any text, such as `nginx` or `ghcr.io/owner/image:tag@sha256:…`
    // Also a text that begins with a hyphen: that is what is to be explained.
    #[arg(allow_hyphen_values = true)]
    pub input: String,
}

#[derive(Debug, clap::Args)]
pub struct Pull {
    /// The image: a name, with a tag, a digest, or both
    #[arg(value_name = "REFERENCE")]
    pub input: String,
    /// The platform to choose, as `linux/arm64` [default: this computer's]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Option<Platform>,
    /// Every platform that the image has
    #[arg(long, conflicts_with = "platform")]
    pub all_platforms: bool,
    /// Every tag of the repository
    #[arg(long, short = 'a')]
    pub all_tags: bool,
    /// List the files of its layers too, so that `files`, `cat` and `waste` answer at once
    #[arg(long)]
    pub index: bool,
    /// Print only the image's full name
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
}

#[derive(Debug, clap::Args)]
pub struct Push {
    /// The image's name in the store, which says where it goes
    #[arg(value_name = "REFERENCE")]
    pub input: String,
    /// Every tag of the repository that the store has
    #[arg(long, short = 'a')]
    pub all_tags: bool,
    /// Only this platform (repeatable) [default: those that are here]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Vec<Platform>,
    /// Only say what would be pushed, mounted and moved
    #[arg(long)]
    pub dry_run: bool,
    /// Print only the image's full name
    #[arg(long, short, conflicts_with_all = ["json", "dry_run"])]
    pub quiet: bool,
}

#[derive(Debug, clap::Args)]
pub struct Copy {
    /// docker://REFERENCE, store:REFERENCE, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or
    /// docker-daemon:REFERENCE
    pub source: String,
    /// docker://REFERENCE, store:REFERENCE, oci:DIR[:NAME], oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or
    /// docker-daemon:REFERENCE
    pub destination: String,
    /// Only this platform (repeatable) [default: all of them]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Vec<Platform>,
    /// Print only the digest
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
}

#[derive(Debug, clap::Args)]
pub struct Tag {
    /// The image: its name, digest or ID in the store
    pub source: String,
    /// The name that it gets too; one that is there moves
    pub destination: String,
}

#[derive(Debug, clap::Args)]
pub struct Images {
    /// Only images of this repository, or this name
    #[arg(value_name = "REFERENCE")]
    pub filter: Option<String>,
    /// Print only the image IDs
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Show whole digests
    #[arg(long, conflicts_with = "quiet")]
    pub digests: bool,
}

/// Which image, and where to look for it.
#[derive(Debug, clap::Args)]
pub struct Look {
    /// The image: a name, or of an image in the store also its digest or ID; store:NAME, docker://NAME, oci:DIR[:NAME],
    /// oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or docker-daemon:NAME says where it is
    #[arg(value_name = "REFERENCE")]
    pub input: String,
    /// The platform to look at [default: this computer's, or else the first that is there]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Option<Platform>,
    /// Look at the registry, whether the image is in the store or not
    #[arg(long)]
    pub remote: bool,
}

#[derive(Debug, clap::Args)]
pub struct Inspect {
    #[command(flatten)]
    pub look: Look,
    /// Print the manifest or index, byte for byte as it was received
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
}

#[derive(Debug, clap::Args)]
pub struct Layers {
    #[command(flatten)]
    pub look: Look,
}

#[derive(Debug, clap::Args)]
pub struct Rmi {
    /// Names, digests or image IDs
    #[arg(value_name = "REFERENCE", required = true)]
    pub inputs: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Gc {
    /// Only say what would be deleted
    #[arg(long)]
    pub dry_run: bool,
}

/// How a list of tags is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TagSort {
    /// By the version that they name, the newest first
    Version,
    /// By their text
    Name,
    /// As the registry has them
    Registry,
}

#[derive(Debug, clap::Args)]
pub struct Tags {
    /// The repository: a name without tag and digest
    #[arg(value_name = "REPOSITORY")]
    pub repository: String,
    /// Show digest, kind, platforms, size and age of each as well
    #[arg(long, short)]
    pub long: bool,
    /// The order
    #[arg(long, value_enum, default_value = "version")]
    pub sort: TagSort,
    /// Only tags that contain this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// The platform whose size and age are shown [default: the first of each]
    #[arg(long, value_name = "PLATFORM", value_parser = platform, requires = "long")]
    pub platform: Option<Platform>,
}

#[derive(Debug, clap::Args)]
pub struct Catalog {
    /// The registry's host, as `registry.example.com` or `localhost:5000`
    #[arg(value_name = "REGISTRY", value_parser = Registry::parse)]
    pub registry: Registry,
    /// Only repositories that contain this text
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Referrers {
    /// The image: a name, with a tag, a digest, or both; with `store:` before it, only the store is looked at
    #[arg(value_name = "REFERENCE")]
    pub input: String,
    /// Only what is of this type, as `application/spdx+json`
    #[arg(long, value_name = "TYPE")]
    pub artifact_type: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Delete {
    /// The images: names with a tag or a digest
    #[arg(value_name = "REFERENCE", required = true)]
    pub inputs: Vec<String>,
    /// Only say what would be deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Delete the tags alone and keep the manifests, where the registry can
    #[arg(long)]
    pub tag_only: bool,
    /// Let tags go that were not named and are on the same manifest
    #[arg(long, conflicts_with = "tag_only")]
    pub also_tags: bool,
    /// Let indexes that list a manifest stay without it
    #[arg(long, conflicts_with = "tag_only")]
    pub break_indexes: bool,
}

#[derive(Debug, clap::Args)]
pub struct Diff {
    /// The first image: a name, a digest or an ID; store:NAME, docker://NAME, oci:DIR[:NAME], oci-archive:FILE[:NAME],
    /// docker-archive:FILE[:NAME] or docker-daemon:NAME says where it is
    #[arg(value_name = "A")]
    pub a: String,
    /// The second image
    #[arg(value_name = "B")]
    pub b: String,
    /// The platform to compare [default: this computer's, or else the first that is there]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Option<Platform>,
    /// Compare what containers see, file by file, in place of layers and configs
    #[arg(long)]
    pub files: bool,
    /// The files of A as they are after this layer; 1 is the base [default: the last]
    #[arg(long, value_name = "N", requires = "files", value_parser = clap::value_parser!(u32).range(1..))]
    pub layer_a: Option<u32>,
    /// The files of B as they are after this layer
    #[arg(long, value_name = "N", requires = "files", value_parser = clap::value_parser!(u32).range(1..))]
    pub layer_b: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct Serve {
    /// The port of 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Refuse pushes and deletes
    #[arg(long)]
    pub read_only: bool,
    /// Put the practice images into the folder first
    #[arg(long)]
    pub practice: bool,
}

#[derive(Debug, clap::Args)]
pub struct Certificates {
    /// The registry, as `registry.example:5000`
    #[arg(value_name = "REGISTRY", value_parser = Registry::parse)]
    pub registry: Registry,
    /// Trust the one with this SHA-256 for this registry, from now on
    #[arg(long, value_name = "SHA256")]
    pub trust: Option<String>,
    /// Trust the one with this SHA-256 no longer
    #[arg(long, value_name = "SHA256", conflicts_with = "trust")]
    pub distrust: Option<String>,
}

/// `HOST=URL`.
fn mirror(text: &str) -> Result<(Registry, String), String> {
    let (host, url) = text.split_once('=').ok_or("write it as `docker.io=https://mirror.example`")?;
    let registry = Registry::parse(host).map_err(|problem| problem.to_string())?;
    engine::registry::host::Mirror::parse(url).map_err(|error| error.message().to_owned())?;
    Ok((registry, url.to_owned()))
}

fn platform(text: &str) -> Result<Platform, String> {
    text.parse::<Platform>().map_err(|problem| problem.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Args::command().debug_assert();
    }
}
