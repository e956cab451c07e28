//! A file as a slice of memory: the one place of the workspace with unsafe code.

#![allow(unsafe_code, reason = "mapping a file is unsafe by nature; the argument stands below")]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// A file, mapped to be read.
#[derive(Debug)]
pub(super) struct Mapped(memmap2::Mmap);

impl Mapped {
    /// Maps a whole file.
    pub(super) fn open(file: &File) -> io::Result<Self> {
        // SAFETY: a mapping is undefined behaviour where the file changes or shrinks beneath it. The files that come
        // here are ours alone: an index of the cache, which has no name until it is whole, gets it by a rename and is
        // never written to again (who makes it anew renames another file over it; this one lives on, nameless, as long
        // as it is mapped), and a file of a build, which has no name at all and is appended to beyond what is mapped.
        // What the bytes say is never trusted: length and checksum are compared when an index is opened, and each
        // offset in it is checked against the slice when it is used, so a damaged file can make wrong answers but no
        // access outside.
        unsafe { memmap2::Mmap::map(file) }.map(Self)
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
