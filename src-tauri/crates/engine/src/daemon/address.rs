//! Where container engines listen.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A context's file may be no larger, bytes.
const CAP: u64 = 1 << 20;
/// Contexts that are looked at.
const CONTEXTS: usize = 100;

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Socket(PathBuf),
    /// `host:port`, without TLS: of this computer alone.
    Tcp(String),
}

impl Address {
    /// As `DOCKER_HOST` writes it; none for what is not reached here: SSH, and TCP to other computers.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix://") {
            let path = PathBuf::from(path);
            return path.is_absolute().then_some(Self::Socket(path));
        }
        let host = text.strip_prefix("tcp://").or_else(|| text.strip_prefix("http://"))?;
        let host = host.trim_end_matches('/');
        let (name, port) = host.rsplit_once(':')?;
        let here = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        (here && port.parse::<u16>().is_ok()).then(|| Self::Tcp(host.to_owned()))
    }

    /// Whether it is where Podman listens.
    pub(super) fn is_podmans(&self) -> bool {
        matches!(self, Self::Socket(path) if path.ends_with("podman/podman.sock"))
    }

    fn is_there(&self) -> bool {
        match self {
            Self::Socket(path) => path.exists(),
            Self::Tcp(_) => true,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => path.display().fmt(f),
            Self::Tcp(host) => f.write_str(host),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<Endpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: Option<String>,
}

/// Where to look, each once, what a person chose first: `DOCKER_HOST`, `CONTAINER_HOST`, Docker's usual socket, Podman's
/// of this user and of the system, and the contexts in Docker's folder. Only what exists. Blocks.
pub fn addresses(environment: impl Fn(&str) -> Option<OsString>, docker: Option<&Path>) -> Vec<Address> {
    let variable = |name: &str| environment(name)?.into_string().ok();
    let mut all: Vec<Address> = ["DOCKER_HOST", "CONTAINER_HOST"]
        .iter()
        .filter_map(|name| Address::parse(&variable(name)?))
        .collect();
    all.push(Address::Socket(PathBuf::from("/var/run/docker.sock")));
    if let Some(folder) = environment("XDG_RUNTIME_DIR").map(PathBuf::from) {
        all.push(Address::Socket(folder.join("docker.sock")));
        all.push(Address::Socket(folder.join("podman/podman.sock")));
    }
    all.push(Address::Socket(PathBuf::from("/run/podman/podman.sock")));
    if let Some(home) = environment("HOME").map(PathBuf::from) {
        all.push(Address::Socket(home.join(".docker/run/docker.sock")));
        all.push(Address::Socket(home.join(".docker/desktop/docker.sock")));
    }
    all.extend(docker.into_iter().flat_map(contexts));
    let mut each: Vec<Address> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for address in all.into_iter().filter(Address::is_there) {
        // One socket under two names is one engine.
        let place = match &address {
            Address::Socket(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
            Address::Tcp(host) => PathBuf::from(host),
        };
        if !seen.contains(&place) {
            seen.push(place);
            each.push(address);
        }
    }
    each
}

/// The addresses of Docker's contexts; what can't be read is passed over.
fn contexts(docker: &Path) -> Vec<Address> {
    let folders = std::fs::read_dir(docker.join("contexts/meta")).into_iter().flatten().flatten();
    let read = |path: PathBuf| {
        let small = std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() <= CAP);
        small.then(|| std::fs::read(&path).ok()).flatten()
    };
    folders
        .take(CONTEXTS)
        .filter_map(|folder| {
            let context: Context = serde_json::from_slice(&read(folder.path().join("meta.json"))?).ok()?;
            Address::parse(&context.endpoints.docker?.host?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_engines_of_this_computer_are_reached() {
        let socket = |path: &str| Some(Address::Socket(PathBuf::from(path)));
        let rows = [
            ("unix:///run/docker.sock", socket("/run/docker.sock")),
            ("unix://run/docker.sock", None),
            ("tcp://127.0.0.1:2375", Some(Address::Tcp("127.0.0.1:2375".to_owned()))),
            ("tcp://localhost:2375/", Some(Address::Tcp("localhost:2375".to_owned()))),
            ("tcp://192.0.2.1:2375", None),
            ("tcp://127.0.0.1.example:2375", None),
            ("tcp://127.0.0.1", None),
            ("ssh://user@host", None),
            ("", None),
        ];
        for (text, want) in rows {
            assert_eq!(Address::parse(text), want, "{text}");
        }
    }

    #[test]
    fn a_persons_choice_comes_first_and_one_socket_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("podman")).unwrap();
        for name in ["mine.sock", "podman/podman.sock", "context.sock"] {
            std::fs::write(path(name), "").unwrap();
        }
        for (id, host) in
            [("a", format!("unix://{}", path("context.sock").display())), ("b", "ssh://x".to_owned())]
        {
            let meta = path("docker").join("contexts/meta").join(id);
            std::fs::create_dir_all(&meta).unwrap();
            let text = format!(r#"{{"Name": "{id}", "Endpoints": {{"docker": {{"Host": "{host}"}}}}}}"#);
            std::fs::write(meta.join("meta.json"), text).unwrap();
        }
        std::fs::create_dir_all(path("docker/contexts/meta/c")).unwrap();
        std::fs::write(path("docker/contexts/meta/c/meta.json"), "no JSON").unwrap();
        std::os::unix::fs::symlink(path("mine.sock"), path("docker.sock")).unwrap();
        let runtime = path("");
        let environment = |name: &str| match name {
            "DOCKER_HOST" => Some(format!("unix://{}", path("mine.sock").display()).into()),
            "XDG_RUNTIME_DIR" => Some(runtime.clone().into_os_string()),
            _ => None,
        };
        let found = addresses(environment, Some(&path("docker")));
        let own: Vec<Address> = found
            .into_iter()
            .filter(|it| matches!(it, Address::Socket(path) if path.starts_with(folder.path())))
            .collect();
        let want =
            ["mine.sock", "podman/podman.sock", "context.sock"].map(|name| Address::Socket(path(name)));
        assert_eq!(own, want);
    }
}
