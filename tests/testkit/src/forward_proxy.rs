//! A forward proxy, as stands between an office and the world: CONNECT for https, whole URLs for http.
//!
//! Names are looked up in a table of its own first, so that a name leads to a server of the test by way of the proxy
//! alone. What it can't reach it answers with 502, and with its own refusal what the test says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::net::{Listener, lock};

/// What is said to every connection.
#[derive(Default)]
struct Shared {
    names: Mutex<BTreeMap<String, SocketAddr>>,
    account: Option<String>,
    refusing: Mutex<Option<u16>>,
    asked: Mutex<Vec<String>>,
}

/// A forward proxy on a free loopback port. Each connection carries one request or one tunnel. It stops when dropped.
pub struct ForwardProxy {
    listener: Listener,
    shared: Arc<Shared>,
    userinfo: String,
}

impl ForwardProxy {
    /// A proxy for anybody.
    pub fn start() -> Self {
        Self::start_with(Shared::default(), String::new())
    }

    /// A proxy that asks for this account (Basic), with 407.
    pub fn with_account(username: &str, password: &str) -> Self {
        let account = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
        let shared = Shared { account: Some(account), ..Shared::default() };
        Self::start_with(shared, format!("{username}:{password}@"))
    }

    fn start_with(shared: Shared, userinfo: String) -> Self {
        let shared = Arc::new(shared);
        let of_connections = Arc::clone(&shared);
        let listener = Listener::start(move |client, _| {
            let shared = Arc::clone(&of_connections);
            async move {
                // What breaks here shows as a connection that ends.
                let _ = serve(client, &shared).await;
            }
        });
        Self { listener, shared, userinfo }
    }

    /// Leads this name to `address`, whatever port is asked for.
    pub fn resolve(&self, name: &str, address: SocketAddr) {
        lock(&self.shared.names).insert(name.to_owned(), address);
    }

    /// Answers everything with this status from now on.
    pub fn refuse(&self, status: u16) {
        *lock(&self.shared.refusing) = Some(status);
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.listener.address().to_string()
    }

    /// `http://127.0.0.1:PORT`, with the account where one is asked for.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.userinfo, self.host())
    }

    /// The first line of every request so far: `CONNECT registry.test:443 HTTP/1.1`.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.asked).clone()
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    lock(&shared.asked).push(line.to_owned());
    let authorization = headers.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim().to_owned())
    });
    if shared.account.is_some() && authorization != shared.account {
        return answer(&mut client, "407 Proxy Authentication Required").await;
    }
    let refusing = *lock(&shared.refusing);
    if let Some(status) = refusing {
        return answer(&mut client, &format!("{status} Refused By The Proxy")).await;
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (authority, path) = if method == "CONNECT" {
        (target, "")
    } else {
        let rest = target.strip_prefix("http://").unwrap_or(target);
        rest.split_at(rest.find('/').unwrap_or(rest.len()))
    };
    let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
    let known = lock(&shared.names).get(name).copied();
    let server = match known {
        Some(address) => TcpStream::connect(address).await,
        None => TcpStream::connect(authority).await,
    };
    let Ok(mut server) = server else { return answer(&mut client, "502 Bad Gateway").await };
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await?;
    } else {
        // The proxy's own headers stay here, and the next request may be for another server.
        let own = |line: &&str| {
            let line = line.to_ascii_lowercase();
            !line.starts_with("proxy-") && !line.starts_with("connection:")
        };
        let kept: Vec<&str> = headers.split("\r\n").filter(own).collect();
        let sent = format!("{method} {path} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", kept.join("\r\n"));
        server.write_all(sent.as_bytes()).await?;
    }
    server.write_all(&bytes[end + 4..]).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

async fn answer(client: &mut TcpStream, status: &str) -> std::io::Result<()> {
    let challenge =
        if status.starts_with("407") { "Proxy-Authenticate: Basic realm=\"proxy\"\r\n" } else { "" };
    let text = format!("HTTP/1.1 {status}\r\n{challenge}Content-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(text.as_bytes()).await?;
    client.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;
    use crate::server::tests::ask;

    #[test]
    fn whole_urls_and_tunnels_reach_the_server() {
        let server = Server::of_files([("/x".to_owned(), "here".into())]);
        let proxy = ForwardProxy::start();
        proxy.resolve("registry.test", server.address());
        assert_eq!(ask(&proxy.host(), "GET http://registry.test/x", &[]).body, b"here");
        let tunnel = ask(&proxy.host(), "CONNECT registry.test:443 HTTP/1.1\r\n\r\nGET /x", &[]);
        assert!(tunnel.head.starts_with("HTTP/1.1 200 Connection Established"));
        assert!(tunnel.body.ends_with(b"here"));
        assert_eq!(proxy.asked().len(), 2);
        assert!(ask(&proxy.host(), "GET http://127.0.0.1:1/x", &[]).head.starts_with("HTTP/1.1 502"));
        proxy.refuse(403);
        assert!(ask(&proxy.host(), "GET http://registry.test/x", &[]).head.starts_with("HTTP/1.1 403"));
    }

    #[test]
    fn an_account_is_asked_for() {
        let server = Server::of_files([("/x".to_owned(), "here".into())]);
        let proxy = ForwardProxy::with_account("ann", "secret");
        assert_eq!(proxy.url(), format!("http://ann:secret@{}", proxy.host()));
        let line = format!("GET {}", server.url("/x"));
        assert!(ask(&proxy.host(), &line, &[]).head.starts_with("HTTP/1.1 407"));
        let account = ("Proxy-Authorization", "Basic YW5uOnNlY3JldA==");
        assert_eq!(ask(&proxy.host(), &line, &[account]).body, b"here");
        assert!(server.log().last().unwrap().request.header("proxy-authorization").is_none());
    }
}
