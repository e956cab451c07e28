//! Folders of certificates, `HOST[:PORT]/` in each: `*.crt` are authorities, `NAME.cert` with `NAME.key` is what is shown
//! to a server that asks (Docker's and containers-certs.d(5)'s layout).

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::http::{ClientCertificate, TlsIdentity, certificates, fingerprint};

/// Where certificates are looked for. The default is nowhere.
#[derive(Clone, Debug, Default)]
pub struct CertificateFolders {
    /// Folders in Docker's layout.
    pub docker: Vec<PathBuf>,
    /// Folders in containerd's layout, with a `hosts.toml` in each host's.
    pub containerd: Vec<PathBuf>,
    /// Longshore's own folder, in Docker's layout: what a person trusts. A server's certificate here is a pin.
    pub own: Option<PathBuf>,
}

/// No certificate file is read further than this, bytes.
const CAP: u64 = 1 << 20;

impl CertificateFolders {
    /// The folders of the system and of this user, by the environment that `lookup` reads; `config` is
    /// [`super::config_dir`].
    pub fn of_environment(config: Option<&Path>, lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = set("HOME").or_else(std::env::home_dir);
        let docker = set("DOCKER_CONFIG").or_else(|| Some(home.as_ref()?.join(".docker")));
        let containers = set("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute());
        let containers = containers.or_else(|| Some(home.as_ref()?.join(".config")));
        let users =
            [docker.map(|dir| dir.join("certs.d")), containers.map(|dir| dir.join("containers/certs.d"))];
        let systems = ["/etc/docker/certs.d", "/etc/containers/certs.d"].map(PathBuf::from);
        Self {
            docker: users.into_iter().flatten().chain(systems).collect(),
            containerd: vec!["/etc/containerd/certs.d".into()],
            own: config.map(|dir| dir.join("certificates")),
        }
    }

    /// Reads the folders of a host. What can't be used is told in `warnings` and left out.
    pub(super) fn read(&self, names: &[String], tls: &mut TlsIdentity, warnings: &mut Vec<String>) {
        for name in names {
            for folder in &self.docker {
                read_folder(&folder.join(file_name(name)), tls, warnings);
            }
        }
        if let Some(own) = names.first().and_then(|name| self.own_of(name)) {
            let before = tls.roots.len();
            read_folder(&own, tls, warnings);
            tls.pins.extend(tls.roots[before..].iter().map(|der| fingerprint(der)));
        }
    }

    /// Longshore's own folder of a host.
    pub(super) fn own_of(&self, identity: &str) -> Option<PathBuf> {
        Some(self.own.as_ref()?.join(file_name(identity)))
    }
}

/// A host as the name of a folder: as it is, but without a colon where file names can't have one (as Docker does it).
fn file_name(host: &str) -> String {
    if cfg!(windows) { host.replace(':', "") } else { host.to_owned() }
}

/// Reads one host's folder in Docker's layout.
pub(super) fn read_folder(folder: &Path, tls: &mut TlsIdentity, warnings: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    for path in files {
        let used = match path.extension().and_then(|it| it.to_str()) {
            Some("crt") => add_authorities(&path, tls),
            Some("cert") => add_client(&path, &path.with_extension("key"), tls),
            _ => continue,
        };
        if let Err(why) = used {
            warnings.push(format!("`{}` is not used: {why}", path.display()));
        }
    }
}

/// Trusts the certificates of a PEM file.
pub(super) fn add_authorities(path: &Path, tls: &mut TlsIdentity) -> Result<(), String> {
    let found = certificates(&read(path)?)?;
    if found.is_empty() {
        return Err("it holds no certificate in PEM".to_owned());
    }
    tls.roots.extend(found.into_iter().map(|it| it.to_vec()));
    Ok(())
}

/// Shows the certificate of a PEM file, with the key of another.
pub(super) fn add_client(certificate: &Path, key: &Path, tls: &mut TlsIdentity) -> Result<(), String> {
    let chain: Vec<Vec<u8>> = certificates(&read(certificate)?)?.into_iter().map(|it| it.to_vec()).collect();
    if chain.is_empty() {
        return Err("it holds no certificate in PEM".to_owned());
    }
    let key_pem = read(key).map_err(|why| format!("its key `{}`: {why}", key.display()))?;
    tls.client.get_or_insert(ClientCertificate { chain, key_pem });
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(CAP + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > CAP {
        return Err("it is too large for a certificate".to_owned());
    }
    Ok(bytes)
}
