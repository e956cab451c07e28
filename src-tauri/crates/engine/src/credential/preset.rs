//! What each vendor expects of somebody who signs in: which user name, which secret, and where to get that.
//!
//! Pure: everything follows from the registry's name. The texts are for people: whole sentences without a final period
//! where they stand alone. Sources are the vendors' own manuals, as `docker login` is described there.

use oci::Registry;

/// Whose registry it is, where that changes what to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// Docker Hub.
    Hub,
    /// GitHub's registry.
    Ghcr,
    /// Amazon's, private and public.
    Ecr,
    /// Microsoft Azure's.
    Acr,
    /// Google's Artifact Registry and its forerunner.
    Google,
    /// Red Hat's Quay.
    Quay,
    /// Any other.
    Other,
}

impl Vendor {
    /// The vendor that a registry's host name stands for.
    pub fn of(registry: &Registry) -> Self {
        let host = registry.host();
        let under = |suffix: &str| host.strip_suffix(suffix).is_some_and(|name| name.ends_with('.'));
        match host {
            _ if registry.is_docker_hub() => Self::Hub,
            "ghcr.io" | "docker.pkg.github.com" => Self::Ghcr,
            "public.ecr.aws" => Self::Ecr,
            _ if ecr_region(host).is_some() => Self::Ecr,
            _ if ["azurecr.io", "azurecr.cn", "azurecr.us"].into_iter().any(under) => Self::Acr,
            "gcr.io" => Self::Google,
            _ if under("gcr.io") || host.ends_with("-docker.pkg.dev") => Self::Google,
            "quay.io" => Self::Quay,
            _ => Self::Other,
        }
    }

    /// One word, stable: `hub`, `ghcr`, `ecr`, `acr`, `google`, `quay`, `other`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Ghcr => "ghcr",
            Self::Ecr => "ecr",
            Self::Acr => "acr",
            Self::Google => "google",
            Self::Quay => "quay",
            Self::Other => "other",
        }
    }
}

/// The user name that Azure takes together with a token (Azure's manual, `az acr login --expose-token`).
pub const ACR_TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";

/// What to type, and where to get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Whose registry it is.
    pub vendor: Vendor,
    /// The registry's name, for a heading.
    pub title: String,
    /// What it takes, in a sentence or two.
    pub lead: String,
    /// What the user name is called.
    pub user_label: &'static str,
    /// Which user name is meant.
    pub user_hint: Option<String>,
    /// The user name that everybody has there.
    pub user_fixed: Option<String>,
    /// What the secret is called: `Password`, `Token`.
    pub secret_label: &'static str,
    /// Which secret is meant, and what it must allow.
    pub where_to_get: String,
    /// The page where it is made, always `https`.
    pub url: Option<String>,
    /// The command that prints it.
    pub command: Option<String>,
    /// What else to know before: how long it lasts, what must be there first.
    pub note: Option<String>,
}

/// What to type for a registry.
pub fn preset(registry: &Registry) -> Preset {
    let host = registry.as_str();
    match Vendor::of(registry) {
        Vendor::Hub => Preset {
            user_hint: Some("Your Docker ID, not your e-mail address".to_owned()),
            secret_label: "Token",
            url: Some("https://app.docker.com/settings/personal-access-tokens".to_owned()),
            note: Some("Signing in also raises the limit on pulls".to_owned()),
            ..Preset::new(
                Vendor::Hub,
                "Docker Hub",
                "Docker Hub takes your Docker ID with a personal access token. Your password works too, unless two-factor authentication is on.",
                "A personal access token: Public Repo Read-only is enough to pull, Read & Write to push",
            )
        },
        Vendor::Ghcr => Preset {
            user_hint: Some("Your GitHub user name, not your e-mail address".to_owned()),
            secret_label: "Token",
            url: Some("https://github.com/settings/tokens/new?scopes=read:packages".to_owned()),
            command: Some("gh auth token".to_owned()),
            note: Some("`gh auth token` prints one that works after `gh auth refresh --scopes read:packages`".to_owned()),
            ..Preset::new(
                Vendor::Ghcr,
                "GitHub Container Registry",
                &format!("{host} takes a personal access token. Your GitHub password will not work."),
                "A classic token with `read:packages`; add `write:packages` to push and `delete:packages` to delete",
            )
        },
        Vendor::Ecr => ecr(registry),
        Vendor::Acr => {
            let name = registry.host().split('.').next().unwrap_or_default();
            Preset {
                user_hint: Some(format!(
                    "`{ACR_TOKEN_USER}` with a token; with a service principal its application ID"
                )),
                secret_label: "Token",
                command: Some(format!(
                    "az acr login --name {name} --expose-token --output tsv --query accessToken"
                )),
                note: Some("A token lasts for three hours; a service principal's password for as long as you set".to_owned()),
                ..Preset::new(
                    Vendor::Acr,
                    "Azure Container Registry",
                    "Azure takes a token of the command line `az`, or a service principal. Your Azure password will not work.",
                    "The token that the command prints, or a service principal's password",
                )
            }
        }
        Vendor::Google => Preset {
            user_hint: Some(
                "`oauth2accesstoken` with an access token; `_json_key` with a service account's key file".to_owned(),
            ),
            secret_label: "Token",
            command: Some("gcloud auth print-access-token".to_owned()),
            note: Some("An access token lasts for an hour; the helper `docker-credential-gcloud` makes a new one each time".to_owned()),
            ..Preset::new(
                Vendor::Google,
                if host.ends_with("gcr.io") { "Google Container Registry" } else { "Google Artifact Registry" },
                "Google takes an access token of `gcloud`, or the key file of a service account.",
                "The token that the command prints, or all of the key file's text",
            )
        },
        Vendor::Quay => Preset {
            user_hint: Some("A robot account, such as `team+builder`, or your own name".to_owned()),
            secret_label: "Token",
            url: Some("https://docs.quay.io/glossary/robot-accounts.html".to_owned()),
            ..Preset::new(
                Vendor::Quay,
                "Quay",
                "Quay takes a robot account with its token, or your name with an encrypted password.",
                "The robot account's token; for your own name, the encrypted password of Account Settings",
            )
        },
        Vendor::Other => other(registry),
    }
}

impl Preset {
    /// The parts that every vendor has; the rest as for a plain account.
    fn new(vendor: Vendor, title: &str, lead: &str, where_to_get: &str) -> Self {
        Self {
            vendor,
            title: title.to_owned(),
            lead: lead.to_owned(),
            user_label: "User name",
            user_hint: None,
            user_fixed: None,
            secret_label: "Password",
            where_to_get: where_to_get.to_owned(),
            url: None,
            command: None,
            note: None,
        }
    }
}

fn ecr(registry: &Registry) -> Preset {
    let region = ecr_region(registry.host());
    let (title, command, note) = match region {
        Some(region) => (
            "Amazon Elastic Container Registry",
            format!("aws ecr get-login-password --region {region}"),
            "It lasts for twelve hours. A repository must be created before the first push to it",
        ),
        None => (
            "Amazon ECR Public",
            "aws ecr-public get-login-password --region us-east-1".to_owned(),
            "It lasts for twelve hours. Public images can be pulled without it",
        ),
    };
    Preset {
        user_fixed: Some("AWS".to_owned()),
        command: Some(command),
        note: Some(note.to_owned()),
        ..Preset::new(
            Vendor::Ecr,
            title,
            "Amazon takes the user name `AWS` and a password that its command line makes. Your AWS password will not work.",
            "What the command prints; the helper `docker-credential-ecr-login` makes a new one each time",
        )
    }
}

fn other(registry: &Registry) -> Preset {
    let host = registry.as_str();
    if registry.host() == "registry.gitlab.com" {
        return Preset {
            user_hint: Some("Your GitLab user name, or the deploy token's".to_owned()),
            secret_label: "Token",
            url: Some("https://gitlab.com/-/user_settings/personal_access_tokens".to_owned()),
            ..Preset::new(
                Vendor::Other,
                "GitLab Container Registry",
                "GitLab takes a personal access token or a deploy token.",
                "A token with `read_registry`; add `write_registry` to push",
            )
        };
    }
    Preset::new(
        Vendor::Other,
        host,
        &format!("The account is the one that the operator of {host} gave you."),
        "A password, or an access token in its place",
    )
}

/// The region of a private registry of Amazon: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, also with `-fips`, in China with
/// `.cn`, and dual-stack `ACCOUNT.dkr-ecr.REGION.on.aws`.
fn ecr_region(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    let ([account, "dkr", "ecr" | "ecr-fips", region, "amazonaws", "com"]
    | [account, "dkr", "ecr" | "ecr-fips", region, "amazonaws", "com", "cn"]
    | [account, "dkr-ecr" | "dkr-ecr-fips", region, "on", "aws"]) = labels.as_slice()
    else {
        return None;
    };
    account.bytes().all(|byte| byte.is_ascii_digit()).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str) -> Preset {
        preset(&Registry::parse(host).expect("a registry"))
    }

    #[test]
    fn a_host_tells_its_vendor() {
        let table = [
            ("docker.io", Vendor::Hub),
            ("index.docker.io", Vendor::Hub),
            ("ghcr.io", Vendor::Ghcr),
            ("GHCR.io", Vendor::Ghcr),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", Vendor::Ecr),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", Vendor::Ecr),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Vendor::Ecr),
            ("123456789012.dkr-ecr.eu-west-1.on.aws", Vendor::Ecr),
            ("public.ecr.aws", Vendor::Ecr),
            ("team.azurecr.io", Vendor::Acr),
            ("team.azurecr.cn", Vendor::Acr),
            ("gcr.io", Vendor::Google),
            ("eu.gcr.io", Vendor::Google),
            ("europe-west1-docker.pkg.dev", Vendor::Google),
            ("quay.io", Vendor::Quay),
            ("registry.gitlab.com", Vendor::Other),
            ("localhost:5000", Vendor::Other),
            // Names that only look alike belong to somebody else.
            ("azurecr.io", Vendor::Other),
            ("evilazurecr.io", Vendor::Other),
            ("team.azurecr.io.example.com", Vendor::Other),
            ("ghcr.io.example.com", Vendor::Other),
            ("notgcr.io", Vendor::Other),
            ("team.dkr.ecr.eu-west-1.amazonaws.com", Vendor::Other),
            ("1.dkr.ecr.x.amazonaws.com.example.com", Vendor::Other),
        ];
        for (host, vendor) in table {
            assert_eq!(of(host).vendor, vendor, "{host}");
        }
    }

    #[test]
    fn what_to_type_is_exact() {
        let ecr = of("123456789012.dkr.ecr.eu-west-1.amazonaws.com");
        assert_eq!(ecr.user_fixed.as_deref(), Some("AWS"));
        assert_eq!(ecr.command.as_deref(), Some("aws ecr get-login-password --region eu-west-1"));
        let public = of("public.ecr.aws");
        assert_eq!(public.command.as_deref(), Some("aws ecr-public get-login-password --region us-east-1"));
        let acr = of("team.azurecr.io");
        assert!(acr.user_hint.as_ref().is_some_and(|hint| hint.contains(ACR_TOKEN_USER)), "{acr:?}");
        assert!(acr.command.as_ref().is_some_and(|command| command.contains("--name team ")), "{acr:?}");
        let google = of("europe-west1-docker.pkg.dev");
        let hint = google.user_hint.as_deref().unwrap_or_default();
        assert!(hint.contains("`oauth2accesstoken`") && hint.contains("`_json_key`"), "{hint}");
        assert!(of("ghcr.io").where_to_get.contains("`read:packages`"));
        assert!(of("r.example.com:5000").lead.contains("r.example.com:5000"));
    }

    #[test]
    fn every_preset_is_whole_and_its_link_is_https() {
        let hosts = [
            "docker.io",
            "ghcr.io",
            "1.dkr.ecr.eu-west-1.amazonaws.com",
            "public.ecr.aws",
            "team.azurecr.io",
            "gcr.io",
            "europe-west1-docker.pkg.dev",
            "quay.io",
            "registry.gitlab.com",
            "r.example.com",
        ];
        for host in hosts {
            let preset = of(host);
            for text in [&preset.title, &preset.lead, &preset.where_to_get] {
                assert!(!text.is_empty(), "{host}");
            }
            assert!(preset.lead.ends_with('.') && !preset.where_to_get.ends_with('.'), "{host}: {preset:?}");
            assert!(preset.url.as_ref().is_none_or(|url| url.starts_with("https://")), "{host}: {preset:?}");
            let place = preset.url.is_some() || preset.command.is_some() || preset.vendor == Vendor::Other;
            assert!(place, "{host}: where does the secret come from?");
        }
    }
}
