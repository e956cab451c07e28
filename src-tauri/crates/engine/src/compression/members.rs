//! The members of a gzip stream (RFC 1952, 2.2: they are simply concatenated).

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// How far an input was read.
pub(super) trait Position {
    fn position(&self) -> u64;
}

/// What comes after a member.
pub(super) enum Follows {
    Member,
    Nothing,
    /// Bytes of no member, from here on.
    Trailing(u64),
}

/// Looks what follows a member. Zeros that fill a block up don't count.
pub(super) fn follows(input: &mut (impl BufRead + Position)) -> io::Result<Follows> {
    let mut padding = false;
    loop {
        let ahead = input.fill_buf()?;
        let zeros = ahead.iter().take_while(|byte| **byte == 0).count();
        match ahead.first() {
            None => return Ok(Follows::Nothing),
            Some(0) => {
                padding = true;
                input.consume(zeros);
            }
            Some(0x1f) if !padding => return Ok(Follows::Member),
            Some(_) => return Ok(Follows::Trailing(input.position())),
        }
    }
}

/// Unpacks one member after the other.
pub(super) struct Members<I> {
    decoder: Option<GzDecoder<I>>,
    trailing: Option<u64>,
    ended: bool,
}

impl<I: BufRead + Position> Members<I> {
    pub(super) fn new(input: I) -> Self {
        Self { decoder: Some(GzDecoder::new(input)), trailing: None, ended: false }
    }

    pub(super) fn input(&self) -> Option<&I> {
        self.decoder.as_ref().map(GzDecoder::get_ref)
    }

    /// Where bytes begin that belong to no member.
    pub(super) fn trailing(&self) -> Option<u64> {
        self.trailing
    }

    /// Goes on to the member that follows the one that ended, where there is one.
    fn follow(&mut self) -> io::Result<()> {
        let Some(mut input) = self.decoder.take().map(GzDecoder::into_inner) else { return Ok(()) };
        let next = follows(&mut input)?;
        self.ended = !matches!(next, Follows::Member);
        if let Follows::Trailing(at) = next {
            self.trailing = Some(at);
        }
        self.decoder = Some(GzDecoder::new(input));
        Ok(())
    }
}

impl<I: BufRead + Position> Read for Members<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = self.decoder.as_mut().filter(|_| !self.ended && !buffer.is_empty()) {
            match decoder.read(buffer)? {
                0 => self.follow()?,
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}
