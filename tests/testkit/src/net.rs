//! What every server here needs: the runtime, a listener that stops when dropped, and a close that loses nothing.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// The runtime of every server: apart from the tests' own, so that a test that blocks its thread, or pauses
/// its clock, does not stop the server that it waits for.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("testkit")
        .enable_all()
        .build()
        .expect("a runtime can be made")
});

/// Runs `future` on the servers' runtime.
pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    RUNTIME.spawn(future)
}

/// A test that failed while it held a lock says so itself; the server behind it goes on.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Accepts on a free loopback port until dropped; the connections end with it.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Gives each connection, numbered from 1, to `serve`.
    pub(crate) fn start<F, S>(serve: S) -> Self
    where
        S: Fn(TcpStream, u64) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_at(Ipv4Addr::LOCALHOST, None, serve)
    }

    /// The same at another loopback address; connections keep about `send_buffer` bytes that the client's kernel has
    /// not taken, where it is given.
    pub(crate) fn start_at<F, S>(address: Ipv4Addr, send_buffer: Option<u32>, serve: S) -> Self
    where
        S: Fn(TcpStream, u64) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let _runtime = RUNTIME.enter();
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        if let Some(bytes) = send_buffer {
            // Accepted connections inherit it.
            socket.set_send_buffer_size(bytes).expect("a buffer's size can be set");
        }
        socket.bind(SocketAddr::from((address, 0))).expect("loopback has a free port");
        let listener = socket.listen(1024).expect("a bound socket can listen");
        let address = listener.local_addr().expect("a bound listener has an address");
        let accepting = spawn(async move {
            // Dropped with this task, and every connection with it.
            let mut connections = tokio::task::JoinSet::new();
            let mut number = 0;
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { continue };
                        let _ = stream.set_nodelay(true);
                        number += 1;
                        connections.spawn(serve(stream, number));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Self { address, accepting }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Waits until the peer's kernel has taken every byte, so that a reset after N bytes arrives after N bytes: a reset
/// throws away what is still in the send queue. Gives up after 5 s, for a peer that does not read.
pub(crate) async fn drained(stream: &TcpStream) {
    let (Ok(SocketAddr::V4(local)), Ok(SocketAddr::V4(peer))) = (stream.local_addr(), stream.peer_addr())
    else {
        return;
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        match unsent_bytes(local, peer) {
            Some(0) | None => return,
            Some(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

/// The send queue's length by the kernel's table; `None` where the connection is gone or there is no such table.
fn unsent_bytes(local: SocketAddrV4, peer: SocketAddrV4) -> Option<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let (local, peer) = (kernel_form(local), kernel_form(peer));
    table.lines().find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        if fields.next()? != local || fields.next()? != peer {
            return None;
        }
        let queues = fields.nth(1)?;
        u64::from_str_radix(queues.split_once(':')?.0, 16).ok()
    })
}

/// `127.0.0.1:80` as `/proc/net/tcp` writes it on a little-endian machine: `0100007F:0050`.
fn kernel_form(address: SocketAddrV4) -> String {
    format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[test]
    fn a_dropped_listener_refuses_and_ends_its_connections() {
        let listener = Listener::start(|stream, _| async move {
            let _open = stream;
            std::future::pending::<()>().await;
        });
        let address = listener.address();
        let mut client = std::net::TcpStream::connect(address).unwrap();
        drop(listener);
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let end = client.read(&mut [0]);
        assert!(
            matches!(end, Ok(0)) || end.is_err_and(|it| it.kind() == std::io::ErrorKind::ConnectionReset)
        );
        let refused = (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(2));
            std::net::TcpStream::connect(address).is_err()
        });
        assert!(refused, "the port still answers");
    }

    #[test]
    fn drained_waits_for_a_slow_reader() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let listener = Listener::start(move |mut stream, _| {
            let sender = sender.clone();
            async move {
                let body = vec![1; 3_000_000];
                stream.write_all(&body).await.unwrap();
                drained(&stream).await;
                stream.set_zero_linger().unwrap();
                drop(stream);
                sender.send(()).unwrap();
            }
        });
        let mut client = std::net::TcpStream::connect(listener.address()).unwrap();
        let mut seen = 0;
        let mut buffer = vec![0; 1 << 16];
        let error = loop {
            match client.read(&mut buffer) {
                Ok(count) => seen += count,
                Err(error) => break error,
            }
            if seen < 500_000 {
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        assert_eq!((seen, error.kind()), (3_000_000, std::io::ErrorKind::ConnectionReset));
        receiver.recv().unwrap();
    }
}
