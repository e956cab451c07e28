//! A process that ends with its value, and everything that it started with it.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// Runs the program beside itself and waits for the end of its own input, which is a pipe from the tests: that ends when
/// they do, killed or not. Then the whole group goes.
const WATCH: &str = r#"exec 3<&0; "$@" </dev/null 3<&- & read -r _ <&3; kill -TERM 0; sleep 2; kill -KILL 0"#;

/// A child in a process group of its own.
pub struct Process(Child);

impl Process {
    /// The command that runs a program which must not outlive the tests. Arguments, environment and outputs are the
    /// program's; `how_to_get_it` is said where there is none.
    pub fn command(program: &str, how_to_get_it: &str) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
        assert!(found, "there is no `{program}`. {how_to_get_it}");
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "sh", program]);
        command
    }

    /// Starts what [`Process::command`] gave.
    pub fn start(command: &mut Command) -> Self {
        let started = command.stdin(Stdio::piped()).process_group(0).spawn();
        Self(started.unwrap_or_else(|error| panic!("{command:?}: {error}")))
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};

    use rustix::process::test_kill_process;

    use super::*;

    /// A process that is there, and not only waiting to be counted.
    fn lives(pid: Pid) -> bool {
        let state =
            std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        test_kill_process(pid).is_ok() && !state.contains(") Z ")
    }

    #[test]
    fn what_was_started_goes_when_the_pipe_to_it_does() {
        let mut command = Process::command("sh", "Every system has it");
        command.args(["-c", "sleep 60 & echo $!; wait"]).stdout(Stdio::piped());
        let mut process = Process::start(&mut command);
        let mut line = String::new();
        let output = process.child().stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says its child");
        let grandchild = Pid::from_raw(line.trim().parse().expect("a number")).expect("a process");
        assert!(lives(grandchild));
        // A killed runner closes its end, and does nothing else.
        drop(process.child().stdin.take());
        let patience = Instant::now() + Duration::from_secs(5);
        while lives(grandchild) {
            assert!(Instant::now() < patience, "it outlives the tests");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
