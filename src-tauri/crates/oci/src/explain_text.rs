//! The sentences of [`explain`](crate::explain::explain): what each part of a reference is, for a person who sees
//! one for the first time. Values stand in backticks.

use crate::explain::Presence;
use crate::name::{HUB, LIBRARY, RepositoryName};
use crate::reference::Reference;

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
        Service::Hub => {
            format!("Docker Hub. You may leave it out. Requests go to `{}`.", registry.api_host())
        }
        Service::GitHub => "GitHub's container registry.".to_owned(),
        Service::Amazon { account, region } => {
            format!("Amazon ECR: the registry of the account `{account}` in the region `{region}`.")
        }
        Service::AmazonPublic => "Amazon's public gallery.".to_owned(),
        Service::Azure { name } => format!("Azure Container Registry: the registry named `{name}`."),
        Service::GoogleContainer => "Google's container registry.".to_owned(),
        Service::GoogleArtifact { place } => format!("Google Artifact Registry in `{place}`."),
        Service::Quay => "Quay, Red Hat's registry.".to_owned(),
        Service::GitLab => "GitLab's container registry.".to_owned(),
        Service::ThisComputer => match registry.port() {
            Some(port) => format!("A registry on this computer, at port {port}."),
            None => "A registry on this computer.".to_owned(),
        },
        Service::Other => return format!("The host that keeps the image. {}", why_a_host(registry.as_str())),
    };
    format!("The host that keeps the image: {}", lower_article(&about))
}

/// After a colon a sentence goes on in lower case, unless it begins with a name.
fn lower_article(sentence: &str) -> String {
    match sentence.strip_prefix("A ") {
        Some(rest) => format!("a {rest}"),
        None => sentence.to_owned(),
    }
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
    let namespace = name.namespace();
    match service(name) {
        Service::Hub if name.registry().as_str() == HUB && namespace == LIBRARY => {
            format!("Docker Hub keeps its official images under `{LIBRARY}`. Here you may leave it out.")
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
