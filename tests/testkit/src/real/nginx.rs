//! Debian's nginx in front of a registry: what stands before most registries, well or badly configured.

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Command};

use tempfile::TempDir;

use super::program::start;
use crate::tls::ServerTls;

/// A running nginx. Ended when dropped.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    port: u16,
    dir: TempDir,
}

/// Makes an [`Nginx`]: see [`Nginx::before`].
pub struct NginxBuilder<'a> {
    upstream: String,
    server: String,
    locations: String,
    http: String,
    tls: Option<&'a ServerTls>,
}

impl Nginx {
    /// In front of a plain HTTP server, `host:port`; everything is passed on as it is.
    pub fn before<'a>(upstream: &str) -> NginxBuilder<'a> {
        NginxBuilder {
            upstream: upstream.to_owned(),
            server: "client_max_body_size 0;\n".to_owned(),
            locations: String::new(),
            http: String::new(),
            tls: None,
        }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:PORT/REPOSITORY:TAG`.
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.host())
    }

    /// Its access log: `METHOD URI STATUS`, a request a line.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("access.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl<'a> NginxBuilder<'a> {
    /// Speaks TLS with this certificate.
    #[must_use]
    pub fn tls(mut self, tls: &'a ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Redirects GETs of blobs to the same path of another origin, `http://host:port`.
    #[must_use]
    pub fn redirect_blobs(mut self, origin: &str) -> Self {
        let rule = format!("if ($request_method = GET) {{ return 307 {origin}$request_uri; }}");
        let _ = writeln!(self.locations, "location ~ ^/v2/.+/blobs/sha256: {{ {rule} {} }}", self.pass());
        self
    }

    /// Refuses bodies of more bytes than this with 413 and a web page, as a default nginx does at 1 MiB.
    #[must_use]
    pub fn largest_body(mut self, bytes: u64) -> Self {
        self.server = format!("client_max_body_size {bytes};\n");
        self
    }

    /// Lets so many requests a second through, and answers more of them with `status` and `Retry-After`.
    #[must_use]
    pub fn limit(mut self, per_second: u32, status: u16, retry_after: u32) -> Self {
        let _ = writeln!(
            self.http,
            "limit_req_zone $server_name zone=all:1m rate={per_second}r/s; limit_req_status {status};"
        );
        let _ = writeln!(self.server, "limit_req zone=all;\nerror_page {status} @limited;");
        let page = format!("add_header Retry-After {retry_after} always; return {status};");
        let _ = writeln!(self.locations, "location @limited {{ {page} }}");
        self
    }

    /// Sends the paths that match `pattern`, a regular expression, to another server; to a closed port for a 502.
    #[must_use]
    pub fn send(mut self, pattern: &str, target: &str) -> Self {
        let _ = writeln!(self.locations, "location ~ {pattern} {{ proxy_pass http://{target}; }}");
        self
    }

    /// Answers the paths that match `pattern` with these directives: `return 200 "<html>"`.
    #[must_use]
    pub fn location(mut self, pattern: &str, directives: &str) -> Self {
        let _ = writeln!(self.locations, "location ~ {pattern} {{ {directives} }}");
        self
    }

    fn pass(&self) -> String {
        format!("proxy_pass http://{};", self.upstream)
    }

    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// Where nginx is not installed, or does not start within 20 s.
    pub fn start(self) -> Nginx {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (child, port) = start(&dir.path().join("error.log"), "nginx", |port| {
            fs::write(dir.path().join("nginx.conf"), self.config(&dir, port)).expect("it can be written");
            let mut command = Command::new("nginx");
            command.arg("-p").arg(dir.path()).args(["-e", "error.log", "-c", "nginx.conf"]);
            command
        });
        Nginx { child, port, dir }
    }

    fn config(&self, dir: &TempDir, port: u16) -> String {
        let tls = self.tls.map_or_else(String::new, |tls| {
            let (certificate, key) = tls.write(dir.path()).expect("the certificate can be written");
            format!("ssl_certificate {};\nssl_certificate_key {};\n", certificate.display(), key.display())
        });
        let listen = if self.tls.is_some() { "ssl" } else { "" };
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        // One process, so that ending it ends all of it.
        format!(
            "daemon off;\nmaster_process off;\nworker_processes 1;\npid nginx.pid;\nevents {{}}\nhttp {{\n{temporary}\
             log_format short '$request_method $request_uri $status';\naccess_log access.log short;\n{}\
             server {{\nlisten 127.0.0.1:{port} {listen};\nserver_name _;\n{tls}{}\
             proxy_http_version 1.1;\nproxy_request_buffering off;\nproxy_buffering off;\n\
             proxy_set_header Host $http_host;\nproxy_set_header X-Forwarded-Proto $scheme;\n{}\
             location / {{ {} }}\n}}\n}}\n",
            self.http,
            self.server,
            self.locations,
            self.pass(),
        )
    }
}
