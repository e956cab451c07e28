//! Images from and to a container engine on this computer: what it packs is read as an archive, what it takes is written
//! as one. Neither lies on a disk as a whole on the way.
//!
//! Invariant: an engine is never given an archive that ends well and is not whole. What breaks off breaks its request off.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

use crate::archive::{Archive, ArchiveSink, ArchiveSource, Compression, Format};
use crate::daemon::Daemon;
use crate::endpoint::ImageSource;
use crate::error::{Code, Error, Result};
use crate::job::Job;
use crate::transfer::{Outcome, Request, transfer};

/// Pieces between whoever packs and the request.
const DEPTH: usize = 8;

/// An engine's image, named as it names it. Its blobs are in temporary files of `spool` for as long as the source lives.
///
/// # Errors
/// [`Code::NotFound`] where it has no such image; [`Code::Unreachable`] where it does not answer; what [`Archive::of_stream`]
/// and [`ArchiveSource::new`] give.
pub async fn take(daemon: &Daemon, image: &str, spool: &Path, job: &Job) -> Result<ArchiveSource> {
    let mut packed = daemon.take(image);
    // Whether there is such an image shows at the first bytes.
    let first = job.run(async { packed.next().await.transpose() }).await?;
    let bytes = stream::iter(first.map(Ok)).chain(packed).map_err(io::Error::other);
    let reader = SyncIoBridge::new(StreamReader::new(bytes));
    let (name, spool, working) = (format!("{image} of {}", daemon.name()), spool.to_owned(), job.clone());
    let read = tokio::task::spawn_blocking(move || {
        let archive = Archive::of_stream(reader, &name, &spool, &working)?;
        ArchiveSource::new(&archive, &working)
    });
    let read = async {
        read.await.map_err(|panic| Error::new(Code::Internal, "reading was broken off").with_source(panic))?
    };
    job.run(read).await
}

/// Gives an image to an engine; what was moved, and the lines that it answers.
///
/// # Errors
/// What the source gives; [`Code::RegistryFailed`] where the engine refuses it, [`Code::Unreachable`] where it does not
/// answer. The engine has nothing of it then.
pub async fn give(
    daemon: &Daemon,
    source: Arc<dyn ImageSource>,
    request: &Request,
    job: &Job,
) -> Result<(Outcome, Vec<String>)> {
    let (pieces, waiting) = mpsc::channel(DEPTH);
    let gone = Arc::new(AtomicBool::new(false));
    let pipe = Pipe { pieces: pieces.clone(), gone: gone.clone() };
    let packing = async {
        match pack(daemon, pipe, source, request, job).await {
            Ok(outcome) => {
                drop(pieces);
                Ok(outcome)
            }
            Err(error) => {
                // Without it the request would end as if all were there.
                let _ = pieces.send(Err(error.copy())).await;
                Err(error)
            }
        }
    };
    let archive = stream::unfold(waiting, |mut waiting: mpsc::Receiver<Result<Bytes>>| async move {
        let piece = waiting.recv().await?;
        Some((piece, waiting))
    });
    match join(packing, daemon.give(archive, job)).await {
        (Ok(outcome), Ok(lines)) => Ok((outcome, lines)),
        // It took no more: why not is what it says itself.
        (Err(_), Err(refused)) if gone.load(Ordering::Relaxed) => Err(refused),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    }
}

async fn pack(
    daemon: &Daemon,
    pipe: Pipe,
    source: Arc<dyn ImageSource>,
    request: &Request,
    job: &Job,
) -> Result<Outcome> {
    let sink = ArchiveSink::to_stream(pipe, daemon.name(), Format::Hybrid, Compression::None)?;
    let sink = Arc::new(sink);
    let outcome = transfer(source, sink.clone(), request, job).await?;
    job.checkpoint().await?;
    Arc::into_inner(sink).expect("the transfer let go of it").finish().await?;
    Ok(outcome)
}

/// What is written goes into the request.
struct Pipe {
    pieces: mpsc::Sender<Result<Bytes>>,
    gone: Arc<AtomicBool>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pieces.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(|_| {
            self.gone.store(true, Ordering::Relaxed);
            io::Error::from(io::ErrorKind::BrokenPipe)
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
