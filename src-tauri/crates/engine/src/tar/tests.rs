//! Archives of GNU tar in every format, and archives that no program should make.

pub(crate) mod made;

use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;
use made::read;

/// As [`read`], by the headers alone.
fn list(bytes: &[u8]) -> Result<Vec<Entry>, TarError> {
    let mut reader = TarReader::seeking(Cursor::new(bytes));
    let mut found = Vec::new();
    while let Some(entry) = reader.next()? {
        found.push(entry);
    }
    Ok(found)
}

/// A header block with its checksum.
fn header(name: &[u8], flag: u8, size: &[u8]) -> Vec<u8> {
    edited(name, flag, size, |_| {})
}

fn edited(name: &[u8], flag: u8, size: &[u8], edit: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    block[..name.len()].copy_from_slice(name);
    block[100..107].copy_from_slice(b"0000644");
    block[108..115].copy_from_slice(b"0000000");
    block[116..123].copy_from_slice(b"0000000");
    block[124..124 + size.len()].copy_from_slice(size);
    block[136..147].copy_from_slice(b"14371733100");
    block[156] = flag;
    block[257..265].copy_from_slice(b"ustar\x0000");
    edit(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn octal(size: usize) -> Vec<u8> {
    format!("{size:011o}").into_bytes()
}

/// Bytes filled up to a block.
fn filled(bytes: &[u8]) -> Vec<u8> {
    let mut filled = bytes.to_vec();
    filled.resize(bytes.len().div_ceil(BLOCK) * BLOCK, 0);
    filled
}

/// A header and its bytes.
fn entry(name: &[u8], flag: u8, bytes: &[u8]) -> Vec<u8> {
    [header(name, flag, &octal(bytes.len())), filled(bytes)].concat()
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let body = key.len() + value.len() + 3;
    let length = (body..).find(|length| length.to_string().len() + body == *length).expect("there is one");
    format!("{length} {key}={value}\n").into_bytes()
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let body: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
    entry(b"pax", b'x', &body)
}

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), vec![0; 2 * BLOCK]].concat()
}

fn names(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
}

/// A folder with one of everything.
fn tree(dir: &Path) {
    let long = "long/".to_owned() + &"n".repeat(120) + "/" + &"m".repeat(150);
    fs::create_dir_all(dir.join(&long).parent().expect("it has one")).expect("folders");
    fs::write(dir.join(&long), b"far away").expect("a file");
    fs::write(dir.join("plain"), b"hello\n").expect("a file");
    fs::set_permissions(dir.join("plain"), fs::Permissions::from_mode(0o4755)).expect("a mode");
    fs::hard_link(dir.join("plain"), dir.join("zweiter name")).expect("a link");
    symlink("t".repeat(140), dir.join("symlink")).expect("a link");
    fs::write(dir.join("empty"), b"").expect("a file");
    let sparse = fs::File::create(dir.join("sparse")).expect("a file");
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"begin", 0).expect("written");
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"end", 3 << 20).expect("written");
}

fn gnu_tar(dir: &Path, options: &[&str]) -> Vec<u8> {
    let made = Command::new("tar")
        .args(["-C"])
        .arg(dir)
        .args(["--sort=name", "-cf", "-"])
        .args(options)
        .arg(".")
        .output();
    let made = made.expect("tar is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
}

#[test]
fn every_format_of_gnu_tar_says_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    tree(dir.path());
    let modified = fs::metadata(dir.path().join("plain")).expect("it is there");
    for (format, options) in [
        ("gnu", &["--format=gnu"][..]),
        ("pax", &["--format=pax"]),
        ("gnu, sparse", &["--format=gnu", "--sparse"]),
        ("pax, sparse 0.0", &["--format=pax", "--sparse", "--sparse-version=0.0"]),
        ("pax, sparse 0.1", &["--format=pax", "--sparse", "--sparse-version=0.1"]),
        ("pax, sparse 1.0", &["--format=pax", "--sparse", "--sparse-version=1.0"]),
    ] {
        let bytes = gnu_tar(dir.path(), options);
        let entries = read(&bytes).unwrap_or_else(|error| panic!("{format}: {error}"));
        let find = |name: &str| {
            let found = entries.iter().find(|(entry, _)| entry.name == format!("./{name}").into_bytes());
            found.unwrap_or_else(|| panic!("{format}: {name} of {entries:?}"))
        };
        let (plain, content) = find("plain");
        assert_eq!(
            (plain.kind, plain.mode, content.as_slice()),
            (Kind::File, 0o4755, &b"hello\n"[..]),
            "{format}"
        );
        assert_eq!(plain.modified.seconds, modified.mtime(), "{format}");
        let exact = if format.starts_with("pax") { modified.mtime_nsec() } else { 0 };
        assert_eq!(i64::from(plain.modified.nanoseconds), exact, "{format}");
        let (second, content) = find("zweiter name");
        assert_eq!((second.kind, second.size, content.len()), (Kind::HardLink, 0, 0), "{format}");
        assert_eq!(second.link, b"./plain", "{format}");
        assert_eq!(find("symlink").0.link, "t".repeat(140).into_bytes(), "{format}");
        let long = "long/".to_owned() + &"n".repeat(120) + "/" + &"m".repeat(150);
        assert_eq!(find(&long).1, b"far away", "{format}");
        assert_eq!(find("long/").0.kind, Kind::Directory, "{format}");
        let (sparse, content) = find("sparse");
        assert_eq!(sparse.size, (3 << 20) + 3, "{format}");
        if format.contains("sparse") {
            let map = sparse.sparse.as_ref().unwrap_or_else(|| panic!("{format}: {sparse:?}"));
            assert_eq!(sparse.stored, content.len() as u64, "{format}");
            let mut whole = vec![0; usize::try_from(sparse.size).expect("it fits")];
            let mut at = 0;
            for part in map {
                let (offset, length) = (part.offset as usize, part.length as usize);
                whole[offset..offset + length].copy_from_slice(&content[at..at + length]);
                at += length;
            }
            assert_eq!(whole, fs::read(dir.path().join("sparse")).expect("it is there"), "{format}");
        } else {
            assert_eq!(content.len() as u64, sparse.size, "{format}");
        }
        let listed = list(&bytes).expect("by seeking too");
        assert_eq!(listed, entries.into_iter().map(|(entry, _)| entry).collect::<Vec<_>>(), "{format}");
    }
}

#[test]
fn a_header_of_before_posix_is_read() {
    let old = |name: &[u8], flag| edited(name, flag, &octal(0), |block| block[257..265].fill(0));
    let entries = list(&archive(&[old(b"dir/", 0), old(b"file", b'0')])).expect("it is an archive");
    assert_eq!(entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [Kind::Directory, Kind::File]);
}

#[test]
fn attributes_and_times_of_pax_are_read() {
    let headers = pax(&[
        ("SCHILY.xattr.user.a", "one"),
        ("LIBARCHIVE.xattr.user.a", "b25l"),
        ("LIBARCHIVE.xattr.user.b", "dHdv"),
        ("mtime", "-1.25"),
        ("uid", "3000000"),
        ("comment", "x=y"),
    ]);
    let entries = list(&archive(&[headers, entry(b"f", b'0', b"")])).expect("it is an archive");
    assert_eq!(entries[0].modified, Time { seconds: -2, nanoseconds: 750_000_000 });
    assert_eq!(entries[0].uid, 3_000_000);
    let want: [(Vec<u8>, Vec<u8>); 2] =
        [(b"user.a".to_vec(), b"one".to_vec()), (b"user.b".to_vec(), b"two".to_vec())];
    assert_eq!(entries[0].attributes, want);
}

#[test]
fn a_global_header_holds_until_an_entry_says_otherwise() {
    let global = entry(b"g", b'g', &[record("uname", "ann"), record("mtime", "7")].concat());
    let parts = [
        global,
        entry(b"a", b'0', b""),
        pax(&[("uname", "bob")]),
        entry(b"b", b'0', b""),
        entry(b"c", b'0', b""),
    ];
    let entries = list(&archive(&parts)).expect("it is an archive");
    let users: Vec<_> = entries.iter().map(|entry| String::from_utf8_lossy(&entry.user)).collect();
    assert_eq!(users, ["ann", "bob", "ann"]);
    assert!(entries.iter().all(|entry| entry.modified.seconds == 7));
}

#[test]
fn f093_a_pax_size_counts_for_its_entry_and_for_no_header_on_the_way() {
    // Two readers must not see two archives: the long name between pax header and entry has a size of its own.
    let hidden = entry(b"hidden", b'0', b"smuggled");
    let long_name = entry(b"././@LongLink", b'L', b"shown\0");
    let shown = [header(b"short", b'0', &octal(0)), hidden.clone()].concat();
    let size = hidden.len().to_string();
    let bytes = archive(&[pax(&[("size", &size)]), long_name, shown]);
    let entries = read(&bytes).expect("it is an archive");
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].0.name, b"shown");
    assert_eq!(entries[0].1, hidden, "the pax size wins over the block's");

    let rows: [(&str, Vec<Vec<u8>>); 4] = [
        ("two pax headers", vec![pax(&[("path", "a")]), pax(&[("path", "b")]), entry(b"c", b'0', b"")]),
        ("two long names", vec![entry(b"l", b'L', b"a"), entry(b"l", b'L', b"b"), entry(b"c", b'0', b"")]),
        ("a pax header and the end", vec![pax(&[("path", "a")])]),
        ("a long name and the end", vec![entry(b"l", b'L', b"a")]),
    ];
    for (name, parts) in rows {
        let error = list(&archive(&parts)).expect_err(name);
        assert!(
            matches!(error.problem, TarProblem::Extension(_) | TarProblem::Dangling),
            "{name}: {error:?}"
        );
        // The same without the marks of the end.
        assert!(list(&parts.concat()).is_err(), "{name}");
    }
}

#[test]
fn f093_malformed_pax_records_are_refused() {
    for (name, body) in [
        ("no length", &b"path=x\n"[..]),
        ("too long", b"99 path=x\n"),
        ("too short", b"3 path=x\n"),
        ("no line", b"9 path=xy"),
        ("no equals", b"9 pathxy\n"),
        ("no key", b"5 =x\n"),
        ("a signed length", b"+9 path=x\n"),
        ("a length without end", b"00000000000000000000000000009 path=x\n"),
        ("a size that is none", b"10 size=x\n"),
        ("a negative size", b"11 size=-1\n"),
    ] {
        let error = list(&archive(&[entry(b"p", b'x', body), entry(b"f", b'0', b"")])).expect_err(name);
        assert!(
            matches!(error.problem, TarProblem::Extension(_) | TarProblem::Number(_)),
            "{name}: {error:?}"
        );
    }
}

#[test]
fn f094_a_name_of_a_gibibyte_is_refused_before_it_is_read() {
    for flag in [b'L', b'K', b'x', b'g'] {
        let claim = header(b"long", flag, &octal(1 << 30));
        let mut reader = TarReader::new(claim.chain(io::repeat(b'n')));
        let error = reader.next().expect_err("it is refused");
        assert!(matches!(error.problem, TarProblem::ExtensionTooLong(size) if size == 1 << 30), "{error:?}");
        assert_eq!(reader.position(), BLOCK as u64, "nothing of it was read");
    }
    // Just under the cap is a name like any other.
    let name = vec![b'n'; EXTENSION_CAP as usize - 1];
    let entries =
        list(&archive(&[entry(b"l", b'L', &name), entry(b"f", b'0', b"")])).expect("it is an archive");
    assert_eq!(entries[0].name, name);
}

#[test]
fn f095_claims_of_sparse_files_are_checked_and_never_allocated() {
    let exbibytes = i64::MAX.to_string();
    let at_the_end = format!("{},5", i64::MAX - 5);
    let file = || entry(b"f", b'0', b"12345");
    let honest = [("GNU.sparse.realsize", exbibytes.as_str()), ("GNU.sparse.map", at_the_end.as_str())];
    let entries = list(&archive(&[pax(&honest), file()])).expect("an archive may claim it");
    assert_eq!(entries[0].size, i64::MAX as u64);
    assert_eq!(entries[0].stored, 5);

    let rows: [(&str, &[(&str, &str)]); 7] = [
        ("beyond the end", &[("GNU.sparse.realsize", "9"), ("GNU.sparse.map", "5,5")]),
        ("overlap", &[("GNU.sparse.realsize", "99"), ("GNU.sparse.map", "0,3,2,2")]),
        ("overflow", &[("GNU.sparse.realsize", "99"), ("GNU.sparse.map", "18446744073709551615,5")]),
        ("more than is stored", &[("GNU.sparse.realsize", "99"), ("GNU.sparse.map", "0,9")]),
        ("less than is stored", &[("GNU.sparse.realsize", "99"), ("GNU.sparse.map", "0,2")]),
        ("half a part", &[("GNU.sparse.realsize", "99"), ("GNU.sparse.map", "0")]),
        ("no size", &[("GNU.sparse.map", "0,5")]),
    ];
    for (name, records) in rows {
        let error = list(&archive(&[pax(records), file()])).expect_err(name);
        assert!(matches!(error.problem, TarProblem::Sparse(_)), "{name}: {error:?}");
    }
    let in_data = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "9")];
    for (name, map) in [
        ("so many parts", "99999999999\n"),
        ("a number without end", &"1".repeat(600)),
        ("no number", "x\n"),
        ("a map without end", "2\n0\n"),
    ] {
        let error = list(&archive(&[pax(&in_data), entry(b"f", b'0', map.as_bytes())])).expect_err(name);
        assert!(matches!(error.problem, TarProblem::Sparse(_) | TarProblem::Number(_)), "{name}: {error:?}");
    }
}

#[test]
fn f096_damage_is_told_with_its_place() {
    let good = archive(&[entry(b"one", b'0', b"11"), entry(b"two", b'0', b"22")]);
    let second = 2 * BLOCK as u64;
    let mut flipped = good.clone();
    flipped[second as usize + 3] ^= 1;
    let negative = edited(b"n", b'0', b"", |block| block[124..136].fill(0xff));
    let lone = [entry(b"one", b'0', b"11"), vec![0; BLOCK], entry(b"two", b'0', b"22")].concat();
    let rows: [(&str, Vec<u8>, usize, u64); 6] = [
        ("a flipped bit", flipped, 1, second),
        ("cut within a header", good[..second as usize + 100].to_vec(), 1, second),
        ("cut within the bytes", good[..second as usize + BLOCK + 1].to_vec(), 2, second + BLOCK as u64 + 1),
        ("a negative size", archive(&[entry(b"one", b'0', b"11"), negative]), 1, second),
        ("one empty block", lone, 1, second),
        ("no archive at all", vec![b'x'; 4096], 0, 0),
    ];
    for (name, bytes, whole, offset) in rows {
        let mut reader = TarReader::seeking(Cursor::new(&bytes));
        let mut seen = 0;
        let error = loop {
            match reader.next() {
                Ok(Some(_)) => seen += 1,
                Ok(None) => panic!("{name}: the damage was not seen"),
                Err(error) => break error,
            }
        };
        assert_eq!((seen, error.offset), (whole, offset), "{name}: {error}");
        assert!(matches!(reader.next(), Ok(None)), "{name}: nothing comes after a failure");
    }
    // The marks of the end may be missing: many programs leave them out.
    let bare = [entry(b"one", b'0', b"11")].concat();
    assert_eq!(names(&list(&bare).expect("it is whole")), ["one"]);
}

#[test]
fn sums_of_signed_bytes_are_taken_too() {
    let name = "é".as_bytes();
    let high = name.len() as u32 * 256;
    for (less, good) in [(0, true), (high, true), (high - 1, false), (256, false)] {
        let mut block = entry(name, b'0', b"x");
        let sum: u32 = block[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
        // The field itself counts as spaces.
        let field: u32 = block[148..156].iter().map(|byte| u32::from(*byte)).sum();
        let sum = sum - field + 8 * u32::from(b' ') - less;
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(list(&archive(&[block])).is_ok(), good, "{less} less");
    }
}

#[test]
fn what_has_no_bytes_claims_none() {
    for flag in [b'1', b'2', b'3', b'4', b'5', b'6'] {
        let claimed = edited(b"odd", flag, &octal(999), |block| {
            block[329..336].copy_from_slice(b"0000001");
            block[337..344].copy_from_slice(b"0000003");
        });
        let entries = list(&archive(&[claimed, entry(b"next", b'0', b"x")])).expect("it is an archive");
        assert_eq!(names(&entries), ["odd", "next"], "{}", char::from(flag));
        assert_eq!((entries[0].size, entries[0].stored), (0, 0));
    }
}

proptest! {
    #[test]
    fn f096_any_bytes_are_read_to_an_end(mut bytes in proptest::collection::vec(any::<u8>(), 0..4096), sum: bool) {
        if sum && bytes.len() >= BLOCK {
            // Past the checksum there is more to get wrong.
            bytes[148..156].fill(b' ');
            let total: u32 = bytes[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
            bytes[148..156].copy_from_slice(format!("{total:06o}\0 ").as_bytes());
        }
        let read = read(&bytes).map(|found| found.len()).map_err(|error| error.offset);
        prop_assert!(read.unwrap_or(0) <= bytes.len() / BLOCK);
    }

    #[test]
    fn what_is_written_is_read_again(
        files in proptest::collection::vec(("[a-zé]{1,90}(/[a-zé]{1,90}){0,3}", proptest::collection::vec(any::<u8>(), 0..2000)), 0..8)
    ) {
        let mut builder = ::tar::Builder::new(Vec::new());
        let mut want = Vec::new();
        for (name, content) in &files {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o640);
            builder.append_data(&mut header, name, content.as_slice()).expect("it is written");
            want.push((name.clone().into_bytes(), content.clone()));
        }
        let bytes = builder.into_inner().expect("it is written");
        let found = read(&bytes).expect("it is an archive");
        prop_assert_eq!(found.into_iter().map(|(entry, content)| (entry.name, content)).collect::<Vec<_>>(), want);
    }
}
