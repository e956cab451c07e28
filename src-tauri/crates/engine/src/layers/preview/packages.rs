//! What is installed, by the databases of package managers.
//!
//! Sources: Debian Policy 5.1 ("Syntax of control files") and dpkg's `status`; the Alpine wiki, "Apk spec", "Installed
//! database"; RPM's are in `rpm`. A stanza that makes no sense is passed over.

use std::collections::HashMap;

use super::rpm;

/// Packages that are listed: no system has more.
pub(super) const MOST: usize = 100_000;
/// A field is no longer than this, bytes: file lists and descriptions are not looked at.
pub(super) const FIELD: usize = 1024;

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, as it is written.
    pub version: String,
    /// What it runs on.
    pub architecture: Option<String>,
    /// As it is written.
    pub licence: Option<String>,
    /// Bytes that it takes when it is installed, by its own word.
    pub size: Option<u64>,
}

/// Whose database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Database {
    Dpkg,
    Apk,
    /// SQLite.
    Rpm,
    /// What distroless images have in its place.
    RpmManifest,
}

impl Database {
    /// As its program is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Rpm | Self::RpmManifest => "rpm",
        }
    }
}

/// By the path: these are where the programs look.
pub(super) fn database(path: &[u8]) -> Option<Database> {
    match path {
        b"var/lib/dpkg/status" | b"usr/lib/opkg/status" => Some(Database::Dpkg),
        b"lib/apk/db/installed" | b"usr/lib/apk/db/installed" => Some(Database::Apk),
        // Distroless images have a file for each package.
        _ if path.starts_with(b"var/lib/dpkg/status.d/") && !path.ends_with(b".md5sums") => {
            Some(Database::Dpkg)
        }
        // Fedora moved it under /usr in 2021; systems that rpm-ostree makes have it beside their other shared files.
        b"var/lib/rpm/rpmdb.sqlite"
        | b"usr/lib/sysimage/rpm/rpmdb.sqlite"
        | b"usr/share/rpm/rpmdb.sqlite" => Some(Database::Rpm),
        b"var/lib/rpmmanifest/container-manifest-2" => Some(Database::RpmManifest),
        _ => None,
    }
}

/// Every package that is installed, sorted by name.
pub(super) fn read(database: Database, bytes: &[u8]) -> Vec<Package> {
    let text = || String::from_utf8_lossy(bytes);
    let mut packages = match database {
        Database::Dpkg => stanzas(&text(), dpkg),
        Database::Apk => stanzas(&text(), apk),
        Database::Rpm => rpm::database(bytes),
        Database::RpmManifest => rpm::manifest(&text()),
    };
    packages.sort();
    packages
}

fn stanzas(text: &str, package: fn(&HashMap<&str, &str>) -> Option<Package>) -> Vec<Package> {
    text.split("\n\n").filter_map(|stanza| package(&fields(stanza))).take(MOST).collect()
}

/// `Name: value`, one a line; lines that begin with a blank go on with the one before and are left out.
fn fields(stanza: &str) -> HashMap<&str, &str> {
    let lines = stanza.lines().filter(|line| !line.starts_with([' ', '\t']));
    let pairs = lines.filter_map(|line| line.split_once(':'));
    // The first counts: apk writes a line for each file under one letter.
    let mut fields = HashMap::new();
    for (name, value) in pairs {
        let value = value.trim();
        if value.len() <= FIELD {
            fields.entry(name).or_insert(value);
        }
    }
    fields
}

fn dpkg(fields: &HashMap<&str, &str>) -> Option<Package> {
    let text = |name: &str| fields.get(name).map(|value| (*value).to_owned());
    // What was removed leaves its stanza behind while its settings are there.
    let gone = fields.get("Status").is_some_and(|status| !status.ends_with(" installed"));
    (!gone).then_some(())?;
    Some(Package {
        name: text("Package")?,
        version: text("Version")?,
        architecture: text("Architecture"),
        licence: None,
        size: fields.get("Installed-Size").and_then(|size| size.parse::<u64>().ok()?.checked_mul(1024)),
    })
}

fn apk(fields: &HashMap<&str, &str>) -> Option<Package> {
    let text = |name: &str| fields.get(name).map(|value| (*value).to_owned());
    Some(Package {
        name: text("P")?,
        version: text("V")?,
        architecture: text("A"),
        licence: text("L"),
        size: fields.get("I").and_then(|size| size.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, licence: Option<&str>, size: Option<u64>) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: Some("amd64".to_owned()),
            licence: licence.map(str::to_owned),
            size,
        }
    }

    #[test]
    fn dpkg_lists_what_is_installed() {
        let status = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nInstalled-Size: 164\n\
            Version: 1:1.2.13\nDescription: compression\n Version: 9\n\n\
            Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n\
            Package: nonsense\n\n\
            Package: adduser\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.134\n";
        let want =
            [package("adduser", "3.134", None, None), package("zlib1g", "1:1.2.13", None, Some(164 * 1024))];
        assert_eq!(read(Database::Dpkg, status.as_bytes()), want);
    }

    #[test]
    fn apk_lists_what_is_installed() {
        let installed = "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:amd64\nS:1\nI:634880\nT:the C library\nL:MIT\nF:lib\nR:ld.so\n\n\
            P:busybox\nV:1.36.1-r2\nA:amd64\nL:GPL-2.0-only\n\n";
        let want = [
            package("busybox", "1.36.1-r2", Some("GPL-2.0-only"), None),
            package("musl", "1.2.5-r0", Some("MIT"), Some(634_880)),
        ];
        assert_eq!(read(Database::Apk, installed.as_bytes()), want);
    }

    #[test]
    fn only_the_paths_of_the_programs_are_databases() {
        let rows = [
            ("var/lib/dpkg/status", Some(Database::Dpkg)),
            ("var/lib/dpkg/status.d/base-files", Some(Database::Dpkg)),
            ("var/lib/dpkg/status.d/base-files.md5sums", None),
            ("lib/apk/db/installed", Some(Database::Apk)),
            ("var/lib/rpm/rpmdb.sqlite", Some(Database::Rpm)),
            ("usr/lib/sysimage/rpm/rpmdb.sqlite", Some(Database::Rpm)),
            ("usr/share/rpm/rpmdb.sqlite", Some(Database::Rpm)),
            ("var/lib/rpmmanifest/container-manifest-2", Some(Database::RpmManifest)),
            ("var/lib/rpm/rpmdb.sqlite-wal", None),
            ("var/lib/rpm/Packages", None),
            ("home/x/status", None),
        ];
        for (path, want) in rows {
            assert_eq!(database(path.as_bytes()), want, "{path}");
        }
    }
}
