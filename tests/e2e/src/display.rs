//! A display of one's own: the pointer and the focus belong to a display, and tests run side by side.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::process::Process;

/// An Xvfb that ends with this.
pub struct Display {
    _server: Process,
    name: String,
}

impl Display {
    /// Starts one of this size, pixels.
    pub fn start(width: u32, height: u32) -> Self {
        let mut command = Process::command("Xvfb", "Install it: apt-get install xvfb");
        command
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                &format!("{width}x{height}x24"),
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = Process::start(&mut command);
        let output = server.child().stdout.take().expect("it is piped");
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number).expect("Xvfb says its display");
        assert!(!number.trim().is_empty(), "Xvfb did not start");
        Self { _server: server, name: format!(":{}", number.trim()) }
    }

    /// `:1`
    pub fn name(&self) -> &str {
        &self.name
    }
}
