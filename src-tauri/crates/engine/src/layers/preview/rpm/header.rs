//! An RPM header: what is said of one package, as the database holds it.
//!
//! Source: RPM's documentation, "RPM v4 Package Format", "Header": two numbers of 32 bits, big-endian, say how many entries
//! the index has and how many bytes of data follow it. The magic number before them is in package files alone.
//!
//! Invariant: nothing is read outside of the bytes that are there, and nothing is allocated by what they claim. How many
//! values an entry has is not looked at: the first is what counts here.

use super::super::packages::{FIELD, Package};

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const SIZE: u32 = 1009;
const LICENSE: u32 = 1014;
const ARCH: u32 = 1022;
/// In place of [`SIZE`] where that is 4 GiB or more.
const LONG_SIZE: u32 = 5009;

/// Types of values.
const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;

/// An entry of the index: tag, type, offset in the data, count.
const ENTRY: usize = 16;

/// What a header says of its package; none where it is damaged, or no package's.
///
/// The public keys that packages are checked with are packages too (`gpg-pubkey`), without files and without an
/// architecture. They are listed, so that the list is the one of `rpm -qa`.
pub(super) fn package(header: &[u8]) -> Option<Package> {
    let header = Header::parse(header)?;
    let (version, release) = (header.text(VERSION)?, header.text(RELEASE)?);
    Some(Package {
        name: header.text(NAME)?,
        // As `%{EVR}` has it: an epoch of 0 is shown where it was given.
        version: match header.number(EPOCH) {
            Some(epoch) => format!("{epoch}:{version}-{release}"),
            None => format!("{version}-{release}"),
        },
        architecture: header.text(ARCH),
        licence: header.text(LICENSE),
        size: header.long_number(LONG_SIZE).or_else(|| header.number(SIZE).map(u64::from)),
    })
}

struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (entries, length) = (word(bytes, 0)?, word(bytes, 4)?);
        let entries = usize::try_from(entries).ok()?.checked_mul(ENTRY)?;
        let (index, data) = bytes.get(8..)?.split_at_checked(entries)?;
        Some(Self { index, data: data.get(..usize::try_from(length).ok()?)? })
    }

    /// The data from the place on where a tag's value begins.
    fn find(&self, tag: u32, kind: u32) -> Option<&'a [u8]> {
        let mut entries = self.index.chunks_exact(ENTRY);
        let entry = entries.find(|entry| word(entry, 0) == Some(tag) && word(entry, 4) == Some(kind))?;
        self.data.get(usize::try_from(word(entry, 8)?).ok()?..)
    }

    fn text(&self, tag: u32) -> Option<String> {
        let value = self.find(tag, STRING)?;
        let end = value.iter().take(FIELD + 1).position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(&value[..end]);
        (!text.is_empty()).then(|| text.into_owned())
    }

    fn number(&self, tag: u32) -> Option<u32> {
        word(self.find(tag, INT32)?, 0)
    }

    fn long_number(&self, tag: u32) -> Option<u64> {
        self.find(tag, INT64)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }
}

/// The 32 bits at a place.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A value of a header.
    #[derive(Clone, Copy)]
    pub(in super::super) enum Value<'a> {
        Text(&'a str),
        Number(u32),
        Long(u64),
    }

    /// A header with these tags, after the entry of the region that every header in a database begins with.
    pub(in super::super) fn header(tags: &[(u32, Value<'_>)]) -> Vec<u8> {
        let mut index = vec![63, 7, 0, 16];
        let mut data = vec![0; 16];
        for (tag, value) in tags {
            let (kind, alignment, bytes) = match value {
                Value::Text(text) => (STRING, 1, [text.as_bytes(), b"\0"].concat()),
                Value::Number(number) => (INT32, 4, number.to_be_bytes().to_vec()),
                Value::Long(number) => (INT64, 8, number.to_be_bytes().to_vec()),
            };
            data.resize(data.len().next_multiple_of(alignment), 0);
            index.extend([*tag, kind, u32::try_from(data.len()).unwrap(), 1]);
            data.extend(bytes);
        }
        let counts = [index.len() / 4, data.len()].map(|count| u32::try_from(count).unwrap());
        let words = counts.into_iter().chain(index).flat_map(u32::to_be_bytes);
        words.chain(data).collect()
    }

    /// `bash`, as Fedora has it.
    pub(in super::super) const BASH: &[(u32, Value<'_>)] = &[
        (NAME, Value::Text("bash")),
        (VERSION, Value::Text("5.2.26")),
        (RELEASE, Value::Text("3.fc40")),
        (SIZE, Value::Number(8_300_000)),
        (LICENSE, Value::Text("GPL-3.0-or-later")),
        (ARCH, Value::Text("x86_64")),
    ];

    /// What it says.
    pub(in super::super) fn bash() -> Package {
        Package {
            name: "bash".to_owned(),
            version: "5.2.26-3.fc40".to_owned(),
            architecture: Some("x86_64".to_owned()),
            licence: Some("GPL-3.0-or-later".to_owned()),
            size: Some(8_300_000),
        }
    }

    #[test]
    fn a_header_says_what_its_package_is() {
        assert_eq!(package(&header(BASH)), Some(bash()));
        let with = |more: &[(u32, Value<'_>)]| package(&header(&[BASH, more].concat())).unwrap();
        assert_eq!(with(&[(EPOCH, Value::Number(2))]).version, "2:5.2.26-3.fc40");
        assert_eq!(with(&[(EPOCH, Value::Number(0))]).version, "0:5.2.26-3.fc40");
        assert_eq!(with(&[(LONG_SIZE, Value::Long(5 << 30))]).size, Some(5 << 30));
        let key = header(&[
            (NAME, Value::Text("gpg-pubkey")),
            (VERSION, Value::Text("a15b79cc")),
            (RELEASE, Value::Text("63d04c2c")),
        ]);
        let key = package(&key).unwrap();
        assert_eq!((&*key.version, key.architecture), ("a15b79cc-63d04c2c", None));
    }

    #[test]
    fn of_a_damaged_header_nothing_is_read_that_is_not_there() {
        let whole = header(BASH);
        for length in 0..whole.len() {
            assert_eq!(package(&whole[..length]), None, "cut after {length}");
        }
        // How many entries, how much data; of the second entry, the name: type and offset.
        for (at, what) in [(0, "entries"), (4, "data"), (8 + ENTRY + 4, "type"), (8 + ENTRY + 8, "offset")] {
            let mut wild = whole.clone();
            wild[at..at + 4].fill(0xff);
            assert_eq!(package(&wild), None, "{what}");
        }
        let mut many = whole.clone();
        many[8 + ENTRY + 12..8 + 2 * ENTRY].fill(0xff);
        assert_eq!(package(&many), Some(bash()), "how many values there are is not believed");
        let endless = "x".repeat(FIELD + 1);
        assert_eq!(package(&header(&[&BASH[1..], &[(NAME, Value::Text(&endless))]].concat())), None);
        // A number that begins in the last bytes.
        let mut cut = header(&[&BASH[..3], &BASH[4..], &[(SIZE, Value::Number(1))]].concat());
        let last = 8 + 6 * ENTRY;
        let offset = word(&cut, last + 8).unwrap() + 1;
        cut[last + 8..last + 12].copy_from_slice(&offset.to_be_bytes());
        assert_eq!(package(&cut), Some(Package { size: None, ..bash() }));
    }
}
