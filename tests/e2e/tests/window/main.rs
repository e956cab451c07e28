//! The window, used as a person uses it.

mod first;
mod hostile;
mod keyboard;
mod looks;
mod transfers;

/// What every test begins with.
mod prelude {
    pub use e2e::{CONTROL, ENTER, ESCAPE, Home, TAB, Window};
}
