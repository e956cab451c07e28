//! The window, used as a person uses it.

mod accounts;
mod archives;
mod details;
mod explore;
mod files;
mod first;
mod hostile;
mod keyboard;
mod looks;
mod push;
mod transfers;

/// What every test begins with.
mod prelude {
    pub use e2e::{ARROW_DOWN, ARROW_LEFT, CONTROL, Drag, ENTER, ESCAPE, Home, SHIFT, TAB, Window};
}
