//! Where an archive is written: a file beside its place, or a stream. What is compressed or streamed is written by one
//! thread, so that the next bytes are read and hashed meanwhile.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::compression::{Compression, Encoder};
use crate::error::{Code, Error, Result};
use crate::place::{Place, Writer, failed};

/// Pieces between whoever brings them and the thread that writes.
const DEPTH: usize = 8;

/// A writer that can't go back.
pub(super) type Stream = Box<dyn Write + Send>;

enum Order {
    Write(Bytes),
    /// Says once everything so far is written.
    Flush(oneshot::Sender<()>),
}

/// What is being written.
pub(super) struct Output {
    name: String,
    orders: mpsc::Sender<Order>,
    thread: JoinHandle<io::Result<Option<File>>>,
    place: Option<Place>,
}

impl Output {
    /// Begins a file that will stand at `path`, compressed as a whole.
    ///
    /// # Errors
    /// As [`Place::begin`]; [`Code::CompressionUnsupported`].
    pub fn file(path: &Path, compression: Compression) -> Result<Self> {
        let (place, file) = Place::begin(path)?;
        let encoder = Encoder::new(Writer::new(file), compression, None)?;
        Ok(Self::begin(path.display().to_string(), Sink::Packed(encoder), Some(place)))
    }

    /// Begins a stream, which is called `name` in errors.
    ///
    /// # Errors
    /// [`Code::CompressionUnsupported`].
    pub fn stream(stream: Stream, name: &str, compression: Compression) -> Result<Self> {
        let encoder = Encoder::new(stream, compression, None)?;
        Ok(Self::begin(name.to_owned(), Sink::Stream(encoder), None))
    }

    fn begin(name: String, sink: Sink, place: Option<Place>) -> Self {
        let (orders, waiting) = mpsc::channel(DEPTH);
        let thread = std::thread::spawn(move || sink.run(waiting));
        Self { name, orders, thread, place }
    }

    /// Writes, in order; an error may show at a later call.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        match self.orders.send(Order::Write(bytes)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.why().await),
        }
    }

    /// Waits until everything is written so far.
    pub async fn flush(&mut self) -> Result<()> {
        let (tell, told) = oneshot::channel();
        let sent = self.orders.send(Order::Flush(tell)).await.is_ok();
        if sent && told.await.is_ok() { Ok(()) } else { Err(self.why().await) }
    }

    /// Ends it: what is a file stands in its place when this returns, durably. Its length, bytes; none of a stream.
    pub async fn finish(self) -> Result<Option<u64>> {
        let Self { name, orders, thread, place, .. } = self;
        drop(orders);
        tokio::task::spawn_blocking(move || {
            let io = |error| failed(&name, error);
            let file = joined(thread).map_err(io)?;
            let (Some(file), Some(place)) = (file, place) else { return Ok(None) };
            place.put(&file).map(Some).map_err(io)
        })
        .await
        .map_err(|panic| Error::new(Code::Internal, "writing an archive was broken off").with_source(panic))?
    }

    /// What the thread died of.
    async fn why(&mut self) -> Error {
        let (orders, _) = mpsc::channel(1);
        self.orders = orders;
        let thread = std::mem::replace(&mut self.thread, std::thread::spawn(|| Ok(None)));
        let ended = tokio::task::spawn_blocking(move || joined(thread)).await;
        match ended {
            Ok(Err(error)) => failed(&self.name, error),
            _ => failed(&self.name, io::Error::other("an earlier piece could not be written")),
        }
    }
}

fn joined(thread: JoinHandle<io::Result<Option<File>>>) -> io::Result<Option<File>> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes ended in a panic")))
}

enum Sink {
    Packed(Encoder<Writer>),
    Stream(Encoder<Stream>),
}

impl Sink {
    fn run(mut self, mut orders: mpsc::Receiver<Order>) -> io::Result<Option<File>> {
        while let Some(order) = orders.blocking_recv() {
            match order {
                Order::Write(bytes) => self.write_all(&bytes)?,
                Order::Flush(tell) => {
                    let _ = tell.send(());
                }
            }
        }
        match self {
            Self::Packed(encoder) => encoder.finish()?.finish().map(Some),
            Self::Stream(encoder) => encoder.finish()?.flush().map(|()| None),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Packed(encoder) => encoder.write_all(bytes),
            Self::Stream(encoder) => encoder.write_all(bytes),
        }
    }
}
