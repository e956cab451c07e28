//! Words of the command lines that are shown to be copied.

/// A word as a POSIX shell takes it: quoted where it must be.
pub fn word(text: &str) -> String {
    // A NUL is the one thing that no quoting carries, and no file's name has one.
    let text = text.replace('\0', "");
    shlex::try_quote(&text).map(std::borrow::Cow::into_owned).unwrap_or(text.clone())
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn what_a_shell_would_take_apart_is_quoted() {
        for (text, wanted) in [
            ("app.tar", "app.tar"),
            ("release images.tar", "'release images.tar'"),
            ("$(reboot).tar", "'$(reboot).tar'"),
            ("", "''"),
            ("a\0b", "ab"),
        ] {
            assert_eq!(word(text), wanted);
        }
        assert_eq!(shlex::split(&word("it's; here")), Some(vec!["it's; here".to_owned()]));
    }
}
