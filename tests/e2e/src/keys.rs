//! Keys, with what is held down meanwhile.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;

/// Keys that are pressed one after the other, perhaps while others are held: `Ctrl+Enter`, `Escape`, `a`.
#[derive(Clone, Debug)]
pub(crate) struct Chord {
    held: Vec<char>,
    struck: Vec<char>,
}

impl Chord {
    /// By its name: `Ctrl+Enter`.
    pub(crate) fn named(name: &str) -> Self {
        let mut names: Vec<&str> = name.split('+').collect();
        let struck = names.pop().map(code).into_iter().collect();
        Self { held: names.into_iter().map(code).collect(), struck }
    }

    /// Each character's own key, nothing held.
    pub(crate) fn text(text: &str) -> Self {
        Self { held: Vec::new(), struck: text.chars().collect() }
    }

    pub(crate) fn actions(&self) -> KeyActions {
        let down = |keys: KeyActions, value: &char| keys.then(KeyAction::Down { value: *value });
        let up = |keys: KeyActions, value: &char| keys.then(KeyAction::Up { value: *value });
        let keys = self.held.iter().fold(KeyActions::new("keyboard".to_owned()), down);
        let keys = self.struck.iter().fold(keys, |keys, key| up(down(keys, key), key));
        self.held.iter().rev().fold(keys, up)
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
