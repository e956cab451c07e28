//! Words of an instruction, as a Dockerfile quotes and expands them.
//!
//! Source: moby/buildkit `frontend/dockerfile/parser/line_parsers.go` (`parseWords`) and `shell/lex.go`.

/// Words divided by blanks; quotes and backslashes are still in them.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut characters) = (String::new(), None, text.chars());
    while let Some(character) = characters.next() {
        match (character, quote) {
            (blank, None) if blank.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            ('\\', None | Some('"')) => {
                word.push('\\');
                word.extend(characters.next());
                continue;
            }
            ('"' | '\'', None) => quote = Some(character),
            (closing, Some(open)) if closing == open => quote = None,
            _ => {}
        }
        word.push(character);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A word without its quotes, with `$NAME`, `${NAME}`, `${NAME:-else}` and `${NAME:+then}` put in.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn expand(word: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let characters: Vec<char> = word.chars().collect();
    let mut expander = Expander { characters: &characters, at: 0, variable };
    let expanded = expander.until(None)?;
    Ok(expanded)
}

struct Expander<'a> {
    characters: &'a [char],
    at: usize,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Expander<'_> {
    /// Up to an unquoted `end`, which is passed over, or to the end of the word.
    fn until(&mut self, end: Option<char>) -> Result<String, String> {
        let mut text = String::new();
        while let Some(character) = self.next() {
            match character {
                _ if Some(character) == end => return Ok(text),
                '\'' => loop {
                    match self.next().ok_or("a single quote is not closed")? {
                        '\'' => break,
                        inner => text.push(inner),
                    }
                },
                '"' => self.quoted(&mut text)?,
                '\\' => text.extend(self.next()),
                '$' => text.push_str(&self.dollar()?),
                _ => text.push(character),
            }
        }
        match end {
            Some(_) => Err("a brace is not closed".to_owned()),
            None => Ok(text),
        }
    }

    fn quoted(&mut self, text: &mut String) -> Result<(), String> {
        loop {
            match self.next().ok_or("a double quote is not closed")? {
                '"' => return Ok(()),
                '$' => text.push_str(&self.dollar()?),
                '\\' => match self.next().ok_or("a double quote is not closed")? {
                    special @ ('"' | '$' | '\\') => text.push(special),
                    other => text.extend(['\\', other]),
                },
                inner => text.push(inner),
            }
        }
    }

    fn dollar(&mut self) -> Result<String, String> {
        if self.peek() != Some('{') {
            let name = self.name();
            return Ok(if name.is_empty() {
                "$".to_owned()
            } else {
                (self.variable)(&name).unwrap_or_default()
            });
        }
        self.at += 1;
        let name = self.name();
        if name.is_empty() {
            return Err("`${` is followed by no name".to_owned());
        }
        let value = (self.variable)(&name);
        let colon = self.peek() == Some(':');
        if colon {
            self.at += 1;
        }
        let set = value.as_ref().is_some_and(|value| !(colon && value.is_empty()));
        match self.next() {
            Some('}') if !colon => Ok(value.unwrap_or_default()),
            Some('-') => {
                let other = self.until(Some('}'))?;
                Ok(if set { value.unwrap_or_default() } else { other })
            }
            Some('+') => {
                let other = self.until(Some('}'))?;
                Ok(if set { other } else { String::new() })
            }
            _ => Err(format!("`${{{name}` is not closed, or asks for what there is not")),
        }
    }

    fn name(&mut self) -> String {
        let begins = self.at;
        while self.peek().is_some_and(|it| it.is_ascii_alphanumeric() || it == '_') {
            self.at += 1;
        }
        self.characters[begins..self.at].iter().collect()
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += 1;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_divided_and_expanded_as_a_dockerfile_does() {
        let variable = |name: &str| match name {
            "HOME" => Some("/root".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let rows: [(&str, &[&str]); 10] = [
            ("a  b\tc", &["a", "b", "c"]),
            (r#"A="one two" B='x y'"#, &["A=one two", "B=x y"]),
            (r"A=one\ two B=3", &["A=one two", "B=3"]),
            (r#"A="say \"hi\"""#, &[r#"A=say "hi""#]),
            ("P=$HOME/bin:${HOME}", &["P=/root/bin:/root"]),
            ("P='$HOME'", &["P=$HOME"]),
            (r#"P="$HOME" Q=\$HOME"#, &["P=/root", "Q=$HOME"]),
            ("A=${NONE:-x} B=${EMPTY:-y} C=${EMPTY-z} D=${HOME:+set}", &["A=x", "B=y", "C=", "D=set"]),
            ("A=$NONE B=5$", &["A=", "B=5$"]),
            (r#"A="a\b""#, &[r"A=a\b"]),
        ];
        for (text, want) in rows {
            let words: Vec<String> =
                split(text).iter().map(|word| expand(word, &variable).expect(text)).collect();
            assert_eq!(words, want, "{text}");
        }
        for wrong in ["A='x", r#"A="x"#, "A=${", "A=${HOME", "A=${HOME:x}"] {
            assert!(expand(wrong, &variable).is_err(), "{wrong}");
        }
    }
}
