//! The window, used as a person uses it.

mod accounts;
mod archives;
mod deletions;
mod details;
mod engines;
mod explore;
mod files;
mod first;
mod hostile;
mod hosts;
mod inside;
mod keyboard;
mod looks;
mod outward;
mod previews;
mod push;
mod saving;
mod steps;
mod transfers;
mod waste;

/// What every test begins with.
mod prelude {
    pub use e2e::{
        ARROW_DOWN, ARROW_LEFT, ARROW_RIGHT, ARROW_UP, BACKSPACE, CONTROL, DELETE, Drag, END, ENTER, ESCAPE,
        HOME, Home, SHIFT, TAB, Target, Window,
    };
}
