//! One header block.

use super::TarProblem;
use super::number::{signed, unsigned};
use super::sparse::OldMap;

/// Everything in an archive is a multiple of this, bytes.
pub(super) const BLOCK: usize = 512;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// Another name of an entry: the archive's path of that one is in `link`.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// A type that is none of these; it has bytes like a file.
    Other(u8),
}

impl Kind {
    /// Whether bytes follow the header. Go's `isHeaderOnlyType`: the size of the others counts for nothing.
    pub fn has_bytes(self) -> bool {
        matches!(self, Self::File | Self::Other(_))
    }

    /// The type flag that says it (POSIX `ustar`).
    pub fn flag(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::HardLink => b'1',
            Self::Symlink => b'2',
            Self::CharDevice => b'3',
            Self::BlockDevice => b'4',
            Self::Directory => b'5',
            Self::Fifo => b'6',
            Self::Other(flag) => flag,
        }
    }

    /// What a type flag says; the inverse of [`Kind::flag`].
    pub fn of_flag(flag: u8) -> Self {
        match flag {
            b'0' => Self::File,
            b'1' => Self::HardLink,
            b'2' => Self::Symlink,
            b'3' => Self::CharDevice,
            b'4' => Self::BlockDevice,
            b'5' => Self::Directory,
            b'6' => Self::Fifo,
            other => Self::Other(other),
        }
    }
}

/// What a block says, without the extensions before it.
pub(super) struct Header {
    pub name: Vec<u8>,
    pub kind: Kind,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub size: u64,
    pub modified: i64,
    pub link: Vec<u8>,
    pub user: Vec<u8>,
    pub group: Vec<u8>,
    pub device: (u32, u32),
    /// GNU's first way to store sparse files.
    pub old_sparse: Option<OldMap>,
}

impl Header {
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, TarProblem> {
        check_sum(block)?;
        let flavour = Flavour::of(block);
        let mut name = text(&block[..100]);
        let is_gnu_sparse = block[156] == b'S' && flavour == Flavour::Gnu;
        if flavour == Flavour::Posix {
            let prefix = text(&block[345..500]);
            if !prefix.is_empty() {
                name = [prefix, name].join(&b'/');
            }
        }
        let has_owners = flavour != Flavour::Old;
        let field = |range: std::ops::Range<usize>| if has_owners { text(&block[range]) } else { Vec::new() };
        let kind = kind(block[156], is_gnu_sparse);
        let device = if matches!(kind, Kind::CharDevice | Kind::BlockDevice) {
            let number = |range: std::ops::Range<usize>, name| {
                let number = unsigned(&block[range], name)?;
                u32::try_from(number).map_err(|_| TarProblem::Number(name))
            };
            (number(329..337, "devmajor")?, number(337..345, "devminor")?)
        } else {
            (0, 0)
        };
        Ok(Self {
            kind,
            // Type bits, where a program writes them, are said by the type already.
            mode: u32::try_from(unsigned(&block[100..108], "mode")? & 0o7777).expect("twelve bits"),
            uid: unsigned(&block[108..116], "uid")?,
            gid: unsigned(&block[116..124], "gid")?,
            size: unsigned(&block[124..136], "size")?,
            modified: signed(&block[136..148], "mtime")?,
            link: text(&block[157..257]),
            user: field(265..297),
            group: field(297..329),
            device,
            old_sparse: is_gnu_sparse.then(|| OldMap::parse(block)).transpose()?,
            name,
        })
    }
}

#[derive(PartialEq, Eq)]
enum Flavour {
    Old,
    Posix,
    Gnu,
}

impl Flavour {
    fn of(block: &[u8; BLOCK]) -> Self {
        match &block[257..265] {
            b"ustar  \0" => Self::Gnu,
            magic if magic.starts_with(b"ustar") => Self::Posix,
            _ => Self::Old,
        }
    }
}

fn kind(flag: u8, is_gnu_sparse: bool) -> Kind {
    match flag {
        0 | b'7' => Kind::File,
        b'S' if is_gnu_sparse => Kind::File,
        flag => Kind::of_flag(flag),
    }
}

/// Up to the first NUL.
fn text(field: &[u8]) -> Vec<u8> {
    field[..field.iter().position(|byte| *byte == 0).unwrap_or(field.len())].to_vec()
}

/// The sum of all bytes with the sum's own field as spaces; some old programs added them up as signed.
fn check_sum(block: &[u8; BLOCK]) -> Result<(), TarProblem> {
    let field = &block[148..156];
    let claimed = unsigned(field, "checksum").map_err(|_| TarProblem::Checksum)?;
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let high = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(byte >> 7)).sum::<u32>();
    let spaces = field.len() as u32 * u32::from(b' ');
    let seen = sum(block) - sum(field) + spaces;
    let matches = claimed == u64::from(seen)
        || i64::try_from(claimed) == Ok(i64::from(seen) - 256 * i64::from(high(block) - high(field)));
    if matches { Ok(()) } else { Err(TarProblem::Checksum) }
}
