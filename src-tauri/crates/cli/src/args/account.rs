//! The arguments of `login`, `logout` and `accounts`.

use clap::ValueEnum;
use oci::Registry;

#[derive(Debug, clap::Args)]
pub struct Login {
    /// The registry [default: Docker Hub]
    #[arg(value_name = "REGISTRY", value_parser = registry)]
    pub registry: Option<Registry>,
    /// The account; asked for where it is needed and not given
    #[arg(long, short, value_name = "USER")]
    pub username: Option<String>,
    /// Read the password or token from stdin
    #[arg(long)]
    pub password_stdin: bool,
    /// Only to say that a password does not belong on a command line
    #[arg(long, short, hide = true, value_name = "PASSWORD", num_args = 0..=1)]
    pub password: Option<Option<String>>,
    /// Where to keep it [default: where docker keeps it for this registry, else the safest place that works here]
    #[arg(long, value_name = "PLACE")]
    pub keep: Option<Place>,
    /// Keep it in the credential helper `docker-credential-NAME`
    #[arg(long, value_name = "NAME", conflicts_with = "keep")]
    pub helper: Option<String>,
}

/// Where a credential can be kept from a command line, which has no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Place {
    /// The system's keychain, for Longshore alone
    Keychain,
    /// The credential helper that Docker's config.json names, or one that is installed
    Helper,
    /// Docker's config.json: encoded, not encrypted
    File,
}

#[derive(Debug, clap::Args)]
pub struct Logout {
    /// The registry [default: Docker Hub]
    #[arg(value_name = "REGISTRY", value_parser = registry)]
    pub registry: Option<Registry>,
}

#[derive(Debug, clap::Args)]
pub struct Accounts {
    /// Show every place that is looked at for this registry, and what docker would choose
    #[arg(value_name = "REGISTRY", value_parser = registry)]
    pub registry: Option<Registry>,
}

/// A registry as people and docker write it: with a scheme or the path of the API too.
fn registry(text: &str) -> Result<Registry, String> {
    let bare = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    let bare = bare.map_or(text, |(_, rest)| rest);
    let bare =
        ["/v1/", "/v2/", "/v1", "/v2", "/"].iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare);
    if let Some((host, _)) = bare.split_once('/').filter(|(host, _)| Registry::parse(host).is_ok()) {
        return Err(format!("an account is for a registry, not for a repository in it: name `{host}` alone"));
    }
    Registry::parse(bare).map_err(|problem| problem.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_read_as_people_write_it() {
        let table = [
            ("ghcr.io", Ok("ghcr.io")),
            ("https://ghcr.io", Ok("ghcr.io")),
            ("https://index.docker.io/v1/", Ok("docker.io")),
            ("docker.io/", Ok("docker.io")),
            ("http://localhost:5000/v2/", Ok("localhost:5000")),
            ("ghcr.io/owner", Err("name `ghcr.io` alone")),
            ("https://ghcr.io/owner/image", Err("name `ghcr.io` alone")),
            ("ftp://ghcr.io", Err("")),
            ("", Err("")),
        ];
        for (text, expected) in table {
            match (registry(text), expected) {
                (Ok(registry), Ok(name)) => assert_eq!(registry.as_str(), name, "{text}"),
                (Err(why), Err(says)) => assert!(why.contains(says), "{text}: {why}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
    }
}
