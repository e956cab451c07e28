//! One connection through the proxy: two directions, each a reader and a writer with the link between them.

use std::future::Future;
use std::io;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Cut, Link, Shared};
use crate::net::{drained, lock};

const PIECE: usize = 64 * 1024;
/// Pieces on their way: 60 MB/s for 10 ms are ten of them.
const IN_FLIGHT: usize = 32;
/// How far a connection may run ahead of its rate to make up for late timers.
const BURST: Duration = Duration::from_millis(5);

pub(super) async fn run(client: TcpStream, server: TcpStream, link: Link, shared: &Shared) {
    let (from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let (up_in, mut up_out) = mpsc::channel(IN_FLIGHT);
    let (down_in, mut down_out) = mpsc::channel(IN_FLIGHT);
    let up = carry(read(from_client, up_in, link), write_up(&mut up_out, &mut to_server, shared));
    let down = carry(read(from_server, down_in, link), write_down(&mut down_out, &mut to_client, shared));
    // A client that has gone is no reason to keep what stalls; one that only half-closes gets a second.
    let gone = async {
        let _ = up.await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let end = tokio::select! {
        end = down => end,
        () = gone => return,
    };
    match end {
        Down::Ended => {
            let _ = to_client.shutdown().await;
        }
        Down::Cut => {
            let stream: &TcpStream = to_client.as_ref();
            drained(stream).await;
            let _ = stream.set_zero_linger();
            // Dropping it would send a FIN before the reset.
            to_client.forget();
        }
    }
}

/// One direction: over when its writer is; a reader that waits for room does not hold it up.
async fn carry<T>(reader: impl Future<Output = io::Result<()>>, writer: impl Future<Output = T>) -> T {
    tokio::pin!(writer);
    tokio::select! {
        end = &mut writer => return end,
        // The reader's end closes the channel, and the writer writes what is still in it.
        _ = reader => {}
    }
    writer.await
}

struct Piece {
    due: Instant,
    bytes: Vec<u8>,
}

/// Reads pieces and stamps them with the time they are due on the other side.
async fn read(mut from: OwnedReadHalf, into: mpsc::Sender<Piece>, link: Link) -> io::Result<()> {
    let latency = link.round_trip / 2;
    let mut free = Instant::now();
    loop {
        let mut bytes = Vec::with_capacity(PIECE);
        if from.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        let now = Instant::now();
        if let Some(rate) = link.rate {
            free = free.max(now - BURST) + Duration::from_secs_f64(bytes.len() as f64 / rate as f64);
            // The line is busy until then: what waits behind it stays in the sender's kernel.
            tokio::time::sleep_until(free).await;
        }
        let due = now.max(free) + latency;
        if into.send(Piece { due, bytes }).await.is_err() {
            return Ok(());
        }
    }
}

async fn write_up(
    pieces: &mut mpsc::Receiver<Piece>,
    to: &mut OwnedWriteHalf,
    shared: &Shared,
) -> io::Result<()> {
    while let Some(piece) = pieces.recv().await {
        tokio::time::sleep_until(piece.due).await;
        to.write_all(&piece.bytes).await?;
        shared.up.fetch_add(piece.bytes.len() as u64, SeqCst);
    }
    to.shutdown().await
}

enum Down {
    Ended,
    Cut,
}

async fn write_down(pieces: &mut mpsc::Receiver<Piece>, to: &mut OwnedWriteHalf, shared: &Shared) -> Down {
    let mut carried = 0;
    while let Some(piece) = pieces.recv().await {
        tokio::time::sleep_until(piece.due).await;
        let mut bytes = &piece.bytes[..];
        while !bytes.is_empty() {
            let Allowed { length: allowed, cut, heals } = shared.allow(carried, bytes.len());
            if to.write_all(&bytes[..allowed]).await.is_err() {
                return Down::Ended;
            }
            carried += allowed as u64;
            bytes = &bytes[allowed..];
            match cut {
                None => {}
                Some(Cut::Reset) => return Down::Cut,
                Some(Cut::End) => return Down::Ended,
                Some(Cut::Stall) => shared.until_healed(heals).await,
            }
        }
    }
    Down::Ended
}

impl Shared {
    /// How many of the next `length` bytes may go down a connection that has carried `carried`, and what comes after
    /// them. The bytes are counted here, so that two connections can't both pass the same total.
    fn allow(&self, carried: u64, length: usize) -> Allowed {
        let mut limit = lock(&self.limit);
        let heals = *self.heals.borrow();
        let before = match *limit {
            Some(limit) if limit.whole => self.down.load(SeqCst),
            _ => carried,
        };
        let (allowed, cut) = match *limit {
            // The byte `at` itself must be waiting: a stream that ends there is not cut.
            Some(rule) if before + length as u64 > rule.at => {
                let left = usize::try_from(rule.at.saturating_sub(before)).unwrap_or(usize::MAX);
                (left.min(length), Some(rule.cut))
            }
            _ => (length, None),
        };
        if cut.is_some() {
            self.cuts.fetch_add(1, SeqCst);
            if limit.is_some_and(|rule| rule.once) {
                *limit = None;
            }
        }
        self.down.fetch_add(allowed as u64, SeqCst);
        Allowed { length: allowed, cut, heals }
    }

    /// Waits until the proxy has been healed more often than `heals` times.
    async fn until_healed(&self, heals: u64) {
        let _ = self.heals.subscribe().wait_for(|now| *now > heals).await;
    }
}

struct Allowed {
    length: usize,
    cut: Option<Cut>,
    /// How often the proxy had been healed when this was decided.
    heals: u64,
}
