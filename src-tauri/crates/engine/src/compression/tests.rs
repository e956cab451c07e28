//! Against the programs that people compress with, and against bytes that mislead.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use libdeflater::CompressionLvl;

use super::encode::USUAL_GZIP;
use super::{
    CHECKPOINT_SPACING, Checkpoint, Compression, DecodeProblem, Decoder, Encoder, KeepCheckpoints, MEMORY,
    Place,
};
use crate::error::Code;

/// What a program makes of bytes.
fn piped(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    let child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let bytes = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

/// Bytes of which parts repeat and parts do not.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 64);
    while bytes.len() < length {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(format!("line {} of {:x}\n", bytes.len() / 700, state >> 40).as_bytes());
    }
    bytes.truncate(length);
    bytes
}

fn decoded(bytes: &[u8]) -> (std::io::Result<Vec<u8>>, Option<u64>) {
    let mut decoder = Decoder::new(bytes).unwrap();
    let mut content = Vec::new();
    let outcome = decoder.read_to_end(&mut content).map(|_| content);
    (outcome, decoder.trailing())
}

fn encoded(bytes: &[u8], compression: Compression, threads: usize, pieces: usize) -> Vec<u8> {
    let mut encoder = Encoder::with_threads(Vec::new(), compression, None, threads).unwrap();
    bytes.chunks(pieces).for_each(|piece| encoder.write_all(piece).unwrap());
    encoder.finish().unwrap()
}

#[test]
fn formats_are_told_by_their_magic_numbers() {
    let rows: [(&[u8], Compression); 8] = [
        (b"\x1f\x8b\x08", Compression::Gzip),
        (b"\x28\xb5\x2f\xfd\x04", Compression::Zstd),
        (b"\x50\x2a\x4d\x18\x08", Compression::Zstd),
        (b"BZh91AY", Compression::Bzip2),
        (b"\xfd7zXZ\0", Compression::Xz),
        (b"manifest.json\0", Compression::None),
        (b"BZhello", Compression::None),
        (b"", Compression::None),
    ];
    for (start, want) in rows {
        assert_eq!(Compression::of(start), want, "{start:?}");
    }
    let mut tar = [0; 512];
    tar[..4].copy_from_slice(b"BZh9");
    tar[257..262].copy_from_slice(b"ustar");
    assert_eq!(Compression::of(&tar), Compression::None, "a tar whose first file has such a name");
}

#[test]
fn what_programs_compress_is_read() {
    let content = sample(900_000);
    for (program, arguments, want) in [
        ("gzip", &["-c"][..], Compression::Gzip),
        ("bzip2", &["-c"], Compression::Bzip2),
        ("xz", &["-c", "-T2", "--block-size=100000"], Compression::Xz),
        ("zstd", &["-c", "-q"], Compression::Zstd),
        ("cat", &[], Compression::None),
    ] {
        let bytes = piped(program, arguments, &content);
        let mut decoder = Decoder::new(&*bytes).unwrap();
        assert_eq!(decoder.compression(), want);
        let mut seen = Vec::new();
        decoder.read_to_end(&mut seen).unwrap();
        assert!(seen == content, "{program}");
        assert_eq!(decoder.consumed(), bytes.len() as u64, "{program}");
        for cut in [bytes.len() - 1, bytes.len() / 2] {
            let outcome = decoded(&bytes[..cut]).0;
            assert!(outcome.is_err() || want == Compression::None, "{program} cut at {cut}");
        }
        let twice = decoded(&bytes.repeat(2)).0.unwrap();
        assert!(twice == content.repeat(2), "{program}, two streams in a row");
    }
}

#[test]
fn f099_gzip_members_are_joined_and_what_follows_them_is_flagged() {
    let member = piped("gzip", &["-c"], b"hello ");
    let other = piped("gzip", &["-c"], b"world");
    let joined = [&member[..], &other].concat();
    let end = joined.len() as u64;
    let with = |tail: &[u8]| decoded(&[&joined[..], tail].concat());
    for (name, tail, trailing) in [
        ("nothing", &b""[..], None),
        ("zeros that fill a block up", &[0; 700], None),
        ("other bytes", b"tail", Some(end)),
        ("zeros and other bytes", b"\0\0\0tail", Some(end + 3)),
    ] {
        let (content, seen) = with(tail);
        assert_eq!((content.unwrap().as_slice(), seen), (&b"hello world"[..], trailing), "{name}");
    }
    assert!(with(b"\x1f\x8b\x08").0.is_err(), "the header of a member that ends there");
    for (name, at) in [("sum", joined.len() - 8), ("length", joined.len() - 4), ("data", joined.len() - 10)] {
        let mut damaged = joined.clone();
        damaged[at] ^= 1;
        let mut decoder = Decoder::new(&*damaged).unwrap();
        let mut content = Vec::new();
        assert!(decoder.read_to_end(&mut content).is_err(), "the {name} is wrong");
        assert!(decoder.read(&mut [0; 8]).is_err(), "it can't be read on");
    }
}

#[test]
fn f101_a_window_over_the_cap_is_refused() {
    // A frame header that asks for a window of 256 MiB (RFC 8878, 3.1.1.1.2), and one that asks for 128.
    let frame = |exponent: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0, (exponent - 10) << 3][..], &[1, 0, 0]].concat();
    let refused = decoded(&frame(28)).0.unwrap_err();
    let problem = refused.get_ref().and_then(|source| source.downcast_ref::<DecodeProblem>());
    assert!(matches!(problem, Some(DecodeProblem::Window)), "{refused}");
    assert_eq!(decoded(&frame(27)).0.unwrap(), b"");
    let xz = piped("xz", &["-c", "--lzma2=dict=512MiB"], b"a");
    let refused = decoded(&xz).0.unwrap_err();
    assert!(matches!(refused.get_ref(), Some(source) if source.is::<DecodeProblem>()), "{refused}");
}

#[test]
fn f103_a_format_that_is_not_read_is_named() {
    for (start, name) in [
        (&b"\x04\x22\x4d\x18\x60\x70"[..], "lz4"),
        (b"LZIP\x01", "lzip"),
        (b"\x5d\0\0\x80\0\xff", "lzma"),
        (b"PK\x03\x04\x14", "zip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"\x1f\x9d\x90", "compress"),
        (b"\x89LZO\0", "lzop"),
    ] {
        let error = Decoder::new(start).err().unwrap();
        assert_eq!(error.code(), Code::CompressionUnsupported);
        assert!(error.message().contains(name), "{error}");
        assert!(error.message().contains(&format!("`{:02x} ", start[0])), "{error}");
    }
}

#[test]
fn what_is_written_is_read_by_programs() {
    for length in [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000] {
        let content = sample(length);
        let gzip = encoded(&content, Compression::Gzip, 3, 70_000);
        assert!(piped("gzip", &["-dc"], &gzip) == content, "gzip, {length} bytes");
        let zstd = encoded(&content, Compression::Zstd, 3, 70_000);
        assert!(piped("zstd", &["-dcq"], &zstd) == content, "zstd, {length} bytes");
        assert!(encoded(&content, Compression::None, 1, 70_000) == content);
    }
}

#[test]
fn the_same_bytes_whatever_the_threads_and_the_pieces() {
    let content = sample(5_000_000);
    for compression in [Compression::Gzip, Compression::Zstd] {
        let one = encoded(&content, compression, 1, 4096);
        for (threads, pieces) in [(2, 4096), (4, 1 << 20), (1, 33), (3, 262_144)] {
            let other = encoded(&content, compression, threads, pieces);
            assert!(other == one, "{compression} on {threads} threads in pieces of {pieces}");
        }
    }
}

#[test]
fn blocks_cost_little() {
    // A hundred long words in disorder: what came before is what makes them short.
    let mut state = 1_u64;
    let word = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x} ", ((state >> 33) % 100 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    };
    let content: Vec<u8> = (0..200_000).map(word).collect::<String>().into();
    let ours = encoded(&content, Compression::Gzip, 2, 1 << 16).len();
    let mut whole = libdeflater::Compressor::new(CompressionLvl::new(USUAL_GZIP).unwrap());
    let mut room = vec![0; whole.gzip_compress_bound(content.len())];
    let whole = whole.gzip_compress(&content, &mut room).unwrap();
    assert!(ours * 100 < whole * 101, "{ours} bytes where one block has {whole}");
}

#[test]
fn levels_are_checked_and_some_formats_only_read() {
    let code =
        |compression, level| Encoder::new(Vec::new(), compression, level).err().map(|error| error.code());
    assert_eq!(code(Compression::Gzip, Some(10)), Some(Code::ConfigInvalid));
    assert_eq!(code(Compression::Zstd, Some(0)), Some(Code::ConfigInvalid));
    assert_eq!(code(Compression::Xz, None), Some(Code::CompressionUnsupported));
    assert_eq!(code(Compression::Zstd, Some(19)), None);
}

#[test]
fn a_failing_output_is_told() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut encoder = Encoder::new(Full, compression, None).unwrap();
        let outcome = encoder.write_all(&sample(4_000_000)).and_then(|()| encoder.finish().map(|_| ()));
        assert!(outcome.is_err(), "{compression}");
    }
}

/// Where a stream can be begun from.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Places>>);

type Places = Vec<(Checkpoint, Vec<u8>)>;

impl KeepCheckpoints for Kept {
    fn keep(&mut self, checkpoint: Checkpoint, window: &[u8]) {
        self.0.lock().unwrap().push((checkpoint, window.to_vec()));
    }
}

#[test]
fn a_gzip_stream_goes_on_from_every_checkpoint_to_its_end() {
    let content = sample(9 << 20);
    let split = 5 << 20;
    let members =
        [piped("gzip", &["-c1n"], &content[..split]), piped("gzip", &["-c9"], &content[split..])].concat();
    let named = [&b"\x1f\x8b\x08\x1c\0\0\0\0\0\xff\x03\0abcname\0comment\0"[..], &{
        let plain = piped("gzip", &["-nc"], &content);
        plain[10..].to_vec()
    }]
    .concat();
    let small_members: Vec<u8> =
        content.chunks(900_000).flat_map(|chunk| piped("gzip", &["-nc3"], chunk)).collect();
    // A fast encoder writes all of it as one block.
    let mut fast = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(1));
    fast.write_all(&content).unwrap();
    let one_block = fast.finish().unwrap();
    for (name, bytes, least) in [
        ("one member", piped("gzip", &["-c"], &content), 2),
        ("two members", members, 2),
        ("a header with everything", named, 2),
        ("many members", small_members, 2),
        ("our own", encoded(&content, Compression::Gzip, 2, 1_000_000), 2),
        ("one block", one_block, 1),
        ("with bytes behind", [piped("gzip", &["-c"], &content), b"trailing".to_vec()].concat(), 2),
    ] {
        let kept = Kept::default();
        let mut decoder = Decoder::with_checkpoints(&*bytes, Some(Box::new(kept.clone()))).unwrap();
        let mut found = Vec::new();
        decoder.read_to_end(&mut found).unwrap();
        assert!(found == content, "{name}");
        assert_eq!(decoder.trailing(), decoded(&bytes).1, "{name}");
        assert_eq!(decoder.consumed(), decoder.trailing().unwrap_or(bytes.len() as u64), "{name}");
        let kept = kept.0.lock().unwrap().clone();
        assert!(kept.len() >= least, "{name}: {}", kept.len());
        assert_eq!(name == "one block", kept[0].0.place == Place::Inside, "{name}");
        for (at, (from, window)) in kept.iter().enumerate() {
            assert!(
                from.unpacked >= (at as u64 + 1) * CHECKPOINT_SPACING && window.len() <= MEMORY,
                "{name}"
            );
            let rest = &bytes[from.stored as usize..];
            let mut tail = Vec::new();
            Decoder::resume(rest, from.recall(window).unwrap(), None).read_to_end(&mut tail).unwrap();
            assert!(tail == content[from.unpacked as usize..], "{name}, checkpoint {at}");
            // Up to the next one no byte behind it is needed.
            if let Some((next, _)) = kept.get(at + 1) {
                let part = &bytes[from.stored as usize..next.stored as usize];
                let mut between = vec![0; (next.unpacked - from.unpacked) as usize];
                Decoder::resume(part, from.recall(window).unwrap(), None).read_exact(&mut between).unwrap();
                assert!(
                    between == content[from.unpacked as usize..next.unpacked as usize],
                    "{name}, up to {at}"
                );
            }
        }
    }
}

#[test]
fn f099_damage_is_found_where_checkpoints_are_kept_too() {
    let content = sample(200_000);
    let whole = piped("gzip", &["-nc"], &content);
    let length = whole.len();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    for (name, bytes) in [
        ("no gzip header", changed(2)),
        ("flags that there are none of", changed(3)),
        ("a bad sum", changed(length - 8)),
        ("a bad length", changed(length - 2)),
        ("damage inside", changed(length / 2)),
        ("cut in the middle", whole[..length / 2].to_vec()),
        ("cut in the sum", whole[..length - 3].to_vec()),
        ("cut in the header", whole[..7].to_vec()),
        ("a second member that is cut", [&whole[..], &whole[..40]].concat()),
    ] {
        let keep: Box<dyn KeepCheckpoints> = Box::new(Kept::default());
        let outcome = Decoder::with_checkpoints(&*bytes, Some(keep))
            .map(|mut decoder| std::io::copy(&mut decoder, &mut std::io::sink()));
        assert!(matches!(outcome, Ok(Err(_))), "{name}");
    }
}
