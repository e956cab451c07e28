//! Content digests: `sha256:<64 hex>` and `sha512:<128 hex>`, nothing else.
//!
//! A [`Digest`] can't be wrong once it exists: its algorithm is registered and its hex is lower case and of the
//! right length, so it is safe to use in a path. Source: image-spec `descriptor.md`, "Digests".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::Digest as _;

/// A registered digest algorithm (image-spec `descriptor.md`, "Registered algorithms").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256: what every registry uses.
    Sha256,
    /// SHA-512: registered, rare.
    Sha512,
}

impl Algorithm {
    /// The name before the colon: `sha256` or `sha512`.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits follow the colon: 64 or 128.
    pub fn hex_len(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "sha256" => Some(Algorithm::Sha256),
            "sha512" => Some(Algorithm::Sha512),
            _ => None,
        }
    }
}

/// A valid content digest. Displays as `sha256:<hex>`; orders by its text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    text: Box<str>,
}

impl Digest {
    /// The SHA-256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of(Algorithm::Sha256, bytes)
    }

    /// The digest of `bytes` by `algorithm`.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The algorithm before the colon.
    pub fn algorithm(&self) -> Algorithm {
        let name = self.text.split(':').next().unwrap_or_default();
        Algorithm::from_name(name).expect("a digest holds a registered algorithm")
    }

    /// The lower-case hexadecimal digits after the colon.
    pub fn hex(&self) -> &str {
        self.text.split_once(':').expect("a digest holds a colon").1
    }

    /// The first 12 hexadecimal digits: for people to read, never for proof.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    /// The whole text, `sha256:<hex>`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.text)
    }
}

impl FromStr for Digest {
    type Err = DigestProblem;

    fn from_str(input: &str) -> Result<Self, DigestProblem> {
        let (name, hex) = input.split_once(':').ok_or(DigestProblem::NoColon)?;
        let algorithm =
            Algorithm::from_name(name).ok_or_else(|| DigestProblem::Algorithm(shown(name).into_owned()))?;
        if let Some(at) = hex.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            let upper = hex.as_bytes()[at].is_ascii_hexdigit();
            return Err(if upper {
                DigestProblem::UpperCase
            } else {
                let found = hex[at..].chars().next().expect("`at` is inside the text");
                DigestProblem::NotHex { found }
            });
        }
        if hex.len() != algorithm.hex_len() {
            return Err(DigestProblem::Length { algorithm, found: hex.len() });
        }
        Ok(Digest { text: input.into() })
    }
}

/// At most 32 characters of `text`, so that a message stays readable whatever the input was.
fn shown(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(32) {
        None => text.into(),
        Some((at, _)) => format!("{}…", &text[..at]).into(),
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Why a text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestProblem {
    /// There is no `ALGORITHM:` in front.
    #[error("a digest is `sha256:` and 64 hexadecimal digits; there is no `:`")]
    NoColon,
    /// The algorithm is not one of image-spec's.
    #[error("`{0}` is no digest algorithm in use here; there are `sha256` and `sha512`")]
    Algorithm(String),
    /// A character that is no hexadecimal digit.
    #[error("`{found}` is no hexadecimal digit")]
    NotHex {
        /// The first such character.
        found: char,
    },
    /// Hexadecimal digits in upper case, which image-spec forbids: one digest has one spelling.
    #[error("the hexadecimal digits of a digest are lower case")]
    UpperCase,
    /// Too few or too many digits.
    #[error("a {} digest has {} hexadecimal digits; this one has {found}", algorithm.as_str(), algorithm.hex_len())]
    Length {
        /// The algorithm that says how many there must be.
        algorithm: Algorithm,
        /// How many there are.
        found: usize,
    },
}

/// Hashes bytes as they come.
#[derive(Clone)]
pub struct Hasher {
    state: State,
}

#[derive(Clone)]
enum State {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hasher {
    /// A hasher that has seen no bytes.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => State::Sha512(sha2::Sha512::new()),
        };
        Hasher { state }
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha256(hasher) => hasher.update(bytes),
            State::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes seen.
    pub fn finish(self) -> Digest {
        match self.state {
            State::Sha256(hasher) => from_bytes(Algorithm::Sha256, &hasher.finalize()),
            State::Sha512(hasher) => from_bytes(Algorithm::Sha512, &hasher.finalize()),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = match self.state {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        };
        write!(f, "Hasher({})", algorithm.as_str())
    }
}

fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(algorithm.as_str().len() + 1 + algorithm.hex_len());
    text.push_str(algorithm.as_str());
    text.push(':');
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 0xf)]));
    }
    Digest { text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn known_digests() {
        assert_eq!(Digest::sha256(b"").as_str(), EMPTY);
        assert_eq!(
            Digest::of(Algorithm::Sha512, b"").hex(),
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        );
        let digest = Digest::sha256(b"{}");
        assert_eq!(digest.short(), "44136fa355b3");
        assert_eq!(digest.algorithm(), Algorithm::Sha256);
        let mut parts = Hasher::new(Algorithm::Sha256);
        parts.update(b"{");
        let early = parts.clone();
        parts.update(b"}");
        assert_eq!(parts.finish(), digest);
        assert_ne!(early.finish(), digest);
    }

    #[test]
    fn f058_malformed_digest() {
        let hex = &EMPTY[7..];
        let cases: &[(&str, String, DigestProblem)] = &[
            ("empty", String::new(), DigestProblem::NoColon),
            ("no colon", hex.into(), DigestProblem::NoColon),
            ("path", "sha256:../x".into(), DigestProblem::NotHex { found: '.' }),
            (
                "path in the algorithm",
                format!("../sha256:{hex}"),
                DigestProblem::Algorithm("../sha256".into()),
            ),
            ("short", EMPTY[..70].into(), DigestProblem::Length { algorithm: Algorithm::Sha256, found: 63 }),
            ("long", format!("{EMPTY}0"), DigestProblem::Length { algorithm: Algorithm::Sha256, found: 65 }),
            ("no hex", "sha256:".into(), DigestProblem::Length { algorithm: Algorithm::Sha256, found: 0 }),
            (
                "sha512 with sha256's length",
                format!("sha512:{hex}"),
                DigestProblem::Length { algorithm: Algorithm::Sha512, found: 64 },
            ),
            ("upper-case hex", format!("sha256:{}", hex.to_uppercase()), DigestProblem::UpperCase),
            ("upper-case algorithm", format!("SHA256:{hex}"), DigestProblem::Algorithm("SHA256".into())),
            ("md5", "md5:d41d8cd98f00b204e9800998ecf8427e".into(), DigestProblem::Algorithm("md5".into())),
            ("sha384", format!("sha384:{hex}"), DigestProblem::Algorithm("sha384".into())),
            ("second colon", format!("sha256:{}:", &hex[1..]), DigestProblem::NotHex { found: ':' }),
            ("NUL", format!("sha256:{}\0", &hex[1..]), DigestProblem::NotHex { found: '\0' }),
            ("not ASCII", format!("sha256:{}é", &hex[2..]), DigestProblem::NotHex { found: 'é' }),
            ("space in front", format!(" {EMPTY}"), DigestProblem::Algorithm(" sha256".into())),
        ];
        for (name, input, problem) in cases {
            assert_eq!(input.parse::<Digest>().unwrap_err(), *problem, "{name}");
        }
        let long = "é".repeat(1 << 20) + ":";
        assert!(long.parse::<Digest>().unwrap_err().to_string().len() < 200, "a message stays short");
    }

    #[test]
    fn json_is_the_text() {
        let digest: Digest = serde_json::from_str(&format!("\"{EMPTY}\"")).unwrap();
        assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{EMPTY}\""));
        assert!(serde_json::from_str::<Digest>("\"sha256:x\"").is_err());
        assert!(serde_json::from_str::<Digest>("7").is_err());
    }
}
