//! One address for several servers: what stands before a registry and its token server in real installations.
//!
//! Clients send passwords to a token realm only where it is the registry's own host and port, or shares its domain
//! over HTTPS. A test that wants that from two servers puts a front before both:
//!
//! ```
//! use testkit::auth::{Signer, TokenServer};
//! use testkit::front::Front;
//! use testkit::registry::Registry;
//!
//! let front = Front::start();
//! let tokens = TokenServer::builder().account("ann", "secret").realm(&front.url("/token")).start();
//! let registry = Registry::guarded(tokens.guard());
//! front.route("/token", &tokens.host());
//! front.route("/", &registry.host());
//! let reference = format!("{}/team/app:latest", front.host());
//! ```

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::net::{Listener, lock};

type Routes = Arc<Mutex<Vec<(String, String)>>>;

/// An HTTP front on a free loopback port. Each connection carries one request. It stops when dropped.
#[derive(Debug)]
pub struct Front {
    listener: Listener,
    routes: Routes,
}

impl Front {
    /// A front without routes, which closes every connection.
    pub fn start() -> Self {
        let routes = Routes::default();
        let shared = Arc::clone(&routes);
        let listener = Listener::start(move |client, _| {
            let routes = Arc::clone(&shared);
            async move {
                // What breaks here shows as a connection that ends.
                let _ = forward(client, &routes).await;
            }
        });
        Self { listener, routes }
    }

    /// Sends requests whose path begins with `prefix` to `host:port`. The longest prefix wins.
    pub fn route(&self, prefix: &str, target: &str) {
        lock(&self.routes).push((prefix.to_owned(), target.to_owned()));
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.listener.address().to_string()
    }

    /// `http://127.0.0.1:PORT` followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }
}

async fn forward(mut client: TcpStream, routes: &Routes) -> std::io::Result<()> {
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
    let path = head.split(' ').nth(1).unwrap_or_default();
    let target = {
        let routes = lock(routes);
        let matching = routes.iter().filter(|(prefix, _)| path.starts_with(prefix.as_str()));
        matching.max_by_key(|(prefix, _)| prefix.len()).map(|(_, target)| target.clone())
    };
    let Some(target) = target else { return Ok(()) };
    let mut server = TcpStream::connect(target).await?;
    // The next request may be for another server, so the server is told to close after this one.
    let kept = head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut sent = kept.collect::<Vec<_>>().join("\r\n");
    sent.push_str("\r\nConnection: close\r\n\r\n");
    server.write_all(sent.as_bytes()).await?;
    server.write_all(&bytes[end + 4..]).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Server, tests::ask};

    #[test]
    fn the_longest_prefix_wins() {
        let front = Front::start();
        assert_eq!(ask(&front.host(), "GET /", &[]).head, "");
        let one = Server::of_files([("/v2/a".to_owned(), "one".into())]);
        let two = Server::of_files([("/token".to_owned(), "two".into())]);
        front.route("/token", &two.host());
        front.route("/", &one.host());
        assert_eq!(ask(&front.host(), "GET /token?x", &[]).body, b"two");
        assert_eq!(ask(&front.host(), "GET /v2/a", &[("Range", "bytes=1-")]).body, b"ne");
        assert_eq!(one.log()[0].request.header_values("connection"), ["close"]);
    }
}
