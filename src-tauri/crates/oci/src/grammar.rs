//! The grammar of distribution/reference as matchers over bytes: each reads forward once, none backtracks.
//!
//! Every function returns the span (bytes of its argument) that breaks the rule, so that a message can
//! underline it. Which text is a host and which a path is not decided here but in [`crate::reference`].

use std::ops::Range;

/// The longest path of a repository, in bytes (`RepositoryNameTotalLengthMax`).
pub(crate) const PATH_MAX: usize = 255;
/// The longest tag, in bytes.
pub(crate) const TAG_MAX: usize = 128;

/// How a host with an optional port breaks the grammar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HostFault {
    /// The host itself: a character that it can't hold, or a part that is empty or begins or ends with `-`.
    Host(Range<usize>),
    /// Between `[` and `]` only hexadecimal digits and colons may stand, and the `]` may not be missing.
    Address(Range<usize>),
    /// What follows the `:` is not a number.
    Port(Range<usize>),
}

/// `host [":" digits]`, where the host is a domain name, an IPv4 address or an IPv6 address in brackets.
///
/// As in distribution, numbers are not checked: `[:]` and port 99999 are words of the grammar.
pub(crate) fn host_and_port(text: &str) -> Result<(), HostFault> {
    let host_end = if text.starts_with('[') { bracketed(text)? } else { domain_name(text)? };
    let Some(port) = text[host_end..].strip_prefix(':') else {
        debug_assert_eq!(host_end, text.len(), "the host ends at its port or at the end");
        return Ok(());
    };
    if port.is_empty() {
        return Err(HostFault::Port(host_end..text.len()));
    }
    match span_where(port, |b| !b.is_ascii_digit()) {
        None => Ok(()),
        Some(_) => Err(HostFault::Port(host_end + 1..text.len())),
    }
}

/// Returns the end of `[…]`.
fn bracketed(text: &str) -> Result<usize, HostFault> {
    let Some(close) = text.find(']') else { return Err(HostFault::Address(0..text.len())) };
    let inner = &text[1..close];
    if inner.is_empty() {
        return Err(HostFault::Address(0..close + 1));
    }
    if let Some(bad) = span_where(inner, |b| !(b.is_ascii_hexdigit() || b == b':')) {
        // A zone (`%eth0`) is wrong as a whole, though some of its letters are hexadecimal digits.
        let end = if inner[bad.start..].starts_with('%') { close } else { bad.end + 1 };
        return Err(HostFault::Address(bad.start + 1..end));
    }
    let end = close + 1;
    if end < text.len() && !text[end..].starts_with(':') {
        return Err(HostFault::Host(end..text.len()));
    }
    Ok(end)
}

/// Returns the end of the domain name: the first colon, or the end of the text.
fn domain_name(text: &str) -> Result<usize, HostFault> {
    let end = text.find(':').unwrap_or(text.len());
    let name = &text[..end];
    if let Some(bad) = span_where(name, |b| !(b.is_ascii_alphanumeric() || b == b'-' || b == b'.')) {
        return Err(HostFault::Host(bad));
    }
    if name.is_empty() {
        return Err(HostFault::Host(0..text.len().min(1)));
    }
    let mut start = 0;
    for part in name.split('.') {
        let part_end = start + part.len();
        if part.is_empty() {
            // The two dots, or the one at an edge, are what is wrong.
            return Err(HostFault::Host(start.saturating_sub(1)..(part_end + 1).min(end)));
        }
        if part.starts_with('-') {
            return Err(HostFault::Host(start..start + 1));
        }
        if part.ends_with('-') {
            return Err(HostFault::Host(part_end - 1..part_end));
        }
        start = part_end + 1;
    }
    Ok(end)
}

/// How one component of a path breaks the grammar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ComponentFault {
    /// Nothing between two slashes, or at an end.
    Empty,
    /// An upper-case letter.
    UpperCase(Range<usize>),
    /// A character that no component holds.
    Character(Range<usize>),
    /// A separator at the beginning or end, or a run of them that is none of `.`, `_`, `__`, `-`, `--`, ….
    Separator(Range<usize>),
}

/// `alphanumeric (separator alphanumeric)*` with separators `.`, `_`, `__` and runs of `-`.
pub(crate) fn path_component(text: &str) -> Result<(), ComponentFault> {
    if text.is_empty() {
        return Err(ComponentFault::Empty);
    }
    let is_separator = |b: u8| matches!(b, b'.' | b'_' | b'-');
    let is_alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if let Some(bad) = span_where(text, |b| !is_separator(b) && !is_alphanumeric(b)) {
        let run = &text[bad.clone()];
        let upper = run.find(|c: char| !c.is_uppercase()).unwrap_or(run.len());
        return Err(match upper {
            0 => ComponentFault::Character(bad),
            _ => ComponentFault::UpperCase(bad.start..bad.start + upper),
        });
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if is_alphanumeric(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_separator(bytes[at]) {
            at += 1;
        }
        let run = &text[start..at];
        let allowed = matches!(run, "." | "_" | "__") || run.bytes().all(|b| b == b'-');
        if start == 0 || at == bytes.len() || !allowed {
            return Err(ComponentFault::Separator(start..at));
        }
    }
    Ok(())
}

/// How a tag breaks the grammar.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TagFault {
    /// No characters.
    Empty,
    /// `.` or `-` in front.
    Start(Range<usize>),
    /// A character that no tag holds.
    Character(Range<usize>),
    /// Over [`TAG_MAX`].
    TooLong,
}

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`.
pub(crate) fn tag(text: &str) -> Result<(), TagFault> {
    if text.is_empty() {
        return Err(TagFault::Empty);
    }
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if let Some(bad) = span_where(text, |b| !(is_word(b) || b == b'.' || b == b'-')) {
        return Err(TagFault::Character(bad));
    }
    if !is_word(text.as_bytes()[0]) {
        return Err(TagFault::Start(0..1));
    }
    if text.len() > TAG_MAX {
        return Err(TagFault::TooLong);
    }
    Ok(())
}

/// 64 lower-case hexadecimal digits: the form of an image ID, which no name may have on its own.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first run of characters for which `bad` holds, on character boundaries. Bytes outside ASCII must all be
/// bad or all be good.
fn span_where(text: &str, bad: impl Fn(u8) -> bool) -> Option<Range<usize>> {
    let start = text.bytes().position(&bad)?;
    let length = text[start..].bytes().position(|b| !bad(b)).unwrap_or(text.len() - start);
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in [
            "test.com",
            "test.com:10304",
            "localhost",
            "localhost:8080",
            "a",
            "a.b",
            "ab.cd.com",
            "a-b.com",
            "ab.c-om",
            "0101.com",
            "001a.com",
            "b.gbc.io:443",
            "xn--n3h.com",
            "Asdf.com",
            "192.168.1.1:75050",
            "192.168.1.1:750050",
            "[fd00:1:2::3]:75050",
            "[fd00123123123]:75050",
            "[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:750505",
            "[::1]",
        ] {
            assert_eq!(host_and_port(good), Ok(()), "{good}");
        }
        let bad = [
            ("test.com:http", HostFault::Port(9..13)),
            ("test.com:", HostFault::Port(8..9)),
            ("-ab.com", HostFault::Host(0..1)),
            ("ab-.com", HostFault::Host(2..3)),
            ("ab.-com", HostFault::Host(3..4)),
            ("ab.com-", HostFault::Host(6..7)),
            ("a..b", HostFault::Host(1..3)),
            ("a.", HostFault::Host(1..2)),
            (".a", HostFault::Host(0..1)),
            ("a.:80", HostFault::Host(1..2)),
            ("", HostFault::Host(0..0)),
            (":80", HostFault::Host(0..1)),
            ("a_b:80", HostFault::Host(1..2)),
            ("é.com", HostFault::Host(0..2)),
            ("[fd00:1:2::3]75050", HostFault::Host(13..18)),
            ("[fd00:1:2::3]::75050", HostFault::Port(14..20)),
            ("[fd00:1:2::3%eth0]:75050", HostFault::Address(12..17)),
            ("[]", HostFault::Address(0..2)),
            ("[::1", HostFault::Address(0..4)),
            ("fd00:1:2::3:75050", HostFault::Port(5..17)),
        ];
        for (text, fault) in bad {
            assert_eq!(host_and_port(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn components() {
        for good in ["a", "0", "a.b", "a_b", "a__b", "a-b", "a-----b", "ver---sion--name.v1_2__3"] {
            assert_eq!(path_component(good), Ok(()), "{good}");
        }
        let bad = [
            ("", ComponentFault::Empty),
            ("a_._b", ComponentFault::Separator(1..4)),
            ("a___b", ComponentFault::Separator(1..4)),
            ("a..b", ComponentFault::Separator(1..3)),
            ("a-.b", ComponentFault::Separator(1..3)),
            ("-a", ComponentFault::Separator(0..1)),
            ("a-", ComponentFault::Separator(1..2)),
            ("__", ComponentFault::Separator(0..2)),
            ("aBCd", ComponentFault::UpperCase(1..3)),
            ("aB$", ComponentFault::UpperCase(1..2)),
            ("É", ComponentFault::UpperCase(0..2)),
            ("a$$b", ComponentFault::Character(1..3)),
            ("a b", ComponentFault::Character(1..2)),
            ("aé", ComponentFault::Character(1..3)),
        ];
        for (text, fault) in bad {
            assert_eq!(path_component(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn tags() {
        for good in ["a", "_", "5000", "v1.2-x_Y", "a.", "__-.."] {
            assert_eq!(tag(good), Ok(()), "{good}");
        }
        assert_eq!(tag(&"a".repeat(128)), Ok(()));
        assert_eq!(tag(&"a".repeat(129)), Err(TagFault::TooLong));
        assert_eq!(tag(""), Err(TagFault::Empty));
        assert_eq!(tag("-a"), Err(TagFault::Start(0..1)));
        assert_eq!(tag(".a"), Err(TagFault::Start(0..1)));
        assert_eq!(tag("a~b"), Err(TagFault::Character(1..2)));
        assert_eq!(tag("a/b"), Err(TagFault::Character(1..2)));
        assert_eq!(tag("aé"), Err(TagFault::Character(1..3)));
    }

    #[test]
    fn identifiers() {
        assert!(is_identifier("da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf9821"));
        assert!(!is_identifier("7EC43B381E5AEFE6E04EFB0B3F0693FF2A4A50652D64AEC573905F2DB5889A1C"));
        assert!(!is_identifier("da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf"));
        assert!(!is_identifier("da304e823d8ca2b9d863a3c897baeb852ba21ea9a9f1414736394ae7fcaf98218482"));
    }
}
