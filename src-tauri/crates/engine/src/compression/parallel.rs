//! gzip on several threads: one member for each block, one after the other (RFC 1952, 2.2), as seekable layers have them
//! too. Where the blocks are depends on the bytes alone.
//!
//! libdeflate wants a block whole, and is then more than twice as fast as zlib-rs for no more bytes.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use libdeflater::{CompressionLvl, Compressor};

/// That a block knows nothing of the one before it costs less than a hundredth of its bytes.
const BLOCK: usize = 1 << 20;

/// One block on its way.
struct Task {
    block: Vec<u8>,
    answer: Sender<Option<Vec<u8>>>,
}

/// Writes gzip members.
pub(super) struct Gzip<W: Write> {
    output: W,
    /// The block that is being filled.
    open: Vec<u8>,
    tasks: Sender<Task>,
    pending: VecDeque<Receiver<Option<Vec<u8>>>>,
    most_pending: usize,
    begun: bool,
}

impl<W: Write> Gzip<W> {
    /// `level` is one of 1 to 9.
    pub(super) fn new(output: W, level: i32, threads: usize) -> Self {
        let (tasks, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..threads.max(1) {
            let queue = queue.clone();
            // Ends with the channel.
            thread::spawn(move || work(&queue, level));
        }
        let (open, pending) = (Vec::with_capacity(BLOCK), VecDeque::new());
        Self { output, open, tasks, pending, most_pending: threads.max(1) * 2, begun: false }
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        // What is empty has a member too.
        if !self.open.is_empty() || !self.begun {
            self.send()?;
        }
        while !self.pending.is_empty() {
            self.take()?;
        }
        Ok(self.output)
    }

    fn send(&mut self) -> io::Result<()> {
        self.begun = true;
        let (answer, done) = mpsc::channel();
        let block = std::mem::replace(&mut self.open, Vec::with_capacity(BLOCK));
        self.tasks.send(Task { block, answer }).map_err(|_| gone())?;
        self.pending.push_back(done);
        if self.pending.len() > self.most_pending {
            self.take()?;
        }
        Ok(())
    }

    /// Writes the member that is the next in order.
    fn take(&mut self) -> io::Result<()> {
        let Some(done) = self.pending.pop_front() else { return Ok(()) };
        let member = done.recv().map_err(|_| gone())?;
        self.output.write_all(&member.ok_or_else(|| io::Error::other("a block did not fit where it must"))?)
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BLOCK - self.open.len());
        self.open.extend_from_slice(&bytes[..count]);
        if self.open.len() == BLOCK {
            self.send()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gone() -> io::Error {
    io::Error::other("the threads that compress are gone")
}

fn work(queue: &Mutex<Receiver<Task>>, level: i32) {
    let level = CompressionLvl::new(level).unwrap_or_default();
    let mut compressor = Compressor::new(level);
    let next = || queue.lock().ok()?.recv().ok();
    while let Some(task) = next() {
        // No name, no time (RFC 1952, 2.3.1).
        let mut member = vec![0; compressor.gzip_compress_bound(task.block.len())];
        let written = compressor.gzip_compress(&task.block, &mut member);
        let member = written.ok().map(|length| {
            member.truncate(length);
            member
        });
        // Nobody waits for it where the writer failed.
        let _ = task.answer.send(member);
    }
}
