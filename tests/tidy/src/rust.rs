//! Just enough of Rust's text: what is code, and what is a test.

/// Whether the whole file is a test: `tests.rs`, or beneath a folder `tests`.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').rev().skip(1).any(|folder| folder == "tests")
}

/// The file's lines with everything that is no code blanked out: comments, the inside of strings, and inline
/// `#[cfg(test)]` modules. The numbers of lines are kept.
pub(crate) fn code(text: &str) -> String {
    without_tests(&blank(text))
}

/// Replaces comments, and the inside of string and character literals, with spaces.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    // Copies, or blanks, up to `end`.
    let put = |out: &mut Vec<u8>, from: usize, end: usize, keep: bool| {
        out.extend(bytes[from..end].iter().map(|&byte| if keep || byte == b'\n' { byte } else { b' ' }));
    };
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (length, keep) = if rest.starts_with(b"//") {
            (rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with(b"/*") {
            (block_comment(rest), false)
        } else if let Some(length) = raw_string(rest, at.checked_sub(1).map(|before| bytes[before])) {
            (length, false)
        } else if rest[0] == b'"' {
            (quoted(rest, b'"'), false)
        } else if rest[0] == b'\'' && is_character(rest) {
            (quoted(rest, b'\''), false)
        } else {
            (1, true)
        };
        put(&mut out, at, at + length, keep);
        at += length;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// `r"…"`, `r#"…"#`, `br"…"`: the length, unless `r` ends a longer word.
fn raw_string(rest: &[u8], before: Option<u8>) -> Option<usize> {
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let prefix = if rest.starts_with(b"br") { 2 } else { usize::from(rest[0] == b'r') };
    if prefix == 0 {
        return None;
    }
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    if rest.get(prefix + hashes) != Some(&b'"') {
        return None;
    }
    let end = [&b"\""[..], &b"#".repeat(hashes)].concat();
    let start = prefix + hashes + 1;
    let found = rest[start..].windows(end.len()).position(|window| window == end);
    Some(found.map_or(rest.len(), |at| start + at + end.len()))
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// A character literal, and no lifetime.
fn is_character(rest: &[u8]) -> bool {
    rest.get(1) == Some(&b'\\') || {
        let text = String::from_utf8_lossy(&rest[1..rest.len().min(8)]).into_owned();
        text.chars().nth(1) == Some('\'')
    }
}

/// Blanks inline modules under `#[cfg(test)]`. Works on blanked text, where every brace is code.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out[from..].find("#[cfg(test)]") {
        let start = from + found;
        let attribute_end = start + "#[cfg(test)]".len();
        let item = &out[attribute_end..];
        let end = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|semicolon| open < semicolon) => {
                attribute_end + open + matching_brace(&item[open..])
            }
            (_, Some(semicolon)) => attribute_end + semicolon + 1,
            _ => out.len(),
        };
        let blank: String = out[start..end].chars().map(|it| if it == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
        from = start;
    }
    out
}

fn matching_brace(text: &str) -> usize {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        let text = "use a::b; // use c::d\n/* use /* e */ f */ let s = \"use g::h \\\" {\"; let c = '\"'; x::<'a>();\n\
            let r = r#\"use \"i\" {\"#;\n#[cfg(test)]\nmod tests {\n    use j::k; { }\n}\nuse l::m;\n";
        let code = code(text);
        for gone in ["c::d", " e ", "g::h", "i\"", "j::k"] {
            assert!(!code.contains(gone), "{gone} in {code}");
        }
        for kept in ["use a::b;", "let s =", "x::<'a>();", "let r =", "use l::m;"] {
            assert!(code.contains(kept), "{kept} not in {code}");
        }
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn a_test_module_in_its_own_file_is_one_line() {
        let code = code("#[cfg(test)]\nmod tests;\nuse a::b;\n");
        assert!(!code.contains("mod tests") && code.contains("use a::b;"));
    }

    #[test]
    fn test_files() {
        assert!(is_test_file("a/src/x/tests.rs"));
        assert!(is_test_file("a/src/x/tests/y.rs"));
        assert!(!is_test_file("a/src/x/contests.rs"));
    }
}
