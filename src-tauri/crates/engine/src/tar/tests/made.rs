//! Entries and archives that tests make, and what is read of one.

use std::io::{Read, Write};

use crate::tar::{Entry, Kind, TarError, TarProblem, TarReader, TarWriter, Time};

/// An entry of a kind, with nothing of what one can have.
pub fn entry(name: impl AsRef<[u8]>, kind: Kind) -> Entry {
    Entry {
        name: name.as_ref().to_vec(),
        kind,
        mode: 0o644,
        uid: 0,
        gid: 0,
        user: Vec::new(),
        group: Vec::new(),
        modified: Time::default(),
        link: Vec::new(),
        device: (0, 0),
        size: 0,
        stored: 0,
        sparse: None,
        attributes: Vec::new(),
        begins: 0,
        data: 0,
    }
}

/// Entries with their bytes, as an archive.
pub fn archive(entries: &[(Entry, Vec<u8>)]) -> Vec<u8> {
    let mut writer = TarWriter::new(Vec::new());
    for (entry, bytes) in entries {
        writer.begin(entry).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap()
}

/// An archive's entries with their bytes.
pub fn read(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, TarError> {
    let mut reader = TarReader::new(bytes);
    let mut found = Vec::new();
    while let Some(entry) = reader.next()? {
        let mut content = Vec::new();
        let failed = |error| TarError { offset: entry.data, problem: TarProblem::Io(error) };
        reader.read_to_end(&mut content).map_err(failed)?;
        found.push((entry, content));
    }
    Ok(found)
}
