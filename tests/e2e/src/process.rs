//! A process that ends with its value, and everything that it started with it.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A child in a process group of its own.
pub struct Process(Child);

impl Process {
    /// Starts it; `how_to_get_it` is said where there is no such program.
    pub fn start(command: &mut Command, how_to_get_it: &str) -> Self {
        let started = command.process_group(0).spawn();
        let child = started.unwrap_or_else(|error| panic!("{command:?}: {error}\n{how_to_get_it}"));
        Self(child)
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    fn group(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.0.id()).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(group) = self.group() else { return };
        // Asked first, so that files are closed in order; what does not listen is killed.
        let _ = kill_process_group(group, Signal::TERM);
        let patience = Instant::now() + Duration::from_secs(2);
        while Instant::now() < patience && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.wait();
    }
}
