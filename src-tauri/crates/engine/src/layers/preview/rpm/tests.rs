//! Databases that are made here, whole, damaged and hostile, and one that RPM made.

use testkit::real::RpmSystem;

use super::header::tests::{BASH, Value, bash, header};
use super::*;

/// As RPM makes it.
const TABLE: &str = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)";
const NAMES: &str = "CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL); \
    CREATE INDEX 'Name_key_idx' ON 'Name'(key ASC)";

/// Bytes of a page, where nothing else is said.
const PAGE: usize = 4096;

/// A database that these statements make, with these headers.
fn made(statements: &[&str], headers: &[&[u8]]) -> Vec<u8> {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&statements.join(";\n")).unwrap();
    for header in headers {
        connection.execute("INSERT INTO Packages (blob) VALUES (?1)", [header]).unwrap();
    }
    connection.serialize(MAIN_DB).unwrap().to_vec()
}

/// With bytes that stand in its place changed to others of the same length.
fn patched(database: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = memchr::memmem::find(database, from.as_bytes()).expect("it is there");
    [&database[..at], to.as_bytes(), &database[at + from.len()..]].concat()
}

fn named(name: &str) -> Vec<u8> {
    header(&[&[(1000, Value::Text(name))], &BASH[1..]].concat())
}

#[test]
fn the_headers_of_a_database_are_its_packages() {
    let damaged = &header(BASH)[..40];
    let rows: [&[u8]; 4] = [&header(BASH), damaged, b"", &named("zlib")];
    let want = [bash(), Package { name: "zlib".to_owned(), ..bash() }];
    assert_eq!(database(&made(&[TABLE, NAMES], &rows)), want);
    assert_eq!(database(&made(&[TABLE, NAMES], &[])), []);
}

#[test]
fn one_that_was_written_with_a_log_is_read_too() {
    let plain = made(&[TABLE], &[&header(BASH)]);
    assert_eq!(plain[18..20], [1, 1]);
    let mut logged = plain.clone();
    logged[18..20].fill(2);
    assert_eq!(database(&logged), [bash()]);
    let mut unknown = plain;
    unknown[18..20].fill(3);
    assert_eq!(database(&unknown), [], "what only a later SQLite could read");
}

#[test]
fn what_is_no_database_or_damaged_gives_nothing() {
    let whole = made(&[TABLE], &[&header(BASH)]);
    for length in [0, 1, 17, 18, 19, 20, 99, 100, 511, 4096, 8191] {
        assert_eq!(database(&whole[..length]), [], "cut after {length}");
    }
    assert_eq!(database(b"RPM"), []);
    assert_eq!(database(&[0xff; 8192]), []);
    // The table's page: its kind, how many rows it has, where they begin, where the first one is.
    for at in [4096, 4099, 4101, 4104] {
        let mut wild = whole.clone();
        wild[at..at + 90].fill(0xfe);
        assert_eq!(database(&wild), [], "damaged at {at}");
    }
    for at in (0..whole.len() - 8).step_by(31) {
        let mut wild = whole.clone();
        wild[at..at + 8].fill(0xfe);
        assert!(database(&wild).len() <= 1, "damaged at {at}");
    }
}

#[test]
fn nothing_that_is_written_into_the_file_is_run() {
    let real = ["CREATE TABLE real (hnum INTEGER PRIMARY KEY, blob BLOB)"];
    let bash = &header(BASH)[..];
    let insert = format!("INSERT INTO real (blob) VALUES (x'{}')", hex(bash));
    let view = made(&[real[0], &insert, "CREATE VIEW Packages AS SELECT blob FROM real"], &[]);
    let beside = made(&[TABLE, "CREATE VIEW v AS SELECT 1"], &[bash]);
    let trigger = "CREATE TRIGGER t AFTER UPDATE ON Packages BEGIN SELECT 1; END";
    let generated = "CREATE TABLE Packages (real BLOB, blob BLOB AS (real))";
    let generated = made(&[generated, &insert.replace("real (blob)", "Packages (real)")], &[]);
    let words = made(&["CREATE VIRTUAL TABLE Packages USING fts5(blob)"], &[]);
    let other = made(&["CREATE TABLE Packages (hnum INTEGER, header BLOB)"], &[]);
    // The entry says that it is a table, its text makes a view.
    let lying = patched(&view, "viewPackagesPackages", "tablPackagesPackages");
    let rows = [
        ("a view", view),
        ("a view beside", beside),
        ("a trigger", made(&[TABLE, trigger], &[bash])),
        ("a generated column", generated),
        ("a virtual table", words),
        ("another table", other),
        ("a view that is called a table", lying),
    ];
    for (what, bytes) in rows {
        assert_eq!(database(&bytes), [], "{what}");
    }
    let plain = made(&[&TABLE.replace(")", ", more)"), "CREATE INDEX i ON Packages(more)"], &[bash]);
    assert_eq!(database(&plain), [self::bash()], "a column more is none of this");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn reading_ends_when_its_time_is_over() {
    let headers = vec![header(BASH); 200];
    let headers: Vec<&[u8]> = headers.iter().map(Vec::as_slice).collect();
    let long = made(&[TABLE], &headers);
    assert_eq!(database(&long).len(), 200);
    let error = read(&long, Duration::ZERO).expect_err("there is no time");
    assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
}

#[test]
fn rows_that_share_their_pages_are_not_read_again_and_again() {
    // Two headers of 200 KB, then so many small ones that the tree has a page above its leaves.
    let large = header(&[BASH, &[(5000, Value::Text(&"x".repeat(200_000)))]].concat());
    let small = named("small");
    let headers: Vec<&[u8]> = [&large[..]; 2].into_iter().chain([&small[..]; 1000]).collect();
    let mut bytes = made(&[TABLE], &headers);
    assert_eq!(database(&bytes).len(), 1002);

    // SQLite's file format, 1.6: of an inner page at 8 its last child, at 12 the places of its cells, each of which
    // begins with a child.
    let page = PAGE * (root(&bytes) - 1);
    assert_eq!(bytes[page], 5, "an inner page of a table");
    let two = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let cells: Vec<usize> = (0..two(page + 3)).map(|cell| page + two(page + 12 + 2 * cell)).collect();
    let first: [u8; 4] = bytes[cells[0]..cells[0] + 4].try_into().unwrap();
    for at in cells.into_iter().chain([page + 8]) {
        bytes[at..at + 4].copy_from_slice(&first);
    }
    assert_eq!(database(&bytes), []);
}

#[test]
fn a_tree_without_end_is_given_up() {
    let bytes = made(&[TABLE], &[b""]);
    for (what, root) in [("packages", root(&bytes)), ("the schema", 1)] {
        let error = read(&endless(&bytes, root), Duration::from_millis(20)).expect_err(what);
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted), "{what}");
    }
}

/// With pages between the root of a tree and its leaf, each of which has the next one as a child five hundred times.
fn endless(bytes: &[u8], root: usize) -> Vec<u8> {
    let mut made = bytes.to_vec();
    // SQLite's file format, 1.3: how many pages there are is the file's length, where these bytes are out of date.
    made[92..96].fill(0xff);
    let root = PAGE * (root - 1);
    // The file's own head is on its first page.
    let head = if root == 0 { 100 } else { 0 };
    let inner = |page: &mut [u8], head: usize, child: usize| {
        let cell = u16::try_from(PAGE - 5).unwrap().to_be_bytes();
        let child = u32::try_from(child).unwrap().to_be_bytes();
        let start = [&[5, 0, 0], &500u16.to_be_bytes()[..], &cell, &[0], &child, &cell.repeat(500)].concat();
        page[head..head + start.len()].copy_from_slice(&start);
        page[PAGE - 5..].copy_from_slice(&[&child[..], &[1]].concat());
    };
    let mut leaf = bytes[root..root + PAGE].to_vec();
    leaf.copy_within(head..head + 300, 0);
    let first = bytes.len() / PAGE + 1;
    inner(&mut made[root..root + PAGE], head, first);
    for page in first..first + 12 {
        let mut next = vec![0; PAGE];
        inner(&mut next, 0, page + 1);
        made.extend(next);
    }
    made.extend(leaf);
    made
}

/// The page where the packages begin, 1 for the first.
fn root(bytes: &[u8]) -> usize {
    let connection = open(bytes, PATIENCE).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'Packages'";
    let root: u32 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    root.try_into().unwrap()
}

#[test]
fn the_list_of_an_image_without_rpm_has_a_line_for_each_package() {
    let text = "openssl-libs\t3.3.5-4.azl3\t1762000000\t1761000000\tMicrosoft Corporation\t(none)\t7168000\tx86_64\t0\topenssl-3.3.5-4.azl3.src.rpm\n\
        shadow\t4.9-1\t1\t1\t(none)\t2\tmuch\t(none)\t2\t(none)\n\
        eight\t1-1\t1\t1\tv\t(none)\t5\tnoarch\n\
        odd\t1-1\t1\t1\tv\t(none)\t5\tnoarch\tx\t(none)\n\
        \t1-1\t1\t1\tv\t(none)\t5\tnoarch\t0\t(none)\n\
        (a line that is something else)\n";
    let package = |name: &str, version: &str, architecture: Option<&str>, size| Package {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: architecture.map(str::to_owned),
        licence: None,
        size,
    };
    let want = [
        package("openssl-libs", "3.3.5-4.azl3", Some("x86_64"), Some(7_168_000)),
        package("shadow", "2:4.9-1", None, None),
    ];
    assert_eq!(manifest(text), want);
}

#[test]
fn what_rpm_made_reads_as_rpm_lists_it() {
    let system = RpmSystem::new();
    let bytes = system.database();
    assert_eq!(bytes[18..20], [2, 2], "RPM writes with a log");
    let mut packages = database(&bytes);
    packages.sort();
    let or_none = |field: Option<String>| field.unwrap_or_else(|| "(none)".to_owned());
    let lines = packages.into_iter().map(|package| {
        let size = or_none(package.size.map(|size| size.to_string()));
        let (architecture, licence) = (or_none(package.architecture), or_none(package.licence));
        format!("{} {} {architecture} {licence} {size}\n", package.name, package.version)
    });
    let mut listed: Vec<String> = system
        .list("%{NAME} %{EVR} %{ARCH} %{LICENSE} %{SIZE}\\n")
        .lines()
        .map(|it| format!("{it}\n"))
        .collect();
    listed.sort();
    assert_eq!(listed.len(), 2);
    assert_eq!(lines.collect::<String>(), listed.concat());
}
