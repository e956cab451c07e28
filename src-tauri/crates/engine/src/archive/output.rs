//! Where an archive is written: a file beside its place, or a stream. What is compressed or streamed is written by one
//! thread, so that the next bytes are read and hashed meanwhile.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use tempfile::NamedTempFile;
use tokio::sync::{mpsc, oneshot};

use crate::compression::{Compression, Encoder};
use crate::error::{Code, Error, Result};

/// What a file is called until it is whole.
const PREFIX: &str = ".longshore-save-";
/// How long a file may be without its lock.
const NEW: Duration = Duration::from_secs(10);
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

/// A file beside the place where it will stand.
pub(super) struct Place {
    path: PathBuf,
    temp: NamedTempFile,
}

impl Place {
    /// Makes the file. Files of the same folder that a killed program left half-written go.
    ///
    /// # Errors
    /// [`Code::StoreFailed`], [`Code::StoreReadOnly`] or [`Code::StoreFull`] where the folder takes no file.
    pub fn begin(path: &Path) -> Result<(Self, File)> {
        let dir = folder(path);
        sweep(dir, PREFIX);
        let io = |error| failed(&path.display().to_string(), error);
        // For everybody to read, as far as the umask lets them: as a file is that is made in the usual way.
        let mode = std::fs::Permissions::from_mode(0o666);
        let temp = tempfile::Builder::new().prefix(PREFIX).permissions(mode).tempfile_in(dir).map_err(io)?;
        // A lock says that somebody is writing it still.
        let _ = temp.as_file().try_lock();
        let file = temp.reopen().map_err(io)?;
        Ok((Self { path: path.to_owned(), temp }, file))
    }

    /// What errors call it.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Puts it there, durably. Its length, bytes.
    ///
    /// # Errors
    /// The file system's.
    pub fn put(self, file: &File) -> io::Result<u64> {
        file.sync_all()?;
        let length = file.metadata()?.len();
        self.temp.persist(&self.path).map_err(|error| error.error)?;
        File::open(folder(&self.path))?.sync_all()?;
        Ok(length)
    }
}

impl Output {
    /// Begins a file that will stand at `path`, compressed as a whole.
    ///
    /// # Errors
    /// As [`Place::begin`]; [`Code::CompressionUnsupported`].
    pub fn file(path: &Path, compression: Compression) -> Result<Self> {
        let (place, file) = Place::begin(path)?;
        let encoder = Encoder::new(io::BufWriter::with_capacity(1 << 20, file), compression, None)?;
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
    Packed(Encoder<io::BufWriter<File>>),
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
            Self::Packed(encoder) => Ok(Some(encoder.finish()?.into_inner().map_err(io::Error::from)?)),
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

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Deletes what killed programs left: files of ours that nobody has locked. A new one is not locked for a moment.
pub(super) fn sweep(dir: &Path, prefix: &str) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > NEW));
        if !is_old || !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        // What can't be opened or deleted is somebody else's, and no reason not to save.
        let file = std::fs::OpenOptions::new().write(true).open(entry.path());
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Why a place can't be written to.
pub(super) fn failed(name: &str, error: io::Error) -> Error {
    use io::ErrorKind;
    let (code, hint) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            (Code::StoreFull, "Free some space there, or save to another disk; what stood there is as it was")
        }
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            (Code::StoreReadOnly, "Save to a folder that you may write to")
        }
        ErrorKind::NotFound => (Code::StoreFailed, "Make the folder first, or correct the path"),
        ErrorKind::BrokenPipe => {
            (Code::StoreFailed, "The program that reads it ended before all was written")
        }
        _ => (Code::StoreFailed, "Check the disk; what stood there is as it was"),
    };
    Error::new(code, format!("`{name}` can't be written")).with_hint(hint).with_source(error)
}
