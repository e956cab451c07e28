//! The order of tags by the version that they name.
//!
//! Tags are free text; the specs give them no order. This one is what a person expects of a list. From the oldest to
//! the newest:
//!
//! 1. words: `alpine`, `edge`, `release-9`, `release-10`, commits (`3f2a91c`): by their text, numbers in it by value;
//! 2. stamps: dates and build numbers, `2024-01-15`, `20240115`, `20240115093000`, `1834021`;
//! 3. versions: digits, `v` before them or not, and dots: `1.9`, `v2`, `1.25.4-alpine`;
//! 4. `latest`, and `latest-…`.
//!
//! Versions go by their numbers. A number that is left out is above any that could stand there, because such a tag
//! moves: `1.25` stands for the newest `1.25.x`. Of equal numbers, pre-releases (`-rc1`, `-beta.2`, `b1`) are below
//! variants (`-alpine`), and those are below the plain version. So `1.25` > `1.25.5` > `1.25.4` > `1.25.4-alpine` >
//! `1.25.4-rc1` > `1.9`.
//!
//! It is total, and two tags are equal only if their texts are.

use std::cmp::Ordering;

use crate::reference::Tag;

/// A tag's place in the order; comparing two of them allocates nothing.
#[derive(Clone, Copy, Debug)]
pub struct VersionKey<'a> {
    class: Class,
    /// Digits and dots; of a date its eight digits.
    numbers: Numbers<'a>,
    stage: Stage,
    rest: &'a str,
    text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Word,
    Stamp,
    Version,
    Latest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    PreRelease,
    Variant,
    Plain,
}

#[derive(Clone, Copy, Debug)]
enum Numbers<'a> {
    /// `1.25.4`
    Dotted(&'a str),
    /// Year, month, day, and the digits after them.
    Date([u8; 8], &'a str),
}

impl<'a> VersionKey<'a> {
    /// The place of a tag's text. Any text has one.
    pub fn of(text: &'a str) -> Self {
        let plain =
            |class| Self { class, numbers: Numbers::Dotted(""), stage: Stage::Plain, rest: text, text };
        if let Some(rest) =
            text.strip_prefix("latest").filter(|rest| rest.is_empty() || rest.starts_with('-'))
        {
            return Self { stage: stage(rest), rest, ..plain(Class::Latest) };
        }
        if is_commit(text) {
            return plain(Class::Word);
        }
        if let Some((date, digits, rest)) = date(text) {
            let numbers = Numbers::Date(date, digits);
            return Self { class: Class::Stamp, numbers, stage: stage(rest), rest, text };
        }
        let digits = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (numbers, rest) = digits.split_at(numbers_end(digits));
        if numbers.is_empty() {
            return plain(Class::Word);
        }
        let is_stamp = numbers.len() >= STAMP && !numbers.contains('.') && digits.len() == text.len();
        let class = if is_stamp { Class::Stamp } else { Class::Version };
        Self { class, numbers: Numbers::Dotted(numbers), stage: stage(rest), rest, text }
    }
}

impl Ord for VersionKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.class
            .cmp(&other.class)
            .then_with(|| self.numbers.compare(&other.numbers))
            .then_with(|| self.stage.cmp(&other.stage))
            .then_with(|| natural(self.rest, other.rest))
            .then_with(|| self.text.cmp(other.text))
    }
}

impl PartialOrd for VersionKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for VersionKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for VersionKey<'_> {}

/// Which of two tags names the later version; see the module's doc.
pub fn compare(a: &str, b: &str) -> Ordering {
    VersionKey::of(a).cmp(&VersionKey::of(b))
}

/// Sorts tags, the newest version first.
pub fn newest_first(tags: &mut Vec<Tag>) {
    let keys: Vec<VersionKey<'_>> = tags.iter().map(|tag| VersionKey::of(tag.as_str())).collect();
    let mut order: Vec<usize> = (0..tags.len()).collect();
    order.sort_unstable_by(|a, b| keys[*b].cmp(&keys[*a]));
    *tags = order.into_iter().map(|at| tags[at].clone()).collect();
}

/// A lone number of so many digits is a date or a build number, not a version.
const STAMP: usize = 6;
/// The shortest form in which git prints a commit.
const COMMIT: usize = 7;

impl Numbers<'_> {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Dotted(a), Self::Dotted(b)) => dotted(a, b),
            (Self::Date(a, more_a), Self::Date(b, more_b)) => a.cmp(b).then_with(|| number(more_a, more_b)),
            // Dates and build numbers are in one list by chance only: dates count as the later.
            (Self::Date(..), Self::Dotted(_)) => Ordering::Greater,
            (Self::Dotted(_), Self::Date(..)) => Ordering::Less,
        }
    }
}

/// Component by component; the one that ends first is the greater.
fn dotted(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        match (a.next(), b.next()) {
            (Some(one), Some(other)) => match number(one, other) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Greater,
            (Some(_), None) => return Ordering::Less,
        }
    }
}

/// Digits by value, however many there are.
fn number(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Text with the numbers in it by value.
fn natural(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let ((one, rest_a), (other, rest_b)) = (run(a), run(b));
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = match (is_number(one), is_number(other)) {
            (true, true) => number(one, other),
            _ => one.cmp(other),
        };
        if order != Ordering::Equal || one.is_empty() {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

/// The digits, or else the text up to the next digit, at the beginning; and what follows.
fn run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

/// Where digits and single dots between them end.
fn numbers_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    while digit(at) || (at > 0 && bytes.get(at) == Some(&b'.') && digit(at + 1)) {
        at += 1;
    }
    at
}

/// `20240115`, `20240115093000` and `2024-01-15`: the date, further digits, and the rest.
fn date(text: &str) -> Option<([u8; 8], &str, &str)> {
    let bytes = text.as_bytes();
    let (at, rest) = match bytes.get(4) {
        Some(b'-') => {
            let [y1, y2, y3, y4, _, m1, m2, b'-', d1, d2, ..] = *bytes else { return None };
            ([y1, y2, y3, y4, m1, m2, d1, d2], text.get(10..)?)
        }
        _ => (bytes.get(..8)?.try_into().ok()?, text.get(8..)?),
    };
    let value = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    if !at.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let real = (1970..2200).contains(&value(&at[..4]))
        && (1..=12).contains(&value(&at[4..6]))
        && (1..=31).contains(&value(&at[6..]));
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    // `20240115.2` is one too; `20240115.2.3` reads as nothing else.
    real.then(|| (at, &rest[..end], &rest[end..]))
}

/// Seven to forty hexadecimal digits with letters among them, which versions don't look like.
fn is_commit(text: &str) -> bool {
    let hexadecimal = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (COMMIT..=40).contains(&text.len())
        && text.bytes().all(hexadecimal)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// What the text after the numbers makes of a version.
fn stage(rest: &str) -> Stage {
    const WORDS: &[&str] = &[
        "alpha",
        "beta",
        "rc",
        "cr",
        "pre",
        "preview",
        "prerelease",
        "dev",
        "nightly",
        "snapshot",
        "canary",
        "ea",
        "milestone",
        "insiders",
        "unstable",
        "test",
    ];
    // `3.12.0b1`, `1.0-m2`: a letter says so only with its number.
    const LETTERS: &[&str] = &["a", "b", "m"];
    if rest.is_empty() {
        return Stage::Plain;
    }
    let early = rest.split(['-', '.', '_']).any(|part| {
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let listed = |words: &[&str]| words.iter().any(|it| word.eq_ignore_ascii_case(it));
        listed(WORDS) || (word.len() < part.len() && listed(LETTERS))
    });
    if early { Stage::PreRelease } else { Stage::Variant }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(newest_first: &[&str]) {
        let mut sorted: Vec<&str> = newest_first.to_vec();
        sorted.reverse();
        sorted.sort_by(|a, b| compare(b, a));
        assert_eq!(sorted, newest_first);
    }

    #[test]
    fn versions_go_by_their_numbers() {
        check(&["1.25", "1.25.10", "1.25.5", "1.25.4", "1.25.4-alpine", "1.25.4-rc1", "1.9", "1.0.0"]);
        check(&["v10", "v2.1", "2.0", "v1.9.9", "1.9.9"]);
        check(&["2", "2.0", "2.0.0", "1"]);
        check(&["99999999999999999999999.1", "9.1"]);
        check(&["1.2.x", "1.1.9"]);
    }

    #[test]
    fn what_follows_the_numbers_counts_last() {
        check(&["3.12.0", "3.12.0-slim", "3.12.0-alpine3.19", "3.12.0-alpine3.9", "3.12.0-alpine"]);
        check(&["3.12.0", "3.12.0rc2", "3.12.0rc1", "3.12.0b1", "3.12.0a7"]);
        check(&["1.0.0", "1.0.0-rc.2", "1.0.0-beta.11", "1.0.0-beta.2", "1.0.0-alpha"]);
        check(&["17-jdk", "17-ea-jdk", "11-jdk"]);
        check(&["8.0-bookworm", "8.0-preview-bookworm"]);
        check(&["1.0_build7", "1.0-m2"]);
    }

    #[test]
    fn each_kind_has_its_place() {
        check(&["latest", "latest-alpine", "3.19.1", "3.9", "20240329", "20231219", "stable", "edge"]);
        check(&["2024.10.2", "2024.9", "2024.9.11"]);
        check(&["2024-01-15", "20240114", "20240114-2", "20240114-1", "2023-12-31"]);
        check(&["20240115093000", "20240115", "20240114235959", "1834022", "1834021"]);
        check(&["1.0", "release-10", "release-9-b", "release-9", "deadbee", "3f2a91c", "0a1b2c3d4e5f"]);
        check(&["v20240101.1", "1.0"]);
    }

    #[test]
    fn a_list_is_sorted_newest_first() {
        let tag = |text: &str| text.parse::<Tag>().unwrap();
        let mut tags: Vec<Tag> = ["1.9", "latest", "1.25.4-alpine", "edge", "1.25.5"].map(tag).into();
        newest_first(&mut tags);
        assert_eq!(tags, ["latest", "1.25.5", "1.25.4-alpine", "1.9", "edge"].map(tag));
    }

    fn any_tag() -> impl Strategy<Value = String> {
        prop_oneof![
            "[vV]?[0-9]{1,3}(\\.[0-9]{1,3}){0,3}([-._]?(rc|alpine|b|beta|slim|[0-9])[0-9.]{0,3})?",
            "(19|20|21)[0-9]{2}-?[01][0-9]-?[0-3][0-9][0-9.-]{0,4}",
            "latest(-[a-z0-9]{1,4})?",
            "[0-9a-f]{6,8}",
            "[A-Za-z0-9_][A-Za-z0-9._-]{0,8}",
            ".{0,6}",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn it_is_a_total_order(a in any_tag(), b in any_tag(), c in any_tag()) {
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b, "equal only if the texts are");
            let mut three = [a, b, c];
            three.sort_by(|x, y| compare(x, y));
            prop_assert_ne!(compare(&three[0], &three[1]), Ordering::Greater);
            prop_assert_ne!(compare(&three[1], &three[2]), Ordering::Greater);
            prop_assert_ne!(compare(&three[0], &three[2]), Ordering::Greater, "it is transitive");
        }
    }
}
