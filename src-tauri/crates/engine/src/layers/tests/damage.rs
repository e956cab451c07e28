use std::io::{self, Read};

use oci::digest::Digest;

use super::*;
use crate::error::{Code, Error};

#[test]
fn f096_a_damaged_archive_is_listed_up_to_the_damage() {
    let whole = tar(&[file("a", "1"), file("b", &"2".repeat(700)), file("c", "3")]);
    let with = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        edit(&mut bytes);
        let index = index(&bytes);
        let names: Vec<String> = lines(&index).into_iter().skip(1).collect();
        (names, index.incomplete())
    };
    let (names, incomplete) = with(&|bytes| bytes[1024 + 3] ^= 1);
    assert_eq!(names, ["/a File 1"]);
    let incomplete = incomplete.unwrap();
    assert_eq!(incomplete.offset, 1024);
    assert!(incomplete.reason.contains("checksum"), "{}", incomplete.reason);

    let (names, incomplete) = with(&|bytes| bytes.truncate(1024 + 512 + 100));
    assert_eq!(names, ["/a File 1", "/b File 700"]);
    assert_eq!(incomplete.unwrap().offset, 1024 + 512 + 100);

    let (names, incomplete) = with(&|bytes| bytes.truncate(1024 + 200));
    assert_eq!((names.len(), incomplete.unwrap().offset), (1, 1024));

    let (names, incomplete) = with(&|bytes| bytes[..512].fill(b'x'));
    assert!(names.is_empty());
    assert!(incomplete.unwrap().reason.contains("no tar"), "it is something else from the beginning");
}

#[test]
fn f099_damage_of_the_compressed_stream_is_said() {
    let stored = gzip(&tar(&[file("a", "1"), file("b", "2")]));
    let mut wrong_sum = stored.clone();
    let at = wrong_sum.len() - 8;
    wrong_sum[at] ^= 1;
    let index = index(&wrong_sum);
    assert_eq!(index.entries(), 2);
    let reason = index.incomplete().unwrap().reason;
    assert!(reason.contains("Every file is listed") && reason.contains("checksum"), "{reason}");

    let trailing = super::index(&[&stored[..], b"tail"].concat());
    assert_eq!((trailing.incomplete(), trailing.trailing()), (None, Some(stored.len() as u64)));
}

#[test]
fn f100_a_bomb_costs_no_memory() {
    // A file of a gibibyte in a megabyte, read through a decoder that gives a buffer at a time.
    struct Bomb(u64);
    impl Read for Bomb {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = usize::try_from(self.0.min(buffer.len() as u64)).unwrap();
            buffer[..most].fill(0);
            self.0 -= most as u64;
            Ok(most)
        }
    }
    let size = 1 << 30;
    let mut head = TarWriter::new(Vec::new());
    head.begin(&Entry { size, stored: size, ..entry("zeros", Kind::File) }).unwrap();
    let mut begun = Vec::new();
    // What a writer that is not finished has written is in its output, and nothing else.
    begun.extend_from_slice(
        &tar(&[(Entry { size: 0, stored: 0, ..entry("zeros", Kind::File) }, Vec::new())])[..512],
    );
    begun[124..136].copy_from_slice(b"10000000000\0");
    begun[148..156].fill(b' ');
    let sum: u32 = begun.iter().map(|byte| u32::from(*byte)).sum();
    begun[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    io::copy(&mut begun.chain(Bomb(size + 1024)), &mut encoder).unwrap();
    let stored = encoder.finish().unwrap();
    assert!((stored.len() as u64) < size / 1000, "{} bytes", stored.len());
    let before = peak();
    let index = index(&stored);
    assert_eq!(index.find([&b"zeros"[..]]).unwrap().size(), size);
    assert!(peak() < before + (64 << 20), "{} bytes more", peak() - before);
}

/// The most memory that this process had so far, bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn what_the_source_says_is_no_damage() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other(Error::new(Code::ConnectionLost, "the connection broke off")));
            }
            self.0 -= 1;
            buffer[..1].fill(0x1f);
            Ok(1)
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let bytes = gzip(&tar(&[file("a", &"x".repeat(100_000))]));
    let end = bytes.len();
    for (name, start) in [("at once", 0), ("early", 40), ("later", end / 2), ("behind its last byte", end)] {
        let input = bytes[..start].chain(Broken(0));
        let error = scan::scan(input, dir.path(), None, &Job::silent(), &|_, _| {}).unwrap_err();
        assert_eq!(error.code(), Code::ConnectionLost, "{name}");
    }
    // Also where the list ended long before, by damage.
    let damaged = [&vec![b'x'; 600][..], &bytes].concat();
    let error =
        scan::scan(damaged.chain(Broken(0)), dir.path(), None, &Job::silent(), &|_, _| {}).unwrap_err();
    assert_eq!(error.code(), Code::ConnectionLost);
}

#[test]
fn a_cancelled_job_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let job = Job::silent();
    job.cancel();
    let bytes = tar(&[file("a", &"x".repeat(20 << 20))]);
    let error = scan::scan(&*bytes, dir.path(), None, &job, &|_, _| {}).unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
}

#[test]
fn a_damaged_index_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let cache = IndexCache::new(dir.path().join("cache"));
    let bytes = tar(&[file("a/b", "1"), link("c", "a/b", Kind::Symlink)]);
    let digest = Digest::sha256(&bytes);
    let build = || cache.build(&digest, &*bytes, false, &Job::silent(), &|_, _| {}).unwrap();
    assert!(cache.get(&digest, false).is_none());
    let want = lines(&build());
    let path = std::fs::read_dir(dir.path().join("cache")).unwrap().next().unwrap().unwrap().path();
    let good = std::fs::read(&path).unwrap();
    assert_eq!(lines(&cache.get(&digest, false).unwrap()), want);
    for at in 0..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        assert!(cache.get(&digest, false).is_none(), "byte {at}");
    }
    for cut in [0, 1, 63, 64, 127, 200, good.len() - 1] {
        std::fs::write(&path, &good[..cut]).unwrap();
        assert!(cache.get(&digest, false).is_none(), "{cut} bytes");
    }
    std::fs::remove_file(&path).unwrap();
    build();
    assert_eq!(lines(&cache.get(&digest, false).unwrap()), want);
    assert_eq!(std::fs::read_dir(dir.path().join("cache")).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn numbers_that_lead_nowhere_are_answered_with_nothing() {
    let index = index(&tar(&[file("a", "1")]));
    let node = index.node(u32::MAX);
    assert_eq!((node.name(), node.children().len(), node.path().len()), (&b""[..], 0, 0));
    assert!(node.parent().is_none() || node.parent().unwrap().number() < u32::MAX);
}
