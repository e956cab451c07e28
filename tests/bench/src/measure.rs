//! One program doing one job, measured from outside by GNU time.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Seconds.
    pub wall: f64,
    /// Seconds of all cores.
    pub cpu: f64,
    /// Peak resident memory, MB.
    pub memory: f64,
}

/// One pull.
pub struct Job {
    pub reference: String,
    pub folder: PathBuf,
    /// What was written must be on the disk before the clock stops.
    pub disk: bool,
    /// The image is there already.
    pub again: bool,
}

/// A program that pulls.
pub enum Contender {
    Longshore(PathBuf),
    Skopeo,
    Crane,
}

impl Contender {
    /// Those that are here.
    pub fn all(longshore: &Path) -> Vec<Self> {
        let longshore = std::path::absolute(longshore).expect("the working folder is known");
        let mut all = vec![Self::Longshore(longshore), Self::Skopeo];
        let crane = Command::new("crane").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if crane.is_ok_and(|status| status.success()) {
            all.push(Self::Crane);
        }
        all
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Longshore(_) => "longshore",
            Self::Skopeo => "skopeo",
            Self::Crane => "crane",
        }
    }

    fn folder(&self, job: &Job) -> PathBuf {
        job.folder.join(self.name())
    }

    /// Runs it once, into an empty folder unless the job says otherwise.
    pub fn measure(&self, job: &Job) -> Figures {
        let folder = self.folder(job);
        if !job.again {
            let _ = std::fs::remove_dir_all(&folder);
        } else if !folder.exists() {
            self.time(job, &folder);
        }
        self.time(job, &folder)
    }

    fn time(&self, job: &Job, folder: &Path) -> Figures {
        // The program is the first argument: see [`time`].
        let mut command = Command::new("time");
        let target = folder.display().to_string();
        match self {
            Self::Longshore(program) => {
                command.arg(program).args(["pull", "-q", "--store", &target, &job.reference]);
            }
            Self::Skopeo => {
                let (from, to) = (format!("docker://{}", job.reference), format!("oci:{target}:latest"));
                command.args([
                    "skopeo",
                    "--insecure-policy",
                    "copy",
                    "--quiet",
                    "--src-tls-verify=false",
                    &from,
                    &to,
                ]);
            }
            // crane leaves its files in the page cache; the others do not, so it is made to wait for the disk too.
            Self::Crane if job.disk => {
                let line = format!(
                    "crane pull --insecure --format=oci {} {target} && sync -f {target}",
                    job.reference
                );
                command.args(["sh", "-c", &line]);
            }
            Self::Crane => {
                command.args(["crane", "pull", "--insecure", "--format=oci", &job.reference, &target]);
            }
        }
        time(&command, self.name())
    }

    /// The digest of what was pulled, read from the layout.
    pub fn digest(&self, job: &Job) -> String {
        let text = std::fs::read(self.folder(job).join("index.json")).expect("an OCI layout");
        let index: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        index["manifests"][0]["digest"].as_str().expect("one image").to_owned()
    }
}

/// Runs a command line that begins with GNU time, and takes its figures.
pub fn time(command: &Command, name: &str) -> Figures {
    let out = tempfile::NamedTempFile::new().expect("a file for the figures");
    let mut timed = Command::new("time");
    timed.args(["-f", "%U %S %M", "-o"]).arg(out.path()).args(command.get_args());
    // GNU time gives hundredths of a second: too coarse for what is there already.
    let begun = Instant::now();
    let done = timed.stdout(Stdio::null()).stderr(Stdio::piped()).output().expect("GNU time runs");
    let wall = begun.elapsed().as_secs_f64();
    assert!(done.status.success(), "{name} failed: {}", String::from_utf8_lossy(&done.stderr));
    let text = std::fs::read_to_string(out.path()).expect("GNU time wrote its figures");
    let figures: Vec<f64> = text.split_whitespace().map(|figure| figure.parse().expect("a figure")).collect();
    let [user, system, kilobytes] = figures[..] else { panic!("GNU time wrote `{text}`") };
    Figures { wall, cpu: user + system, memory: kilobytes / 1000.0 }
}
