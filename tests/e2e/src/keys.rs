//! Keys with what is held down meanwhile.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;

/// A key, perhaps with modifiers: `Chord::from("Ctrl+Enter")`, `Chord::from("Escape")`, `Chord::from("a")`.
#[derive(Clone, Debug)]
pub struct Chord {
    held: Vec<char>,
    key: char,
}

impl From<&str> for Chord {
    fn from(text: &str) -> Self {
        let mut names: Vec<&str> = text.split('+').collect();
        let key = code(names.pop().expect("a split has a last part"));
        Self { held: names.into_iter().map(code).collect(), key }
    }
}

impl Chord {
    /// One key that is a character.
    pub fn character(character: char) -> Self {
        Self { held: Vec::new(), key: character }
    }

    pub(crate) fn actions(&self) -> KeyActions {
        let keys = KeyActions::new("keyboard".to_owned());
        let down = |keys: KeyActions, value| keys.then(KeyAction::Down { value });
        let up = |keys: KeyActions, value| keys.then(KeyAction::Up { value });
        let keys = self.held.iter().copied().fold(keys, down);
        let keys = up(down(keys, self.key), self.key);
        self.held.iter().rev().copied().fold(keys, up)
    }
}

fn code(name: &str) -> char {
    let key = match name {
        "Ctrl" => Key::Control,
        "Enter" => Key::Enter,
        "Escape" => Key::Escape,
        "ArrowDown" => Key::Down,
        "ArrowUp" => Key::Up,
        "Tab" => Key::Tab,
        _ => {
            let mut characters = name.chars();
            return match (characters.next(), characters.next()) {
                (Some(character), None) => character,
                _ => panic!("no key is called `{name}` here"),
            };
        }
    };
    key.into()
}
