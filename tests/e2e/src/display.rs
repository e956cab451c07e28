//! A display of one's own: the pointer and the focus belong to a display, and tests run side by side.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, Stdio};

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

/// What a display shows, PNG; `size` is `1280x800` from its upper left corner, or everything. The web engine's own pictures
/// are none where it draws without OpenGL.
///
/// # Errors
/// Where it can't be looked at.
pub fn picture(display: &str, size: Option<&str>) -> io::Result<Vec<u8>> {
    let mut import = Command::new("import");
    import.args(["-display", display, "-window", "root"]);
    if let Some(size) = size {
        import.args(["-crop", &format!("{size}+0+0"), "+repage"]);
    }
    // The time would make every picture another one.
    let taken = import.args(["-strip", "-define", "png:exclude-chunks=date,time", "png:-"]).output()?;
    if taken.status.success() && !taken.stdout.is_empty() {
        return Ok(taken.stdout);
    }
    Err(io::Error::other(String::from_utf8_lossy(&taken.stderr).into_owned()))
}
