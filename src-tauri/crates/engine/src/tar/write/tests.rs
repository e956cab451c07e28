//! What is written is what is read: here, and by GNU tar and Python.

use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;
use crate::tar::tests::made::{self, archive, entry};

/// As they are read, without the places in the archive.
fn read(bytes: &[u8]) -> Vec<(Entry, Vec<u8>)> {
    let mut found = made::read(bytes).unwrap();
    for (entry, _) in &mut found {
        (entry.begins, entry.data) = (0, 0);
    }
    found
}

/// One of everything that needs more than a plain header.
fn odd() -> Vec<(Entry, Vec<u8>)> {
    let long = "long/".repeat(60);
    let name = |name: &str, kind| entry(name.as_bytes(), kind);
    let mut sparse = Entry { size: 1 << 40, stored: 5, ..name("sparse", Kind::File) };
    sparse.sparse = Some(vec![
        Segment { offset: 0, length: 2 },
        Segment { offset: 1 << 30, length: 3 },
        Segment { offset: 1 << 40, length: 0 },
    ]);
    vec![
        (Entry { mode: 0o1777, ..name("dir/", Kind::Directory) }, Vec::new()),
        (Entry { size: 3, stored: 3, mode: 0o6755, ..name("dir/file", Kind::File) }, b"abc".to_vec()),
        (Entry { size: 600, stored: 600, ..name(&format!("{long}x"), Kind::File) }, vec![7; 600]),
        (name(&format!("{}/{}", "p".repeat(120), "n".repeat(90)), Kind::File), Vec::new()),
        (Entry { link: long.clone().into_bytes(), ..name("link", Kind::Symlink) }, Vec::new()),
        (Entry { link: b"dir/file".to_vec(), ..name("hard", Kind::HardLink) }, Vec::new()),
        (Entry { device: (1, 3), ..name("null", Kind::CharDevice) }, Vec::new()),
        (Entry { device: (259, 4_000_000), ..name("disk", Kind::BlockDevice) }, Vec::new()),
        (name("pipe", Kind::Fifo), Vec::new()),
        (Entry { uid: 4_000_000_000, gid: 2_097_152, ..name("owner", Kind::File) }, Vec::new()),
        (
            Entry { modified: Time { seconds: -7, nanoseconds: 500_000_000 }, ..name("old", Kind::File) },
            Vec::new(),
        ),
        (Entry { modified: Time { seconds: 9, nanoseconds: 1 }, ..name("exact", Kind::File) }, Vec::new()),
        (
            Entry {
                attributes: vec![
                    (b"user.a".to_vec(), b"1=2\n\xff".to_vec()),
                    (b"user.b".to_vec(), b"x".to_vec()),
                ],
                ..name("attributes", Kind::File)
            },
            Vec::new(),
        ),
        (entry("é/漢".as_bytes(), Kind::File), Vec::new()),
        (entry([&b"\xff"[..], &[b'x'; 300]].concat(), Kind::File), Vec::new()),
        (sparse, b"abcde".to_vec()),
    ]
}

#[test]
fn f112_everything_of_an_entry_survives() {
    let entries = odd();
    let bytes = archive(&entries);
    for (seen, want) in read(&bytes).into_iter().zip(&entries) {
        assert_eq!(seen, *want, "{}", String::from_utf8_lossy(&want.0.name));
    }
    assert_eq!(read(&bytes).len(), entries.len());
    assert_eq!(archive(&entries), bytes, "and the same bytes are written again");
}

#[test]
fn other_readers_see_the_same_names() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tar");
    std::fs::write(&path, archive(&odd())).unwrap();
    let want: Vec<Vec<u8>> = odd().into_iter().map(|(entry, _)| entry.name).collect();
    let listed = Command::new("tar").args(["--quoting-style=literal", "-tf"]).arg(&path).output().unwrap();
    assert!(listed.status.success() && listed.stderr.is_empty(), "{listed:?}");
    let names: Vec<&[u8]> =
        listed.stdout.split(|byte| *byte == b'\n').filter(|name| !name.is_empty()).collect();
    assert_eq!(names, want);
    let script = "import tarfile, sys, os\n\
        for m in tarfile.open(sys.argv[1], errors='surrogateescape'):\n\
        \x20   sys.stdout.buffer.write(os.fsencode('%s %d %d %d %o\\n' % (m.name, m.size, m.uid, m.gid, m.mode)))\n";
    let listed =
        Command::new("python3").args(["-c", script]).arg(&path).stderr(Stdio::inherit()).output().unwrap();
    let lines: Vec<&[u8]> =
        listed.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), want.len());
    for (line, (entry, _)) in lines.iter().zip(odd()) {
        let name = entry.name.strip_suffix(b"/").unwrap_or(&entry.name);
        let facts = format!(" {} {} {} {:o}", entry.size, entry.uid, entry.gid, entry.mode);
        assert_eq!(*line, [name, facts.as_bytes()].concat());
    }
}

#[test]
fn bytes_must_be_as_many_as_were_said() {
    let two = Entry { size: 2, stored: 2, ..entry(b"a", Kind::File) };
    let mut writer = TarWriter::new(Vec::new());
    writer.begin(&two).unwrap();
    assert!(writer.write_all(b"abc").is_err(), "more than that");
    let mut writer = TarWriter::new(Vec::new());
    writer.begin(&two).unwrap();
    writer.write_all(b"a").unwrap();
    assert!(writer.begin(&two).is_err(), "fewer than that");
    assert!(writer.finish().is_err());
    let mut writer = TarWriter::new(Vec::new());
    assert!(writer.begin(&entry(b"a\0b", Kind::File)).is_err(), "a name that no file can have");
}

fn any_name() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => b'a'..=b'z', 1 => Just(b'/'), 1 => 1_u8..=255];
    proptest::collection::vec(byte, 1..320).prop_map(|mut name| {
        // A slash at the end makes a folder of a file.
        name.push(b'x');
        name
    })
}

proptest! {
    #[test]
    fn any_entry_survives(
        name in any_name(),
        link in any_name(),
        kind in prop_oneof![Just(Kind::File), Just(Kind::Symlink), Just(Kind::HardLink), Just(Kind::Fifo)],
        mode in 0_u32..=0o7777,
        owner in (0_u64..=u64::from(u32::MAX), 0_u64..=u64::from(u32::MAX)),
        seconds in -(1_i64 << 36)..(1 << 36),
        nanoseconds in 0_u32..1_000_000_000,
        content in proptest::collection::vec(any::<u8>(), 0..1500),
    ) {
        let mut made = Entry { mode, uid: owner.0, gid: owner.1, ..entry(&name, kind) };
        made.modified = Time { seconds, nanoseconds };
        let content = if kind == Kind::File { content } else { Vec::new() };
        (made.size, made.stored) = (content.len() as u64, content.len() as u64);
        if matches!(kind, Kind::Symlink | Kind::HardLink) {
            made.link = link;
        }
        let bytes = archive(&[(made.clone(), content.clone())]);
        prop_assert_eq!(bytes.len() % BLOCK, 0);
        prop_assert_eq!(read(&bytes), vec![(made, content)]);
    }
}
