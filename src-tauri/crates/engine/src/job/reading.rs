//! What is read before anything else is known of it, watched.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::{Job, TransferEvent};

/// How often it is told at most.
const BETWEEN: Duration = Duration::from_millis(50);

/// A file that tells its job how much of it was read.
pub(crate) struct Reading<R> {
    input: R,
    done: u64,
    total: u64,
    told: Option<Instant>,
    job: Job,
}

impl<R: Read> Reading<R> {
    /// A file of `total` bytes, from its beginning.
    pub(crate) fn new(input: R, total: u64, job: &Job) -> Self {
        Self { input, done: 0, total, told: None, job: job.clone() }
    }
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.done += count as u64;
        let due = self.told.is_none_or(|told| told.elapsed() >= BETWEEN);
        if count > 0 && (due || self.done == self.total) {
            self.told = Some(Instant::now());
            self.job.emit(TransferEvent::Reading { done: self.done, total: self.total });
        }
        Ok(count)
    }
}
