//! Fills a file with a blob: over one connection, or over several where one connection is the bottleneck.
//!
//! A blob begins as one plain GET. While it runs, its speed is measured; where a connection brings less than what a
//! disk or a hash can take and others are free, parts of the blob that lie ahead are fetched by range at the same
//! time, straight to their offsets. More connections come only for as long as each still brings what the first did.
//! One thread writes and hashes, so memory is bounded by a few chunks. Whatever arrived stays in the file.
//!
//! A blob that was put together from several answers and hashes wrong is fetched once more in one piece: the answers
//! may have been of different contents. One that came in a single answer and hashes wrong is refused at once.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use oci::descriptor::Descriptor;
use oci::digest::Hasher;
use tokio::sync::mpsc;

use super::content::{Content, Teller};
use super::lanes::Lane;
use crate::blob::{ByteRange, RandomAccess, RangeProblem, RangeSet, check};
use crate::error::{Code, Error, Result};
use crate::job::{Job, TransferEvent};

mod ledger;
mod tempo;

use ledger::Ledger;
pub(crate) use tempo::Tempo;

/// Chunks between the network and the writing thread.
const DEPTH: usize = 6;
/// Tries of one range without progress.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// As much counts as progress, bytes.
const PROGRESS: u64 = 256 * 1024;
/// How long the front keeps its answer for whether another connection gets what comes next.
const PATIENCE: Duration = Duration::from_secs(5);
/// Whole restarts where the registry ignores ranges and the connection keeps breaking.
const RESTARTS: u32 = 3;

struct Piece {
    offset: u64,
    bytes: Bytes,
}

struct Failed {
    error: Error,
    /// More than one answer, or an earlier transfer, is in the file.
    composed: bool,
}

impl Content {
    /// Fills the file and proves that it holds the blob. The caller commits it.
    ///
    /// # Errors
    /// [`Code::ContentMismatch`]; [`Code::Cancelled`]; what the source or the file give. The file keeps what is good.
    pub async fn fill(&self, file: Arc<dyn RandomAccess>) -> Result<()> {
        if let Some(data) = &self.descriptor.data {
            return fill_inline(&self.descriptor, data, &*file);
        }
        let mut plain = false;
        let mut restarts = 0;
        loop {
            let failed = match self.attempt(&file, plain).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
            let problem = RangeProblem::in_error(&failed.error);
            let again = match problem {
                Some(RangeProblem::Ignored) => restarts < RESTARTS,
                Some(_) => !plain,
                None if failed.error.code() == Code::ContentMismatch => {
                    // Asked always, so that no other place is forgotten.
                    let elsewhere = self.source.doubts(&self.descriptor);
                    elsewhere || (failed.composed && !plain)
                }
                None => false,
            };
            if failed.error.code() == Code::ContentMismatch || again {
                file.restart()?;
            }
            if !again {
                return Err(failed.error.at_digest(&self.descriptor.digest));
            }
            restarts += 1;
            plain = true;
            let digest = Some(self.descriptor.digest.clone());
            let why = format!("beginning again: {}", failed.error.message());
            self.job.emit(TransferEvent::Retrying { digest, wait: Duration::ZERO, why });
        }
    }

    async fn attempt(&self, file: &Arc<dyn RandomAccess>, plain: bool) -> Result<(), Failed> {
        let present = file.present();
        let resumed = !present.is_empty();
        let ledger = Mutex::new(Ledger::new(present.missing(self.descriptor.size), plain));
        let (sender, receiver) = mpsc::channel(DEPTH);
        let teller = Teller::new(&self.job, &self.descriptor);
        let arrived = teller.shared();
        let writing = Writing { file: file.clone(), descriptor: self.descriptor.clone(), present, teller };
        let job = self.job.clone();
        let writer = tokio::task::spawn_blocking(move || writing.run(receiver, &job));
        let fetched = self.fetch(&ledger, sender, || arrived.load(Ordering::Relaxed)).await;
        let written = writer.await.expect("the writing thread does not panic");
        let composed = resumed || lock(&ledger).answers > 1;
        // A full disk shows first as a channel that closed: the writer's error is the true one.
        let hashed = match (written, fetched) {
            (Err(error), _) | (Ok(_), Err(error)) => return Err(Failed { error, composed }),
            (Ok(hashed), Ok(())) => hashed,
        };
        check(&self.descriptor, hashed.bytes, hashed.hasher).map_err(|error| Failed { error, composed })
    }

    async fn fetch(
        &self,
        ledger: &Mutex<Ledger>,
        sender: mpsc::Sender<Piece>,
        arrived: impl Fn() -> u64,
    ) -> Result<()> {
        let mut workers = FuturesUnordered::new();
        let mut tempo = Tempo::new(arrived());
        let mut ticks = tokio::time::interval(Tempo::TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if workers.is_empty() {
                if !lock(ledger).has_work() {
                    return Ok(());
                }
                let lane = self.job.run(async { Ok(self.lanes.take().await) }).await?;
                workers.push(self.work(ledger, &sender, lane, true));
            }
            tokio::select! {
                Some(done) = workers.next() => done?,
                _ = ticks.tick() => {
                    let wanted = if self.job.is_paused() { 0 } else { tempo.more(arrived(), workers.len(), Instant::now()) };
                    let mut added = 0;
                    while added < wanted && workers.len() < self.lanes.all() && lock(ledger).can_split() {
                        let Some(lane) = self.lanes.spare() else { break };
                        workers.push(self.work(ledger, &sender, lane, false));
                        added += 1;
                    }
                    tempo.added(added);
                }
            }
        }
    }

    /// One connection's work: the front of the blob first, or parts that lie ahead, until nothing is left.
    async fn work(
        &self,
        ledger: &Mutex<Ledger>,
        sender: &mpsc::Sender<Piece>,
        lane: Lane,
        front: bool,
    ) -> Result<()> {
        let _lane = lane;
        let mut front = front;
        loop {
            let part = lock(ledger).claim(front, self.lanes.all() as u64);
            let Some(part) = part else { return Ok(()) };
            let claim = ledger::Claimed::new(ledger, part, front);
            match self.fetch_range(&claim, sender).await {
                Err(error) if !claim.is_front() && RangeProblem::in_error(&error).is_some() => {
                    // Ranges do not work here: the front goes on alone, and takes this part too.
                    drop(claim);
                    lock(ledger).refuse_ranges();
                    return Ok(());
                }
                other => other?,
            }
            front = false;
        }
    }

    async fn fetch_range(&self, claim: &ledger::Claimed<'_>, sender: &mpsc::Sender<Piece>) -> Result<()> {
        let mut tries = 0;
        loop {
            self.job.checkpoint().await?;
            let before = claim.position();
            if before >= claim.end() {
                return Ok(());
            }
            let error = match self.stream_range(claim, sender).await {
                Ok(()) => continue,
                Err(error) => error,
            };
            if !matches!(error.code(), Code::ConnectionLost | Code::Timeout)
                || RangeProblem::in_error(&error).is_some()
            {
                return Err(error);
            }
            tries = if claim.position() - before >= PROGRESS { 1 } else { tries + 1 };
            if tries >= TRIES {
                return Err(error);
            }
            let wait = if claim.position() > before && tries == 1 {
                Duration::ZERO
            } else {
                FIRST_WAIT * (1 << (tries - 1))
            };
            let digest = Some(self.descriptor.digest.clone());
            self.job.emit(TransferEvent::Retrying { digest, wait, why: error.message().to_owned() });
            self.job
                .run(async {
                    tokio::time::sleep(wait).await;
                    Ok(())
                })
                .await?;
        }
    }

    /// One answer: its bytes up to the claim's end, which another connection may move closer meanwhile. Returns early,
    /// with the claim unfinished, when the job is paused.
    async fn stream_range(&self, claim: &ledger::Claimed<'_>, sender: &mpsc::Sender<Piece>) -> Result<()> {
        let size = self.descriptor.size;
        let (from, until) = (claim.position(), claim.end());
        let range = ByteRange { from, until: (until < size).then_some(until) };
        let mut reader = self.job.run(self.open(range)).await?;
        if reader.start() != from {
            return Err(RangeProblem::Ignored.error(&self.descriptor));
        }
        claim.answered(!range.is_whole());
        loop {
            let chunk = tokio::select! {
                biased;
                () = self.job.cancelled() => return Err(Error::cancelled()),
                () = self.job.paused() => return Ok(()),
                chunk = reader.chunk() => chunk,
            };
            let chunk = chunk.map_err(|error| match reader.exchange() {
                Some(exchange) => error.at_exchange(exchange),
                None => error,
            })?;
            let Some(mut rest) = chunk else { return Ok(()) };
            loop {
                let offset = claim.position();
                let wanted = usize::try_from(claim.advance(rest.len() as u64)).unwrap_or(usize::MAX);
                let bytes = rest.split_to(wanted.min(rest.len()));
                if !bytes.is_empty() && sender.send(Piece { offset, bytes }).await.is_err() {
                    return Err(Error::new(Code::StoreFailed, "the file stopped taking bytes"));
                }
                if claim.position() < claim.end() || claim.end() >= size {
                    break;
                }
                // The rest of this answer belongs to another connection, if that gets it.
                let known = tokio::time::timeout(PATIENCE, claim.until_ranges_are_known());
                tokio::select! {
                    biased;
                    () = self.job.cancelled() => return Err(Error::cancelled()),
                    () = self.job.paused() => return Ok(()),
                    _ = known => {}
                }
                if claim.position() >= claim.end() {
                    return Ok(());
                }
            }
        }
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().expect("no code panics while it holds the ledger")
}

fn fill_inline(descriptor: &Descriptor, data: &[u8], file: &dyn RandomAccess) -> Result<()> {
    let mut hasher = Hasher::new(descriptor.digest.algorithm());
    hasher.update(data);
    check(descriptor, data.len() as u64, hasher)?;
    file.restart()?;
    file.write_at(0, data)
}

struct Hashed {
    hasher: Hasher,
    bytes: u64,
}

/// What the writing thread holds.
struct Writing {
    file: Arc<dyn RandomAccess>,
    descriptor: Descriptor,
    present: RangeSet,
    teller: Teller,
}

/// How much is hashed behind one write, where pieces arrive out of order.
const CATCH_UP: u64 = 4 << 20;

impl Writing {
    fn run(mut self, mut receiver: mpsc::Receiver<Piece>, job: &Job) -> Result<Hashed> {
        let mut hashed = Hashed { hasher: Hasher::new(self.descriptor.digest.algorithm()), bytes: 0 };
        let mut buffer = Vec::new();
        self.teller.done(self.present.total());
        while let Some(piece) = receiver.blocking_recv() {
            self.file.write_at(piece.offset, &piece.bytes)?;
            let end = piece.offset + piece.bytes.len() as u64;
            self.present.insert(piece.offset..end);
            if piece.offset == hashed.bytes {
                hashed.hasher.update(&piece.bytes);
                hashed.bytes = end;
            } else {
                self.catch_up(&mut hashed, &mut buffer, CATCH_UP)?;
            }
            self.teller.done(self.present.total());
        }
        if self.present.prefix() == self.descriptor.size {
            job.emit(TransferEvent::Verifying { digest: self.descriptor.digest.clone() });
            while hashed.bytes < self.descriptor.size {
                if job.is_cancelled() {
                    return Err(Error::cancelled());
                }
                let before = hashed.bytes;
                self.catch_up(&mut hashed, &mut buffer, CATCH_UP)?;
                if hashed.bytes == before {
                    // The file is shorter than it remembers: it shows as a mismatch, and begins again.
                    break;
                }
            }
        }
        Ok(hashed)
    }

    /// Hashes, from the file, what lies between the hashed bytes and the first gap; at most `most` bytes.
    fn catch_up(&self, hashed: &mut Hashed, buffer: &mut Vec<u8>, most: u64) -> Result<()> {
        let end = self.present.end_of_run(hashed.bytes).min(hashed.bytes.saturating_add(most));
        while hashed.bytes < end {
            buffer.resize(1 << 20, 0);
            let want = usize::try_from(end - hashed.bytes).unwrap_or(usize::MAX).min(buffer.len());
            let got = self.file.read_at(hashed.bytes, &mut buffer[..want])?;
            if got == 0 {
                return Ok(());
            }
            hashed.hasher.update(&buffer[..got]);
            hashed.bytes += got as u64;
        }
        Ok(())
    }
}
