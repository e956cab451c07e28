//! Extension headers: what they say, and how it is laid over the entry that follows.

use base64::Engine as _;

use super::header::Header;
use super::number::decimal;
use super::sparse::{Segment, Style};
use super::{Entry, Kind, TarProblem, Time};

/// What a pax header says. An empty value takes back what a global header said.
#[derive(Clone, Default)]
pub(super) struct Pax {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    user: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    modified: Option<Time>,
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
    sparse: PaxSparse,
}

#[derive(Clone, Default)]
struct PaxSparse {
    major: Option<u64>,
    minor: Option<u64>,
    name: Option<Vec<u8>>,
    real_size: Option<u64>,
    /// 0.1: one record with all numbers; 0.0: a record for each.
    numbers: Vec<u64>,
    seen: bool,
}

impl Pax {
    /// Adds the records of a header.
    pub(super) fn add(&mut self, mut bytes: &[u8]) -> Result<(), TarProblem> {
        // Some programs fill their headers up with NULs.
        while bytes.first().is_some_and(|byte| *byte != 0) {
            let (key, value, rest) = record(bytes)?;
            self.set(key, value)?;
            bytes = rest;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), TarProblem> {
        let text = || Some(value.to_vec()).filter(|value| !value.is_empty());
        let number = |name| if value.is_empty() { Ok(None) } else { decimal(value, name).map(Some) };
        match key {
            b"path" => self.path = text(),
            b"linkpath" => self.link = text(),
            b"size" => self.size = number("size")?,
            b"uid" => self.uid = number("uid")?,
            b"gid" => self.gid = number("gid")?,
            b"uname" => self.user = text(),
            b"gname" => self.group = text(),
            b"mtime" => self.modified = if value.is_empty() { None } else { Some(time(value)?) },
            _ => {
                if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.attribute(name, value.to_vec());
                } else if let Some(name) = key.strip_prefix(b"LIBARCHIVE.xattr.") {
                    // bsdtar writes each attribute in both forms; the plain one is the one to keep.
                    if !self.attributes.iter().any(|(known, _)| known == name) {
                        let packed = base64::engine::general_purpose::STANDARD_NO_PAD;
                        let trimmed: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'=').collect();
                        let decoded = packed.decode(trimmed);
                        let value =
                            decoded.map_err(|_| TarProblem::Extension("an attribute is not base64"))?;
                        self.attribute(name, value);
                    }
                } else if let Some(name) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.set(name, value)?;
                }
            }
        }
        Ok(())
    }

    fn attribute(&mut self, name: &[u8], value: Vec<u8>) {
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name.to_vec(), value)),
        }
    }
}

impl PaxSparse {
    fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), TarProblem> {
        self.seen = true;
        match name {
            b"major" => self.major = Some(decimal(value, "GNU.sparse.major")?),
            b"minor" => self.minor = Some(decimal(value, "GNU.sparse.minor")?),
            b"name" => self.name = Some(value.to_vec()),
            b"realsize" | b"size" => self.real_size = Some(decimal(value, "GNU.sparse.realsize")?),
            b"offset" | b"numbytes" => self.numbers.push(decimal(value, "GNU.sparse.map")?),
            b"map" if value.is_empty() => self.numbers.clear(),
            b"map" => {
                self.numbers = value
                    .split(|byte| *byte == b',')
                    .map(|number| decimal(number, "GNU.sparse.map"))
                    .collect::<Result<_, _>>()?;
            }
            // How many numbers there are is seen.
            _ => {}
        }
        Ok(())
    }

    fn style(self) -> Result<(Style, Option<Vec<u8>>), TarProblem> {
        if !self.seen {
            return Ok((Style::Whole, None));
        }
        let size = self.real_size.ok_or(TarProblem::Sparse("its size is missing"))?;
        if (self.major, self.minor) == (Some(1), Some(0)) {
            return Ok((Style::InData { size }, self.name));
        }
        if self.major.unwrap_or_default() != 0 {
            return Err(TarProblem::Sparse("it is of a version that nobody knows"));
        }
        let (pairs, rest) = self.numbers.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(TarProblem::Sparse("a part has no length"));
        }
        let segments = pairs.iter().map(|[offset, length]| Segment { offset: *offset, length: *length });
        Ok((Style::Listed { size, segments: segments.collect() }, self.name))
    }
}

/// One record: `LENGTH KEY=VALUE\n`, where the length counts itself.
fn record(bytes: &[u8]) -> Result<(&[u8], &[u8], &[u8]), TarProblem> {
    let wrong = TarProblem::Extension;
    let space = bytes.iter().take(20).position(|byte| *byte == b' ');
    let space = space.ok_or(wrong("a record has no length"))?;
    let length = decimal(&bytes[..space], "record length")?;
    let length = usize::try_from(length).ok().filter(|length| (space + 2..=bytes.len()).contains(length));
    let length = length.ok_or(wrong("a record is longer than its header"))?;
    let (record, rest) = bytes.split_at(length);
    let body = record[space + 1..].strip_suffix(b"\n").ok_or(wrong("a record does not end with its line"))?;
    let equals = body.iter().position(|byte| *byte == b'=').ok_or(wrong("a record has no `=`"))?;
    if equals == 0 {
        return Err(wrong("a record has no key"));
    }
    Ok((&body[..equals], &body[equals + 1..], rest))
}

/// `1350244992.023960108`, also negative: seconds with any number of digits behind the point.
fn time(value: &[u8]) -> Result<Time, TarProblem> {
    let wrong = || TarProblem::Number("mtime");
    let text = std::str::from_utf8(value).map_err(|_| wrong())?;
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(part) {
        return Err(wrong());
    }
    let seconds: i64 = whole.parse().map_err(|_| wrong())?;
    let nanoseconds = part.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanoseconds = nanoseconds.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    Ok(match (negative, nanoseconds) {
        (false, _) => Time { seconds, nanoseconds },
        (true, 0) => Time { seconds: -seconds, nanoseconds },
        // The part counts forward from the second before.
        (true, _) => Time { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds },
    })
}

/// Extensions that wait for their entry.
#[derive(Default)]
pub(super) struct Pending {
    pax: Option<Pax>,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.pax.is_none() && self.name.is_none() && self.link.is_none()
    }

    pub(super) fn pax(&mut self, bytes: &[u8]) -> Result<(), TarProblem> {
        if self.pax.is_some() {
            return Err(TarProblem::Extension("one entry has two of them"));
        }
        let mut pax = Pax::default();
        pax.add(bytes)?;
        self.pax = Some(pax);
        Ok(())
    }

    pub(super) fn long_name(&mut self, bytes: Vec<u8>) -> Result<(), TarProblem> {
        set_once(&mut self.name, bytes)
    }

    pub(super) fn long_link(&mut self, bytes: Vec<u8>) -> Result<(), TarProblem> {
        set_once(&mut self.link, bytes)
    }

    /// The entry, and how its bytes are stored. What stands nearest to the entry wins: its own pax header before the
    /// global one, and both before the block.
    pub(super) fn apply(self, global: &Pax, header: Header) -> Result<(Entry, Style), TarProblem> {
        let own = self.pax.unwrap_or_default();
        let (style, sparse_name) = own.sparse.style()?;
        let name =
            sparse_name.or(own.path).or(self.name).or_else(|| global.path.clone()).unwrap_or(header.name);
        // Before POSIX there was no type for directories. The whole name says so: a block has only the beginning of a
        // long one, which may end with a slash by chance.
        let kind = match header.kind {
            Kind::File if name.ends_with(b"/") => Kind::Directory,
            kind => kind,
        };
        let size = own.size.or(global.size).unwrap_or(header.size);
        let stored = if kind.has_bytes() { size } else { 0 };
        let mut attributes = global.attributes.clone();
        attributes.retain(|(name, _)| !own.attributes.iter().any(|(own, _)| own == name));
        attributes.extend(own.attributes);
        let block_time = Time { seconds: header.modified, nanoseconds: 0 };
        let entry = Entry {
            name,
            kind,
            mode: header.mode,
            uid: own.uid.or(global.uid).unwrap_or(header.uid),
            gid: own.gid.or(global.gid).unwrap_or(header.gid),
            user: own.user.or_else(|| global.user.clone()).unwrap_or(header.user),
            group: own.group.or_else(|| global.group.clone()).unwrap_or(header.group),
            modified: own.modified.or(global.modified).unwrap_or(block_time),
            link: own.link.or(self.link).or_else(|| global.link.clone()).unwrap_or(header.link),
            device: header.device,
            size: stored,
            stored,
            sparse: None,
            attributes,
            begins: 0,
            data: 0,
        };
        Ok((entry, if kind.has_bytes() { style } else { Style::Whole }))
    }
}

fn set_once(slot: &mut Option<Vec<u8>>, mut bytes: Vec<u8>) -> Result<(), TarProblem> {
    if slot.is_some() {
        return Err(TarProblem::Extension("one entry has two of them"));
    }
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    *slot = Some(bytes);
    Ok(())
}
