//! Running another's program within bounds: of time, of output, and with no process left behind.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

/// How long a pipe may stay open after the program itself has ended: long enough to read what is in it.
const GRACE: Duration = Duration::from_millis(500);

/// A program to run, and its bounds.
pub(super) struct Program<'a> {
    /// Its file: an absolute path, so that nothing is searched for.
    pub(super) file: &'a Path,
    pub(super) arguments: &'a [&'a str],
    /// The `PATH` that it sees.
    pub(super) search_path: &'a OsStr,
    /// What it gets on stdin.
    pub(super) input: &'a [u8],
    pub(super) timeout: Duration,
    /// Most that it may print on stdout, bytes. As much of stderr is kept; the rest of that is read and dropped.
    pub(super) output_cap: usize,
}

/// How a program ended.
pub(super) enum Ending {
    Exited { success: bool, status: ExitStatus, stdout: Vec<u8>, stderr: Vec<u8> },
    TimedOut,
    TooMuch,
}

impl Program<'_> {
    /// Runs it in a process group of its own. The group is killed at the timeout, on too much output, when this future is
    /// dropped, and when the program has ended but a child of it still holds the pipe.
    pub(super) async fn run(&self) -> io::Result<Ending> {
        let mut child = Command::new(self.file)
            .args(self.arguments)
            .env("PATH", self.search_path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut printed, mut complained) = (Vec::new(), Vec::new());

        let feed = async {
            if let Some(mut stdin) = stdin.take() {
                // A program that does not read its input closes the pipe; what it prints then tells why.
                let _ = stdin.write_all(self.input).await;
            }
            Ok(())
        };
        let ended = {
            let streams = async {
                tokio::try_join!(
                    feed,
                    keep(stdout, &mut printed, self.output_cap),
                    keep_some(stderr, &mut complained, self.output_cap),
                )
            };
            tokio::pin!(streams);
            timeout(self.timeout, async {
                tokio::select! {
                    filled = &mut streams => match filled {
                        Err(TooMuch) => Ok(Err(TooMuch)),
                        Ok(_) => child.wait().await.map(|status| Ok((status, false))),
                    },
                    status = child.wait() => {
                        let status = status?;
                        Ok(match timeout(GRACE, &mut streams).await {
                            Ok(Err(TooMuch)) => Err(TooMuch),
                            Ok(Ok(_)) => Ok((status, false)),
                            Err(_) => Ok((status, true)),
                        })
                    }
                }
            })
            .await
        };

        let ending = match ended {
            Ok(Ok(Ok((status, held)))) => {
                if !held {
                    group.release();
                }
                Ok(Ending::Exited { success: status.success(), status, stdout: printed, stderr: complained })
            }
            Ok(Ok(Err(TooMuch))) => Ok(Ending::TooMuch),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Ok(Ending::TimedOut),
        };
        group.kill();
        // Reaped here where that is quick; otherwise the runtime does it once the child is gone.
        let _ = timeout(GRACE, child.wait()).await;
        ending
    }
}

struct TooMuch;

/// Reads all, or stops where it is more than `cap` bytes.
async fn keep(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>, cap: usize) -> Result<(), TooMuch> {
    let Some(from) = from else { return Ok(()) };
    let mut limited = from.take(cap as u64 + 1);
    // A pipe that breaks has ended; the exit status tells whether that was meant.
    let _ = limited.read_to_end(into).await;
    if into.len() > cap { Err(TooMuch) } else { Ok(()) }
}

/// Reads all and keeps the first `cap` bytes, so that the writer never waits.
async fn keep_some(
    from: Option<impl AsyncRead + Unpin>,
    into: &mut Vec<u8>,
    cap: usize,
) -> Result<(), TooMuch> {
    let Some(mut from) = from else { return Ok(()) };
    let _ = (&mut from).take(cap as u64).read_to_end(into).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    Ok(())
}

/// A process group that must not outlive its purpose.
struct Group(Option<Pid>);

impl Group {
    /// Lets the group live: its program has ended and nothing of it holds on to us.
    fn release(&mut self) {
        self.0 = None;
    }

    fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // It may have ended by itself meanwhile. The number is not used anew while a process is in the group.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
