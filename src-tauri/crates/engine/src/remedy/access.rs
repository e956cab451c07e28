//! Refusals and absences, which look alike: what each vendor means by them.
//!
//! Sources: the vendors' manuals on pushing and on permissions, and what their registries answer.

use oci::name::{Registry, RepositoryName};

use super::{Remedy, RemedyAction};
use crate::credential::preset::Vendor;
use crate::error::{Action, Code, Detail, Error, Subject};

/// 401 and 403.
pub(super) fn denied(error: &Error, subject: Option<&Subject>, signed_in: Option<&str>) -> Vec<Remedy> {
    let Some(subject) = subject else {
        return vec![Remedy::sign_in(None, signed_in, "The registry wants an account, or another one")];
    };
    match subject.action {
        Action::Push => push_denied(error, subject, signed_in),
        Action::Delete => vec![account(subject, signed_in, rights(subject, "delete"))],
        Action::SignIn => {
            vec![account(subject, None, "The user name or the secret is wrong, or the secret has expired")]
        }
        Action::Pull | Action::List => read_denied(subject, signed_in),
    }
}

/// 404.
pub(super) fn missing(error: &Error, subject: Option<&Subject>, signed_in: Option<&str>) -> Vec<Remedy> {
    let Some(subject) = subject else { return vec![Remedy::edit("There may be a mistake in the name")] };
    let unknown_name = problem(error).is_some_and(|code| code == "NAME_UNKNOWN");
    match (subject.action, &subject.repository) {
        (Action::Push, Some(repository)) => vec![create(repository)],
        (Action::Pull | Action::List, Some(_)) if unknown_name => vec![
            Remedy::edit("There is no such repository, or its name is misspelled"),
            account(subject, signed_in, "A private repository looks missing to whoever has no access to it"),
        ],
        (Action::Pull, Some(repository)) if problem(error) == Some("MANIFEST_UNKNOWN") => {
            let tags = format!(
                "`{}` has no such tag or digest; its list of tags has those there are",
                repository.familiar()
            );
            vec![Remedy::edit(tags)]
        }
        (Action::Delete, _) => vec![Remedy::retry("It may be gone already: look again")],
        _ => vec![
            Remedy::edit("There may be a mistake in the name"),
            account(subject, signed_in, "A private repository looks missing to whoever has no access to it"),
        ],
    }
}

/// A registry without a list of repositories.
pub(super) fn no_catalog(registry: Option<&Registry>, signed_in: Option<&str>) -> Vec<Remedy> {
    let typed = Remedy::edit("Type the name of a repository instead: this registry gives no list of them");
    match registry.map(Vendor::of) {
        Some(Vendor::Hub | Vendor::Ghcr | Vendor::Google | Vendor::Quay) => vec![typed],
        _ => vec![typed, Remedy::sign_in(registry, signed_in, "The list may be for administrators alone")],
    }
}

fn read_denied(subject: &Subject, signed_in: Option<&str>) -> Vec<Remedy> {
    let who = match signed_in {
        Some(account) => format!("Is it private? `{account}` has no access to it"),
        None => "Is it private? It is shown to accounts with access to it".to_owned(),
    };
    match Vendor::of(&subject.registry) {
        // Docker Hub answers the same for what is missing: the spelling comes first.
        Vendor::Hub => {
            let name = subject.repository.as_ref().map_or("owner/name", |repository| repository.repository());
            let elsewhere =
                format!("Is it on another registry? Put the host in front: `ghcr.io/owner/{name}`");
            vec![
                Remedy::edit(
                    "Is it spelled right? Docker Hub answers the same for what is missing and for what is private",
                ),
                account(subject, signed_in, who),
                Remedy::edit(elsewhere),
            ]
        }
        _ => vec![
            account(subject, signed_in, format!("{who}. {}", rights(subject, "pull"))),
            Remedy::edit("Is it spelled right? Many registries answer the same for what is missing"),
        ],
    }
}

fn push_denied(error: &Error, subject: &Subject, signed_in: Option<&str>) -> Vec<Remedy> {
    let registry = &subject.registry;
    let Some(repository) = &subject.repository else {
        return vec![account(subject, signed_in, rights(subject, "push"))];
    };
    if error.code() == Code::AuthRequired && signed_in.is_none() && Vendor::of(registry) != Vendor::Hub {
        return vec![account(
            subject,
            None,
            format!("To push, `{registry}` wants an account. {}", rights(subject, "push")),
        )];
    }
    match Vendor::of(registry) {
        Vendor::Hub => {
            let namespace = repository.namespace();
            let not_yours = match signed_in {
                Some(account) => format!(
                    "The namespace `{namespace}` is not that of `{account}`, or the token is for reading alone"
                ),
                None => format!("To push to `{namespace}`, sign in with an account that may"),
            };
            let own = signed_in
                .filter(|own| *own != namespace)
                .map(|own| format!("{own}/{}", repository.repository()));
            let mut remedies = vec![account(subject, signed_in, not_yours)];
            if let Some(own) = own {
                let cause = format!("Your own namespace takes it: `{own}`");
                let label = format!("Push to {own}");
                remedies.insert(
                    0,
                    Remedy::new(RemedyAction::EditReference { suggestion: Some(own) }, cause, label),
                );
            }
            remedies
        }
        Vendor::Ecr | Vendor::Google => {
            vec![account(subject, signed_in, rights(subject, "push")), create(repository)]
        }
        _ => vec![
            account(subject, signed_in, rights(subject, "push")),
            Remedy::edit("The namespace may be that of somebody else"),
        ],
    }
}

/// What the account needs to be allowed.
fn rights(subject: &Subject, to: &str) -> String {
    let by = |pull: &str, push: &str, delete: &str| match to {
        "pull" => pull.to_owned(),
        "push" => push.to_owned(),
        _ => delete.to_owned(),
    };
    match Vendor::of(&subject.registry) {
        Vendor::Hub => by(
            "The token must allow reading",
            "The token must allow writing",
            "The token must allow deleting",
        ),
        Vendor::Ghcr => by(
            "The token needs the scope `read:packages`, and access to the package",
            "The token needs the scope `write:packages`, and the package must grant it to you or to the repository of the workflow",
            "The token needs the scope `delete:packages`",
        ),
        Vendor::Ecr => by(
            "The role needs `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer`; a login lasts for twelve hours",
            "The role needs `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload` and `ecr:PutImage`; a login lasts for twelve hours",
            "The role needs `ecr:BatchDeleteImage`",
        ),
        Vendor::Acr => by(
            "The identity needs the role `AcrPull`",
            "The identity needs the role `AcrPush`",
            "The identity needs the role `AcrDelete`",
        ),
        Vendor::Google => by(
            "The identity needs the role `roles/artifactregistry.reader`; an access token lasts for an hour",
            "The identity needs the role `roles/artifactregistry.writer`; an access token lasts for an hour",
            "The identity needs the role `roles/artifactregistry.repoAdmin`",
        ),
        Vendor::Quay => by(
            "The robot account needs the permission Read on the repository",
            "The robot account needs the permission Write on the repository, or Creator in the organization",
            "The robot account needs the permission Admin on the repository",
        ),
        Vendor::Other if subject.registry.host() == "registry.gitlab.com" => by(
            "The token needs the scope `read_registry`, and its owner access to the project",
            "The token needs the scope `write_registry`, and its owner the role Developer in the project",
            "The token needs the scope `write_registry`, and its owner the role Developer in the project",
        ),
        Vendor::Other => match to {
            "pull" => "The account needs the right to read there".to_owned(),
            "push" => {
                "The account needs the right to write there; with Harbor, the project must be there first"
                    .to_owned()
            }
            _ => "The account needs the right to delete there".to_owned(),
        },
    }
}

/// What has to be there before the first push.
fn create(repository: &RepositoryName) -> Remedy {
    let registry = repository.registry();
    let path = repository.path();
    let remedy = |cause: &str| Remedy::new(RemedyAction::CreateRepository, cause, "Copy the command");
    match Vendor::of(registry) {
        Vendor::Ecr => {
            let region = registry.host().split('.').rev().nth(2).unwrap_or("us-east-1");
            let command = if registry.host() == "public.ecr.aws" {
                format!(
                    "aws ecr-public create-repository --region us-east-1 --repository-name {}",
                    repository.repository()
                )
            } else {
                format!("aws ecr create-repository --region {region} --repository-name {path}")
            };
            remedy("Amazon makes no repository by itself: it must be created before the first push")
                .on(command)
        }
        Vendor::Google if registry.host().ends_with("-docker.pkg.dev") => {
            let mut parts = path.split('/');
            let (project, name) = (parts.next().unwrap_or("PROJECT"), parts.next().unwrap_or("REPOSITORY"));
            let location = registry.host().trim_end_matches("-docker.pkg.dev");
            let command = format!(
                "gcloud artifacts repositories create {name} --project={project} --location={location} --repository-format=docker"
            );
            remedy("Google makes no repository by itself: it must be created before the first push")
                .on(command)
        }
        Vendor::Quay => Remedy::nothing(
            "The organization must be there first, and the robot account may create repositories in it only with the permission Creator",
        ),
        Vendor::Other if registry.host() == "registry.gitlab.com" => {
            Remedy::nothing("The path must begin with that of a project that is there: `group/project`")
        }
        _ => {
            let project = path.split('/').next().unwrap_or(path);
            Remedy::nothing(format!(
                "The registry makes no repository by itself: its project or namespace `{project}` must be created there first"
            ))
        }
    }
}

fn account(subject: &Subject, signed_in: Option<&str>, cause: impl Into<String>) -> Remedy {
    Remedy::sign_in(Some(&subject.registry), signed_in, cause)
}

fn problem(error: &Error) -> Option<&str> {
    match error.detail() {
        Some(Detail::Answer { code, .. }) => code.as_deref(),
        _ => None,
    }
}
