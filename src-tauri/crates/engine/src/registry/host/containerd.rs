//! containerd's `hosts.toml`: mirrors of a host, and how each of them and the host itself are trusted.
//!
//! Read: `server`'s own `ca`, `client`, `skip_verify`; of each `[host."URL"]` the same, with `capabilities` and
//! `override_path`. Deliberately left out: `header`, which could carry an account to a mirror.
//! Source: containerd's docs/hosts.md.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use super::super::http::TlsIdentity;
use super::Mirror;
use super::certs::{add_authorities, add_client, read_folder};

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostsFile {
    server: Option<String>,
    #[serde(flatten)]
    own: Endpoint,
    /// In the file's order.
    host: toml::Table,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Endpoint {
    capabilities: Option<Vec<String>>,
    ca: Option<toml::Value>,
    client: Option<toml::Value>,
    skip_verify: bool,
    override_path: bool,
}

/// Reads what containerd was told of a host: into `tls` what is said of the host itself; its mirrors.
pub(super) fn read(
    root: &Path,
    names: &[String],
    tls: &mut TlsIdentity,
    warnings: &mut Vec<String>,
) -> Vec<Mirror> {
    let Some(folder) = folder_of(root, names) else { return Vec::new() };
    let path = folder.join("hosts.toml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        read_folder(&folder, tls, warnings);
        return Vec::new();
    };
    let file: HostsFile = match toml::from_str(&text) {
        Ok(file) => file,
        Err(error) => {
            warnings.push(format!("`{}` is not used: {}", path.display(), error.message()));
            return Vec::new();
        }
    };
    apply(&file.own, &folder, tls, warnings);
    let mut mirrors = Vec::new();
    for (address, value) in file.host {
        let endpoint: Endpoint = value.try_into().unwrap_or_default();
        let pulls = endpoint.capabilities.as_ref().is_none_or(|all| all.iter().any(|it| it == "pull"));
        let is_server = file.server.as_deref().is_some_and(|server| same_host(server, &address));
        if is_server || names.iter().any(|name| same_host(name, &address)) {
            apply(&endpoint, &folder, tls, warnings);
            continue;
        }
        if !pulls {
            continue;
        }
        match mirror(&address, &endpoint) {
            Ok(mut mirror) => {
                apply(&endpoint, &folder, &mut mirror.tls, warnings);
                mirrors.push(mirror);
            }
            Err(why) => warnings.push(format!("`{}`: {why}", path.display())),
        }
    }
    mirrors
}

/// `host:port/`, `host_port_/`, or what holds for every host.
fn folder_of(root: &Path, names: &[String]) -> Option<PathBuf> {
    let of = |name: &String| match name.rsplit_once(':') {
        Some((host, port)) => vec![name.clone(), format!("{host}_{port}_")],
        None => vec![name.clone()],
    };
    let candidates = names.iter().flat_map(of).chain(["_default".to_owned()]);
    candidates.map(|name| root.join(name)).find(|folder| folder.is_dir())
}

fn mirror(address: &str, endpoint: &Endpoint) -> Result<Mirror, String> {
    let mut mirror = Mirror::parse(address).map_err(|error| error.message().to_owned())?;
    if endpoint.override_path
        && let Ok(base) = Url::parse(address.trim_end_matches('/'))
    {
        mirror.base = base;
    }
    Ok(mirror)
}

fn apply(endpoint: &Endpoint, folder: &Path, tls: &mut TlsIdentity, warnings: &mut Vec<String>) {
    tls.skip_verification |= endpoint.skip_verify;
    // Relative paths are relative to the file.
    let mut tell = |path: &Path, used: Result<(), String>| {
        if let Err(why) = used {
            warnings.push(format!("`{}` is not used: {why}", path.display()));
        }
    };
    for path in endpoint.ca.iter().flat_map(texts) {
        let path = folder.join(path);
        tell(&path, add_authorities(&path, tls));
    }
    match &endpoint.client {
        Some(toml::Value::Array(pairs)) if pairs.iter().any(toml::Value::is_array) => {
            for pair in pairs {
                if let [certificate, key] = &texts(pair)[..] {
                    let certificate = folder.join(certificate);
                    tell(&certificate, add_client(&certificate, &folder.join(key), tls));
                }
            }
        }
        Some(one) => {
            for path in texts(one) {
                let path = folder.join(path);
                tell(&path, add_client(&path, &path, tls));
            }
        }
        None => {}
    }
}

/// One text, or a list of them.
fn texts(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(list) => list.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

fn same_host(one: &str, other: &str) -> bool {
    let host = |text: &str| {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_ascii_lowercase()
    };
    host(one) == host(other)
}
