//! What of a helper's complaint may be shown.
//!
//! A failing helper prints free text, in which nothing marks a secret, so the rule is about what may stay: words. What
//! looks made by a machine, or stands after the name of a secret, goes.

/// Longest complaint that is shown, characters.
const LONGEST: usize = 300;

/// How the names of secrets end. In the plural, as in "credentials: not found", they name the matter at hand.
const SECRETS: [&str; 9] =
    ["password", "passwd", "secret", "token", "auth", "authorization", "bearer", "credential", "key"];

/// What stands where a secret stood.
pub(super) const LEFT_OUT: &str = "[redacted]";

/// A helper's error text as one line, without what may be secret and without what could steer a terminal. Words in
/// `known` stay.
pub(super) fn complaint(text: &str, known: &[&str]) -> String {
    let mut shown = String::new();
    let mut after_name = false;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if shown.chars().count() > LONGEST {
            shown.push_str(" …");
            break;
        }
        if !shown.is_empty() {
            shown.push(' ');
        }
        let (kept, names_secret) = kept(word, known);
        if after_name || !kept {
            // One placeholder stands for a run of them.
            if !shown.trim_end().ends_with(LEFT_OUT) {
                shown.push_str(LEFT_OUT);
            }
        } else {
            shown.extend(word.chars().take(80).filter(|c| is_plain(*c)));
        }
        after_name = names_secret;
    }
    shown.trim_end().to_owned()
}

/// Whether a word may be shown, and whether it announces a secret (`password:`, `"Secret":`).
fn kept(word: &str, known: &[&str]) -> (bool, bool) {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
    if known.iter().any(|known| *known == bare || *known == word.trim_matches(|c| "\"'`,;:()".contains(c))) {
        return (true, false);
    }
    let lower = word.to_lowercase();
    let names_secret = |part: &str| {
        let part = part.trim_matches(|c: char| !c.is_alphanumeric());
        SECRETS.iter().any(|name| part.ends_with(name))
    };
    let mut parts: Vec<&str> = lower.split([':', '=']).collect();
    parts.pop();
    if parts.into_iter().any(names_secret) {
        // `password: x` announces; `password=x` holds it already.
        let announces = lower.trim_end_matches(['"', '\'', '`']).ends_with([':', '=']);
        return (announces && bare.chars().all(char::is_alphabetic), announces);
    }
    let announces = matches!(lower.as_str(), "bearer" | "basic");
    let letters = bare.chars().filter(|c| c.is_alphabetic()).count();
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    // Paths and versions are worth reading; a mixture of letters and digits is what a token looks like.
    let made_by_machine = digits > 0 && letters > 0 && bare.chars().count() >= 6
        || digits >= 8
        || bare.chars().count() > 60
        || word.contains('@');
    (!made_by_machine, announces)
}

/// Left out are the characters that reorder or hide text.
fn is_plain(c: char) -> bool {
    !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f044_the_words_of_a_complaint_stay_and_secrets_go() {
        let table = [
            (
                "words",
                "error getting credentials: store is locked\n",
                "error getting credentials: store is locked",
            ),
            (
                "pass, not set up",
                "pass not initialized: exit status 1: Error: password store is empty. Try \"pass init\".",
                "pass not initialized: exit status 1: Error: password store is empty. Try \"pass init\".",
            ),
            (
                "no bus",
                "Cannot autolaunch D-Bus without X11 $DISPLAY",
                "Cannot autolaunch D-Bus without X11 $DISPLAY",
            ),
            ("the server", "no account for r2d2.example.com:5000!", "no account for r2d2.example.com:5000!"),
            ("a password", "could not log in: password=canary", "could not log in: [redacted]"),
            (
                "a password apart",
                "login failed, password: canary again",
                "login failed, password: [redacted] again",
            ),
            ("JSON", r#"{"ServerURL":"x","Username":"ann","Secret":"canary"}"#, "[redacted]"),
            (
                "spaced JSON",
                r#"{ "Username": "ann", "Secret": "canary" }"#,
                r#"{ "Username": "ann", "Secret": [redacted] }"#,
            ),
            ("a token", "bad answer ghp_canary123456 from the store", "bad answer [redacted] from the store"),
            ("a header", "sent Authorization: Bearer canary", "sent Authorization: [redacted]"),
            ("a header with base64", "sent Basic Y2FuYXJ5", "sent Basic [redacted]"),
            ("a URL with an account", "GET https://ann:canary@example.com/ failed", "GET [redacted] failed"),
            ("escape sequences", "\u{1b}]0;title\u{7}red \u{202e}text", "[redacted] red text"),
            ("lines", "one\n\ntwo\r\nthree\0four", "one two three four"),
            ("nothing", " \n", ""),
        ];
        for (name, text, expected) in table {
            let shown = complaint(text, &["r2d2.example.com:5000"]);
            assert_eq!(shown, expected, "{name}");
            assert!(!shown.contains("canary"), "{name}");
        }
        let long = complaint(&"word ".repeat(10_000), &[]);
        assert!(long.chars().count() < LONGEST + 20 && long.ends_with('…'), "{long}");
    }
}
