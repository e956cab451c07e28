//! The sentences of [`explain`](crate::explain::explain): what each part of a reference is, for a person who sees
//! one for the first time. Values stand in backticks.

use crate::explain::Presence;
use crate::name::{LIBRARY, RepositoryName};
use crate::reference::Reference;
use crate::registry::HUB;

/// The services that a host's name gives away.
enum Service<'a> {
    Hub,
    GitHub,
    Amazon { account: &'a str, region: &'a str },
    AmazonPublic,
    Azure { name: &'a str },
    GoogleContainer,
    GoogleArtifact { place: &'a str },
    Quay,
    GitLab,
    ThisComputer,
    Other,
}

fn service(name: &RepositoryName) -> Service<'_> {
    let registry = name.registry();
    let host = registry.identity();
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        _ if registry.is_docker_hub() => Service::Hub,
        _ if registry.is_loopback() => Service::ThisComputer,
        ["ghcr", "io"] => Service::GitHub,
        ["quay", "io"] => Service::Quay,
        ["registry", "gitlab", "com"] => Service::GitLab,
        ["public", "ecr", "aws"] => Service::AmazonPublic,
        [account, "dkr", "ecr" | "ecr-fips", region, "amazonaws", "com"]
        | [account, "dkr", "ecr" | "ecr-fips", region, "amazonaws", "com", "cn"] => {
            Service::Amazon { account, region }
        }
        [name, "azurecr", "io" | "us" | "cn"] => Service::Azure { name },
        ["gcr", "io"] | [_, "gcr", "io"] => Service::GoogleContainer,
        [place, "pkg", "dev"] if place.ends_with("-docker") => {
            Service::GoogleArtifact { place: place.trim_end_matches("-docker") }
        }
        _ => Service::Other,
    }
}

pub(crate) fn registry(name: &RepositoryName, presence: Presence) -> String {
    match presence {
        Presence::Implied => {
            "The host that keeps the image. You typed none, so Docker Hub is meant. A first part with \
             a dot, a colon or the name `localhost` would be read as a host."
                .to_owned()
        }
        Presence::Absent => {
            let first = name.path().split('/').next().unwrap_or_default();
            format!(
                "None. `{first}` has a dot as a host has, but an underscore too, which no host has: so all of it is \
                 read as a path, and nothing says where the image is kept. It can't be fetched by this name."
            )
        }
        Presence::Typed => typed_registry(name),
    }
}

fn typed_registry(name: &RepositoryName) -> String {
    let registry = name.registry();
    let about = match service(name) {
        Service::Hub if registry.as_str() == HUB => {
            format!("This is Docker Hub, which you may leave out. Requests go to `{}`.", registry.api_host())
        }
        Service::Hub => format!("This is the address of Docker Hub, whose name in references is `{HUB}`."),
        Service::GitHub => "This is GitHub's container registry.".to_owned(),
        Service::Amazon { account, region } => {
            format!("This is Amazon ECR: the account `{account}` in the region `{region}`.")
        }
        Service::AmazonPublic => "This is Amazon's public gallery.".to_owned(),
        Service::Azure { name } => format!("This is Azure Container Registry: the registry `{name}`."),
        Service::GoogleContainer => "This is Google's container registry.".to_owned(),
        Service::GoogleArtifact { place } => format!("This is Google Artifact Registry in `{place}`."),
        Service::Quay => "This is Quay, Red Hat's registry.".to_owned(),
        Service::GitLab => "This is GitLab's container registry.".to_owned(),
        Service::ThisComputer => match registry.port() {
            Some(port) => format!("This is a registry on your own computer, at port {port}."),
            None => "This is a registry on your own computer.".to_owned(),
        },
        Service::Other => why_a_host(registry.as_str()),
    };
    format!("The host that keeps the image. {about}")
}

fn why_a_host(text: &str) -> String {
    let sign = if text.starts_with('[') {
        "is an address in brackets"
    } else if text.contains(':') {
        "names a port after a colon"
    } else if text.contains('.') {
        "has a dot"
    } else {
        "has an upper-case letter, which no path has"
    };
    format!("`{text}` is read as a host because it {sign}.")
}

pub(crate) fn namespace(name: &RepositoryName, presence: Presence) -> String {
    let repository = name.repository();
    match presence {
        Presence::Implied => format!(
            "Docker Hub keeps its official images under `{LIBRARY}`. A name with one part goes there; no other \
             registry does this. Type `yourname/{repository}` to look elsewhere."
        ),
        Presence::Absent => format!(
            "None: `{}` keeps this repository at the top. Only Docker Hub puts `{LIBRARY}` in front of a name with \
             one part.",
            name.registry()
        ),
        Presence::Typed => typed_namespace(name),
    }
}

fn typed_namespace(name: &RepositoryName) -> String {
    match service(name) {
        _ if name.registry().is_unnamed() => "The path in front of the last part.".to_owned(),
        Service::Hub if name.namespace() == LIBRARY && name.registry().as_str() == HUB => {
            format!("Docker Hub keeps its official images under `{LIBRARY}`. Here you may leave it out.")
        }
        Service::Hub if name.namespace() == LIBRARY => {
            format!("Docker Hub keeps its official images under `{LIBRARY}`.")
        }
        Service::Hub => "The account or organisation on Docker Hub that the image belongs to.".to_owned(),
        Service::GitHub => "The GitHub user or organisation that the image belongs to.".to_owned(),
        Service::GoogleContainer => "The Google Cloud project that the image belongs to.".to_owned(),
        Service::GoogleArtifact { .. } => {
            "The Google Cloud project that the image belongs to, then the repository inside it.".to_owned()
        }
        Service::Quay => "The account or organisation on Quay that the image belongs to.".to_owned(),
        Service::GitLab => "The GitLab group and project that the image belongs to.".to_owned(),
        _ => "The path in front of the last part. The registry decides what it stands for: an owner, a team, a \
              project."
            .to_owned(),
    }
}

pub(crate) fn repository() -> &'static str {
    "The image itself: all its versions share this name. The only part you must type."
}

pub(crate) fn tag(reference: &Reference, presence: Presence) -> String {
    const LABEL: &str = "A label that can be moved to another image at any time.";
    const LATEST: &str = "it is a name like any other, not the newest by rule.";
    match presence {
        Presence::Implied => format!("{LABEL} Without one, latest is meant; {LATEST}"),
        Presence::Absent => "None, and none is needed: the digest says which image is meant.".to_owned(),
        Presence::Typed if is_lone_digest(reference) => {
            "You typed a digest alone, and it reads as an image named `sha256` with this tag. To pin a digest, write \
             the repository and `@` in front."
                .to_owned()
        }
        Presence::Typed if reference.digest().is_some() => {
            "A label that can be moved. With a digest behind it nobody looks it up: it only tells people what was \
             meant."
                .to_owned()
        }
        Presence::Typed if reference.tag().is_some_and(|tag| tag.as_str() == "latest") => {
            format!("{LABEL} As for latest: {LATEST}")
        }
        Presence::Typed => format!("{LABEL} Who publishes the image decides what it means."),
    }
}

/// `sha256:<64 hex>`: by the grammar a repository and a tag.
fn is_lone_digest(reference: &Reference) -> bool {
    let tag = reference.tag().map_or("", |tag| tag.as_str());
    reference.repository().path() == "library/sha256" && crate::grammar::is_identifier(tag)
}

pub(crate) fn digest(reference: &Reference) -> String {
    match reference.digest() {
        None => "The hash of the manifest. Add it, and you get the same bytes for ever or an error, never something \
                 else."
            .to_owned(),
        Some(_) => {
            "The hash of the manifest. You get these bytes for ever or an error, never something else.".to_owned()
        }
    }
}
