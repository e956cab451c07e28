//! What RPM says is installed: its database where that is SQLite (since RPM 4.16), and the list that images without RPM
//! have in its place.
//!
//! Invariant: SQLite gets a copy in memory that it can't write to, nothing of its schema is run, and it has a few seconds. A
//! database that it finds fault with gives nothing: a list with silent gaps would be worse than none.
//!
//! Deliberately absent: a log beside the database (`rpmdb.sqlite-wal`). RPM empties it when it ends.

mod header;

use std::io::Read as _;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

use super::packages::{FIELD, MOST, Package};

/// Reading may take this long. An honest database of this size is read in a fraction of it.
const PATIENCE: Duration = Duration::from_secs(5);
/// After so many steps of SQLite's machine the time is looked at. One step may copy a whole header.
const STEPS: i32 = 100;
/// How SQLite writes down what RPM makes in its database. Whatever begins otherwise is a view, a trigger or a virtual table,
/// which run what somebody wrote into the file.
const MADE: [&str; 2] = ["CREATE TABLE ", "CREATE INDEX "];
/// Tables and indexes: RPM makes fewer than a hundred.
const OBJECTS: i32 = 1000;
/// Of the text that makes one of them, bytes.
const TEXT: i32 = 64 * 1024;

/// The packages of `rpmdb.sqlite`, in no order; none where it can't be read.
pub(super) fn database(bytes: &[u8]) -> Vec<Package> {
    read(bytes, PATIENCE).unwrap_or_default()
}

fn read(bytes: &[u8], patience: Duration) -> rusqlite::Result<Vec<Package>> {
    let mut packages = Vec::new();
    let connection = open(bytes, patience)?;
    if !is_made_by_rpm(&connection)? {
        return Ok(packages);
    }
    let mut statement = connection.prepare("SELECT blob FROM Packages NOT INDEXED")?;
    let mut rows = statement.query([])?;
    // Rows of a made-up file may share their pages, and be more than it holds.
    let mut left = bytes.len();
    while packages.len() < MOST
        && let Some(row) = rows.next()?
    {
        let Ok(header) = row.get_ref(0)?.as_blob() else { continue };
        let Some(rest) = left.checked_sub(header.len()) else { return Ok(Vec::new()) };
        left = rest;
        packages.extend(header::package(header));
    }
    Ok(packages)
}

/// Opens a database that nobody vouches for, as SQLite's "Defense Against The Dark Arts" advises.
fn open(bytes: &[u8], patience: Duration) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(setting, value)?;
    }
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, length),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, TEXT),
        (Limit::SQLITE_LIMIT_SCHEMA, OBJECTS),
    ] {
        connection.set_limit(limit, most)?;
    }
    connection.pragma_update(None, "cell_size_check", true)?;
    let end = Instant::now() + patience;
    connection.progress_handler(STEPS, Some(move || Instant::now() >= end))?;

    // RPM writes with a log beside the database (WAL), which the two bytes at 18 say: 2, else 1. SQLite refuses to open such
    // a database in memory, where there is no place for a log. Without one the file is the same but for these bytes.
    let (head, rest) = bytes.split_at_checked(18).unwrap_or((bytes, b""));
    let (modes, rest) = rest.split_at_checked(2).unwrap_or((rest, b""));
    let modes = if modes == [2, 2] { &[1, 1] } else { modes };
    connection.deserialize_read_exact(MAIN_DB, head.chain(modes).chain(rest), bytes.len(), true)?;
    Ok(connection)
}

/// Whether there is nothing in it but tables and indexes, and the headers are stored, not computed.
fn is_made_by_rpm(connection: &Connection) -> rusqlite::Result<bool> {
    // The texts are what SQLite goes by; types and names that stand beside them may be made up.
    let mut texts = connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let mut rows = texts.query([])?;
    while let Some(row) = rows.next()? {
        let text = row.get_ref(0)?.as_str()?;
        if !MADE.iter().any(|made| text.starts_with(made)) {
            return Ok(false);
        }
    }
    let stored = "SELECT count(*) FROM pragma_table_xinfo('Packages') WHERE name = 'blob' AND hidden = 0";
    connection.query_row(stored, [], |row| Ok(row.get::<_, i64>(0)? == 1))
}

/// The packages of `container-manifest-2`, which the distroless images of Azure Linux have: a line for each, its fields
/// apart by tabs: name, version-release, when it was installed and built, vendor, epoch, size, architecture, epoch as a
/// number (0 for none), source package. What is not there is `(none)`.
pub(super) fn manifest(text: &str) -> Vec<Package> {
    text.lines().filter_map(line).take(MOST).collect()
}

fn line(line: &str) -> Option<Package> {
    let fields: Vec<&str> = line.split('\t').take(11).collect();
    let [name, version, _, _, _, _, size, architecture, epoch, _] = fields[..] else { return None };
    let is_there = |field: &str| !field.is_empty() && field.len() <= FIELD;
    let version = match epoch {
        "0" | "(none)" => version.to_owned(),
        _ => format!("{}:{version}", epoch.parse::<u32>().ok()?),
    };
    (is_there(name) && is_there(&version)).then(|| Package {
        name: name.to_owned(),
        version,
        architecture: (is_there(architecture) && architecture != "(none)").then(|| architecture.to_owned()),
        licence: None,
        size: size.parse().ok(),
    })
}

#[cfg(test)]
mod tests;
