//! What a registry asks for when it answers 401: the `WWW-Authenticate` headers, read.
//!
//! Pure, linear in its input, and total: every input gives a list. What is no challenge is skipped, since one
//! proxy's odd header must not hide the challenge that counts (RFC 9110, section 11.6.1, which lets one header
//! hold several challenges and one challenge hold commas).

use crate::error::{Code, Error, Result};

/// One challenge of a `WWW-Authenticate` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A name and a password with every request (RFC 7617).
    Basic {
        /// What the account is for, in the server's words.
        realm: Option<String>,
    },
    /// A token from another endpoint (distribution's token authentication).
    Bearer {
        /// Where tokens are given out: an absolute URL, unchecked. See [`super::realm::token_url`].
        realm: String,
        /// The registry's name for itself, sent back to the realm.
        service: Option<String>,
        /// What a token must allow, e.g. `repository:team/app:pull`; several are separated by spaces.
        scope: Option<String>,
        /// Why a token that was sent is not enough, e.g. `insufficient_scope`.
        error: Option<String>,
    },
    /// Another scheme, by its name; also a `Bearer` that names no realm.
    Other(String),
}

/// The challenges of several header values, in their order.
pub fn parse<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Vec<Challenge> {
    headers.into_iter().flat_map(|header| Scanner { bytes: header, position: 0 }.challenges()).collect()
}

/// The challenge to answer: the first `Bearer`, else the first `Basic`.
///
/// Bearer goes first because a token is worth less to a thief than a password.
///
/// # Errors
/// [`Code::ProtocolViolation`] where there is no challenge at all, [`Code::RegistryRefused`] where none is of a
/// scheme that is supported; the message names those that are offered.
pub fn choose(challenges: &[Challenge]) -> Result<&Challenge> {
    let bearer = challenges.iter().find(|challenge| matches!(challenge, Challenge::Bearer { .. }));
    let basic = || challenges.iter().find(|challenge| matches!(challenge, Challenge::Basic { .. }));
    if let Some(chosen) = bearer.or_else(basic) {
        return Ok(chosen);
    }
    let mut offered: Vec<String> = Vec::new();
    for challenge in challenges {
        let Challenge::Other(scheme) = challenge else { continue };
        let without = if scheme.eq_ignore_ascii_case("bearer") { " without a realm" } else { "" };
        // Schemes are made of token characters: nothing in them can forge a line.
        let shown = format!("`{}`{without}", scheme.chars().take(40).collect::<String>());
        if offered.len() < 8 && !offered.contains(&shown) {
            offered.push(shown);
        }
    }
    if offered.is_empty() {
        let message =
            "the registry wants an account but does not say how to sign in: its 401 has no challenge";
        return Err(Error::new(Code::ProtocolViolation, message)
            .with_hint("Check the registry's address: a proxy or another web server may be answering"));
    }
    let message = format!("the registry offers no supported way to sign in: {}", offered.join(", "));
    Err(Error::new(Code::RegistryRefused, message)
        .with_hint("Ask the registry's operator for Bearer or Basic authentication"))
}

/// A challenge while its parameters are still arriving.
struct Draft {
    scheme: String,
    realm: Option<String>,
    service: Option<String>,
    scope: Option<String>,
    error: Option<String>,
}

impl Draft {
    fn new(scheme: &[u8]) -> Self {
        let scheme = String::from_utf8_lossy(scheme).into_owned();
        Self { scheme, realm: None, service: None, scope: None, error: None }
    }

    /// The first of several parameters with one name counts; the grammar allows only one.
    fn set(&mut self, name: &[u8], value: String) {
        let field = match name.to_ascii_lowercase().as_slice() {
            b"realm" => &mut self.realm,
            b"service" => &mut self.service,
            b"scope" => &mut self.scope,
            b"error" => &mut self.error,
            _ => return,
        };
        field.get_or_insert(value);
    }

    fn finish(self) -> Challenge {
        if self.scheme.eq_ignore_ascii_case("basic") {
            return Challenge::Basic { realm: self.realm };
        }
        match self.realm.filter(|realm| !realm.is_empty()) {
            Some(realm) if self.scheme.eq_ignore_ascii_case("bearer") => Challenge::Bearer {
                realm,
                service: self.service.filter(|service| !service.is_empty()),
                scope: self.scope.filter(|scope| !scope.is_empty()),
                error: self.error.filter(|error| !error.is_empty()),
            },
            _ => Challenge::Other(self.scheme),
        }
    }
}

/// Reads one header value. Every method moves `position` forwards only, save [`Scanner::token68`], which looks
/// ahead over one run of characters.
struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Scanner<'a> {
    fn challenges(mut self) -> Vec<Challenge> {
        let mut finished = Vec::new();
        let mut current: Option<Draft> = None;
        loop {
            self.take_while(|byte| is_blank(byte) || byte == b',');
            let word = self.take_while(is_token);
            if word.is_empty() {
                match self.peek() {
                    None => break,
                    // Junk in quotes is skipped whole: what stands in it is text, not a challenge.
                    Some(b'"') => drop(self.quoted()),
                    Some(_) => self.position += 1,
                }
                continue;
            }
            let blanks = self.take_while(is_blank);
            if self.peek() == Some(b'=') {
                self.position += 1;
                self.take_while(is_blank);
                if let (Some(value), Some(draft)) = (self.value(), current.as_mut()) {
                    draft.set(word, value);
                }
                continue;
            }
            finished.extend(current.replace(Draft::new(word)).map(Draft::finish));
            if !blanks.is_empty() {
                self.token68();
            }
        }
        finished.extend(current.map(Draft::finish));
        finished
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.bytes[self.position..];
        let length = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        self.position += length;
        &rest[..length]
    }

    /// Steps over the credentials-like text that some schemes have in place of parameters (`Negotiate YII=`).
    /// It is told from a parameter by what follows: nothing, or a comma.
    fn token68(&mut self) {
        let start = self.position;
        self.take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
        self.take_while(|byte| byte == b'=');
        self.take_while(is_blank);
        if !matches!(self.peek(), None | Some(b',')) {
            self.position = start;
        }
    }

    /// A parameter's value, quoted or bare; `None` where it can't be used.
    fn value(&mut self) -> Option<String> {
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        // A bare value should be a token, but URLs are seen without their quotes.
        let bare = self.take_while(|byte| !is_blank(byte) && byte != b',' && byte != b'"');
        String::from_utf8(bare.to_vec()).ok()
    }

    /// A quoted string with its escapes undone; `None`, at the end of the header, where it is never closed.
    fn quoted(&mut self) -> Option<String> {
        self.position += 1;
        let mut text = Vec::new();
        while let Some(byte) = self.peek() {
            self.position += 1;
            match byte {
                b'"' => return String::from_utf8(text).ok(),
                b'\\' => {
                    text.push(self.peek()?);
                    self.position += 1;
                }
                _ => text.push(byte),
            }
        }
        None
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
