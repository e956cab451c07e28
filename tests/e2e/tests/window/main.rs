//! The window, used as a person uses it.

mod accounts;
mod details;
mod explore;
mod first;
mod hostile;
mod keyboard;
mod looks;
mod push;
mod transfers;

/// What every test begins with.
mod prelude {
    pub use e2e::{ARROW_DOWN, CONTROL, ENTER, ESCAPE, Home, SHIFT, TAB, Window};
}
