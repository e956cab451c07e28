//! gzip on several threads, as pigz does it: one member, of blocks that are compressed each by itself, with the 32 KiB
//! before it as a dictionary. Where the blocks are depends on the bytes alone.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::{Compress, Crc, FlushCompress, Status};

const BLOCK: usize = 256 * 1024;
const DICTIONARY: usize = 32 * 1024;
/// No name, no time, no system (RFC 1952, 2.3).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// One block on its way.
struct Task {
    /// The dictionary, and the block behind it.
    bytes: Vec<u8>,
    /// Where the block begins.
    from: usize,
    last: bool,
    answer: Sender<Done>,
}

struct Done {
    compressed: io::Result<Vec<u8>>,
    crc: Crc,
}

/// Writes one gzip member.
pub(super) struct Gzip<W: Write> {
    output: W,
    /// The dictionary of the block that is being filled, and the block.
    open: Vec<u8>,
    from: usize,
    tasks: Sender<Task>,
    pending: VecDeque<Receiver<Done>>,
    most_pending: usize,
    crc: Crc,
    begun: bool,
}

impl<W: Write> Gzip<W> {
    pub(super) fn new(output: W, level: u32, threads: usize) -> Self {
        let (tasks, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = queue.clone();
            // Ends with the channel.
            thread::spawn(move || work(&queue, level));
        }
        Self {
            output,
            open: Vec::with_capacity(DICTIONARY + BLOCK),
            from: 0,
            tasks,
            pending: VecDeque::new(),
            most_pending: threads.max(1) * 2,
            crc: Crc::new(),
            begun: false,
        }
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.send(true)?;
        while !self.pending.is_empty() {
            self.take()?;
        }
        let trailer = [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()].concat();
        self.output.write_all(&trailer)?;
        Ok(self.output)
    }

    fn send(&mut self, last: bool) -> io::Result<()> {
        let keep = self.open.len().saturating_sub(DICTIONARY);
        let mut next = Vec::with_capacity(DICTIONARY + BLOCK);
        next.extend_from_slice(&self.open[keep..]);
        let next_from = next.len();
        let (answer, done) = mpsc::channel();
        let bytes = std::mem::replace(&mut self.open, next);
        let task = Task { bytes, from: std::mem::replace(&mut self.from, next_from), last, answer };
        self.tasks.send(task).map_err(|_| io::Error::other("the threads that compress are gone"))?;
        self.pending.push_back(done);
        if self.pending.len() > self.most_pending {
            self.take()?;
        }
        Ok(())
    }

    /// Writes the block that is the next in order.
    fn take(&mut self) -> io::Result<()> {
        let Some(done) = self.pending.pop_front() else { return Ok(()) };
        let done = done.recv().map_err(|_| io::Error::other("a thread that compresses is gone"))?;
        if !std::mem::replace(&mut self.begun, true) {
            self.output.write_all(&HEADER)?;
        }
        self.output.write_all(&done.compressed?)?;
        self.crc.combine(&done.crc);
        Ok(())
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BLOCK - (self.open.len() - self.from));
        self.open.extend_from_slice(&bytes[..count]);
        if self.open.len() - self.from == BLOCK {
            self.send(false)?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn work(queue: &Mutex<Receiver<Task>>, level: u32) {
    let next = || queue.lock().ok()?.recv().ok();
    while let Some(task) = next() {
        let mut crc = Crc::new();
        crc.update(&task.bytes[task.from..]);
        let compressed = compress(&task, level);
        // Nobody waits for it where the writer failed.
        let _ = task.answer.send(Done { compressed, crc });
    }
}

fn compress(task: &Task, level: u32) -> io::Result<Vec<u8>> {
    let mut deflate = Compress::new(flate2::Compression::new(level), false);
    if task.from > 0 {
        deflate.set_dictionary(&task.bytes[..task.from])?;
    }
    let block = &task.bytes[task.from..];
    // More than deflate ever makes of a block, so that one call does.
    let mut compressed = Vec::with_capacity(block.len() + block.len() / 1000 + 1024);
    let flush = if task.last { FlushCompress::Finish } else { FlushCompress::Sync };
    let status = deflate.compress_vec(block, &mut compressed, flush)?;
    let whole = deflate.total_in() == block.len() as u64 && (!task.last || status == Status::StreamEnd);
    if whole { Ok(compressed) } else { Err(io::Error::other("a block did not fit where it must")) }
}
