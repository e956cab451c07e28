//! Sparse files: four ways in which GNU tar says which parts of a file are stored.

use super::header::BLOCK;
use super::number::{decimal, unsigned};
use super::{EXTENSION_CAP, TarProblem};

/// A part of a sparse file that is stored, in bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

/// How an entry's bytes are to be read, as its pax header says.
pub(super) enum Style {
    /// One after the other.
    Whole,
    /// The map is in the pax header (0.0 and 0.1).
    Listed { size: u64, segments: Vec<Segment> },
    /// The map stands before the bytes (1.0).
    InData { size: u64 },
}

/// The map of GNU's first way: four parts in the header, more in blocks behind it.
#[derive(Clone)]
pub(super) struct OldMap {
    segments: Vec<Segment>,
    size: u64,
    goes_on: bool,
}

impl OldMap {
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, TarProblem> {
        let mut map = Self {
            segments: Vec::new(),
            size: unsigned(&block[483..495], "realsize")?,
            goes_on: block[482] != 0,
        };
        map.add(&block[386..482])?;
        Ok(map)
    }

    fn add(&mut self, fields: &[u8]) -> Result<(), TarProblem> {
        for pair in fields.chunks_exact(24) {
            if pair[0] == 0 {
                break;
            }
            let offset = unsigned(&pair[..12], "sparse offset")?;
            let length = unsigned(&pair[12..], "sparse length")?;
            self.segments.push(Segment { offset, length });
        }
        Ok(())
    }
}

/// Most parts that a map may have: a mebibyte of them.
const MOST: usize = (EXTENSION_CAP / 16) as usize;

/// The map of an entry, if it has one. `fill` reads what stands between header and bytes; `size` becomes the file's own
/// length and `stored` what is left of the stored bytes.
pub(super) fn read(
    style: Style,
    old: Option<OldMap>,
    size: &mut u64,
    stored: &mut u64,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), TarProblem>,
) -> Result<Option<Vec<Segment>>, TarProblem> {
    let segments = match (style, old) {
        (Style::Whole, None) => return Ok(None),
        (Style::Whole, Some(mut map)) => {
            while map.goes_on {
                let mut block = [0; BLOCK];
                fill(&mut block)?;
                map.add(&block[..504])?;
                map.goes_on = block[504] != 0;
                if map.segments.len() > MOST {
                    return Err(TarProblem::Sparse("it has too many parts"));
                }
            }
            *size = map.size;
            map.segments
        }
        (Style::Listed { size: real, segments }, _) => {
            *size = real;
            segments
        }
        (Style::InData { size: real }, _) => {
            *size = real;
            in_data(stored, fill)?
        }
    };
    check(&segments, *size, *stored)?;
    Ok(Some(segments))
}

/// Decimal numbers in lines: how many parts, then offset and length of each; filled up to a block.
fn in_data(
    stored: &mut u64,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), TarProblem>,
) -> Result<Vec<Segment>, TarProblem> {
    let mut lines = Vec::new();
    let mut open = Vec::new();
    let mut wanted = None;
    while wanted.is_none_or(|wanted| lines.len() < wanted) {
        *stored = stored.checked_sub(BLOCK as u64).ok_or(TarProblem::Sparse("it ends within its map"))?;
        let mut block = [0; BLOCK];
        fill(&mut block)?;
        for byte in block {
            if byte == b'\n' && wanted.is_none_or(|wanted| lines.len() < wanted) {
                lines.push(decimal(&open, "sparse map")?);
                open.clear();
                if lines.len() == 1 {
                    let parts = usize::try_from(lines[0]).ok().filter(|parts| *parts <= MOST);
                    wanted = Some(parts.ok_or(TarProblem::Sparse("it has too many parts"))? * 2 + 1);
                }
            } else if open.len() < 20 {
                open.push(byte);
            } else if wanted.is_none_or(|wanted| lines.len() < wanted) {
                return Err(TarProblem::Sparse("a number has no end"));
            }
        }
    }
    let (pairs, _) = lines[1..].as_chunks::<2>();
    Ok(pairs.iter().map(|[offset, length]| Segment { offset: *offset, length: *length }).collect())
}

/// Parts are in order, apart, within the file, and all that is stored.
fn check(segments: &[Segment], size: u64, stored: u64) -> Result<(), TarProblem> {
    let (mut end, mut sum) = (0_u64, 0_u64);
    for segment in segments {
        if segment.offset < end {
            return Err(TarProblem::Sparse("its parts overlap"));
        }
        end = segment.offset.checked_add(segment.length).ok_or(TarProblem::Sparse("a part is too long"))?;
        sum += segment.length;
    }
    if end > size {
        return Err(TarProblem::Sparse("a part lies beyond the end of the file"));
    }
    if sum != stored {
        return Err(TarProblem::Sparse("what is stored is not what it lists"));
    }
    Ok(())
}
