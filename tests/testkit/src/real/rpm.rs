//! Debian's rpm: what it keeps of packages that are installed.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::program::run;

/// With an epoch, and a file so that there is a size.
const WITH_EPOCH: &str = "Name: tiny\nEpoch: 4\nVersion: 1.2\nRelease: 3\nSummary: Tiny\nLicense: MIT AND BSD-3-Clause\n\
    BuildArch: noarch\n%description\nTiny.\n%install\nmkdir -p %{buildroot}/srv\n\
    head -c 1000 /dev/zero > %{buildroot}/srv/tiny\n%files\n/srv/tiny\n";
/// Without either.
const EMPTY: &str = "Name: tiny-meta\nVersion: 2~rc1\nRelease: 1.el9\nSummary: Nothing\nLicense: MIT\n\
    BuildArch: noarch\n%description\nNothing.\n%files\n";

/// Two packages in a database of their own, built and installed by rpm; nothing of them is on this computer.
#[derive(Debug)]
pub struct RpmSystem {
    dir: TempDir,
}

impl RpmSystem {
    /// Builds and installs them.
    ///
    /// # Panics
    /// Where rpm is not installed, or fails.
    #[expect(clippy::new_without_default, reason = "it runs programs")]
    pub fn new() -> Self {
        let system = Self { dir: tempfile::tempdir().expect("a temporary folder") };
        let dir = system.dir.path();
        let top = format!("_topdir {}", dir.join("build").display());
        let mut build = system.command("rpmbuild");
        build.args(["-bb", "--quiet", "--define", &top]);
        for (name, spec) in [("tiny.spec", WITH_EPOCH), ("meta.spec", EMPTY)] {
            fs::write(dir.join(name), spec).expect("it can be written");
            build.arg(dir.join(name));
        }
        run(&mut build);
        run(system.command("rpm").arg("--initdb"));
        let built = dir.join("build/RPMS/noarch");
        let built = fs::read_dir(built).expect("they are built").map(|file| file.expect("readable").path());
        run(system.command("rpm").args(["-i", "--justdb", "--nodeps", "--noscripts"]).args(built));
        system
    }

    /// `rpmdb.sqlite`.
    ///
    /// # Panics
    /// Where RPM keeps its database in another format.
    pub fn database(&self) -> Vec<u8> {
        fs::read(self.dir.path().join("db/rpmdb.sqlite")).expect("rpm keeps its database in SQLite")
    }

    /// All packages, in a format of rpm's (`%{NAME}\\n`).
    ///
    /// # Panics
    /// Where rpm fails.
    pub fn list(&self, format: &str) -> String {
        run(self.command("rpm").args(["-qa", "--qf", format]))
    }

    /// With a home and a database of its own.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let database = format!("_dbpath {}", self.dir.path().join("db").display());
        command.env("HOME", self.dir.path()).args(["--define", &database]);
        command
    }
}
