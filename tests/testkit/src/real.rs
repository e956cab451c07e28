//! Real programs: Debian's docker-registry on a free port, nginx and tinyproxy in front of it, skopeo and rpm.

mod nginx;
mod program;
mod rpm;
mod secret_service;
mod tinyproxy;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use serde_json::json;
use tempfile::TempDir;

pub use nginx::{Nginx, NginxBuilder};
pub use program::{Skopeo, run};
pub use rpm::RpmSystem;
pub use secret_service::SecretService;
pub use tinyproxy::Tinyproxy;

use crate::auth::TokenServer;
use crate::image::Image;
use crate::tls::{Authority, ServerTls};

/// A running `docker-registry` with its own folder. Killed when dropped.
#[derive(Debug)]
pub struct DockerRegistry {
    child: Child,
    port: u16,
    dir: TempDir,
    account: Option<(String, String)>,
}

/// Makes a [`DockerRegistry`]: see [`DockerRegistry::builder`].
#[derive(Default)]
pub struct DockerRegistryBuilder<'a> {
    account: Option<(String, String)>,
    tokens: Option<&'a TokenServer>,
    tls: Option<&'a ServerTls>,
    clients: Option<&'a Authority>,
    delete: bool,
}

impl DockerRegistry {
    /// Open to anybody, over plain HTTP.
    pub fn open() -> Self {
        Self::builder().start()
    }

    /// With choices.
    pub fn builder<'a>() -> DockerRegistryBuilder<'a> {
        DockerRegistryBuilder::default()
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its folder: `config.json`, `data/`, `registry.log`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What it has written about itself.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("registry.log")).unwrap_or_default()
    }

    /// Fills it with an image, by skopeo: every platform, digests kept.
    ///
    /// # Panics
    /// Where skopeo fails.
    pub fn put(&self, repository: &str, tag: &str, image: &Image) {
        let skopeo = Skopeo::new();
        let dir = tempfile::tempdir().expect("a temporary folder");
        image.write_directory(dir.path()).expect("the image can be written");
        let source = format!("dir:{}", dir.path().display());
        let target = format!("docker://{}/{repository}:{tag}", self.host());
        let credentials =
            self.account.as_ref().map(|(user, password)| format!("--dest-creds={user}:{password}"));
        let mut arguments = vec!["copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false"];
        arguments.extend(credentials.as_deref());
        arguments.extend([source.as_str(), target.as_str()]);
        skopeo.run(&arguments);
    }

    /// `127.0.0.1:PORT/REPOSITORY:TAG`.
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.host())
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<'a> DockerRegistryBuilder<'a> {
    /// Asks for this account by Basic, from an htpasswd file that Apache's `htpasswd -B` makes.
    #[must_use]
    pub fn htpasswd(mut self, username: &str, password: &str) -> Self {
        self.account = Some((username.to_owned(), password.to_owned()));
        self
    }

    /// Asks for tokens of this server, which must be [signed](crate::auth::TokenServerBuilder::signed). The account, if
    /// any, is the one that [`DockerRegistry::put`] uses.
    #[must_use]
    pub fn tokens(mut self, server: &'a TokenServer, account: Option<(&str, &str)>) -> Self {
        self.tokens = Some(server);
        self.account = account.map(|(user, password)| (user.to_owned(), password.to_owned()));
        self
    }

    /// Speaks TLS with this certificate.
    #[must_use]
    pub fn tls(mut self, tls: &'a ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Wants a client certificate of this authority; over TLS alone.
    #[must_use]
    pub fn client_certificates(mut self, authority: &'a Authority) -> Self {
        self.clients = Some(authority);
        self
    }

    /// Lets manifests and blobs be deleted.
    #[must_use]
    pub fn delete(mut self) -> Self {
        self.delete = true;
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// Where docker-registry is not installed, or does not answer within 20 s.
    pub fn start(self) -> DockerRegistry {
        let dir = tempfile::tempdir().expect("a temporary folder");
        // Another program may take the port between our asking for it and the registry's binding it.
        for _ in 0..5 {
            let port = free_port();
            self.write_config(dir.path(), port);
            let log = fs::File::create(dir.path().join("registry.log")).expect("the log can be made");
            let mut child = Command::new("docker-registry")
                .arg("serve")
                .arg(dir.path().join("config.json"))
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("OTEL_TRACES_EXPORTER", "none")
                .stdin(Stdio::null())
                .stdout(log.try_clone().expect("a file handle can be cloned"))
                .stderr(log)
                .spawn()
                .expect("docker-registry is installed (Debian: apt install docker-registry)");
            if answers(&mut child, port) {
                return DockerRegistry { child, port, dir, account: self.account };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = fs::read_to_string(dir.path().join("registry.log")).unwrap_or_default();
        panic!("docker-registry did not answer:\n{log}");
    }

    fn write_config(&self, dir: &Path, port: u16) {
        let mut config = json!({
            "version": 0.1,
            "log": { "level": "warn", "accesslog": { "disabled": true } },
            "storage": {
                "filesystem": { "rootdirectory": dir.join("data") },
                "delete": { "enabled": self.delete },
                "maintenance": { "uploadpurging": { "enabled": false } },
            },
            "http": { "addr": format!("127.0.0.1:{port}"), "secret": "testkit" },
        });
        if let Some(tls) = self.tls {
            let (certificate, key) = tls.write(dir).expect("the certificate can be written");
            config["http"]["tls"] = json!({ "certificate": certificate, "key": key });
        }
        if let Some(clients) = self.clients {
            let authority = clients.write(dir).expect("the certificate can be written");
            config["http"]["tls"]["clientcas"] = json!([authority]);
        }
        if let Some(server) = self.tokens {
            let signer = server.signer().expect("the real registry accepts signed tokens alone");
            let certificate = signer.write_certificate(dir).expect("the certificate can be written");
            config["auth"] = json!({ "token": {
                "realm": server.realm(),
                "service": server.service(),
                "issuer": signer.issuer(),
                "rootcertbundle": certificate,
            }});
        } else if let Some((user, password)) = &self.account {
            let line = run(Command::new("htpasswd").args(["-Bbn", "-C", "4", user, password]));
            fs::write(dir.join("htpasswd"), line).expect("the password file can be written");
            config["auth"] =
                json!({ "htpasswd": { "realm": "Registry Realm", "path": dir.join("htpasswd") } });
        }
        // JSON is YAML.
        fs::write(dir.join("config.json"), config.to_string()).expect("the config can be written");
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Whether it answers `GET /v2/` before it exits, within 20 s. Over TLS the answer is that it wants TLS.
fn answers(child: &mut Child, port: u16) -> bool {
    listens(child, || ping(port).is_ok_and(|answer| answer.starts_with("HTTP/1.")))
}

/// Whether `ready` says so before the program exits, within 20 s.
fn listens(child: &mut Child, ready: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            return false;
        }
        if ready() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn ping(port: u16) -> io::Result<String> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests;
