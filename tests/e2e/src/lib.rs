//! The real window for tests: an Xvfb, the app in it with a home of its own, and WebKit's driver to use it with.
//!
//! Nothing is shared between two tests, so they run in parallel, and nothing outlives one: processes are ended by the
//! group that was started, displays and homes go with them.
//!
//! The program is the one named by `LONGSHORE_DESKTOP_BIN`, or else `longshore-desktop` beside the tests in the target
//! folder. It must be built with its page in it (`--features longshore-desktop/custom-protocol`). Deliberately absent:
//! skipping. Where Xvfb, the driver, the program or axe is missing, a test fails and says how to get it.

// Test equipment stops the test where its own assumptions fail.
#![allow(clippy::missing_panics_doc)]

mod axe;
mod chooser;
mod display;
mod drag;
mod driver;
mod keys;
mod looks;
mod page;
mod process;
mod window;

pub use display::Display;
pub use drag::{Drag, Target};
pub use keys::{
    ARROW_DOWN, ARROW_LEFT, ARROW_RIGHT, ARROW_UP, BACKSPACE, CONTROL, DELETE, END, ENTER, ESCAPE, HOME,
    SHIFT, TAB,
};
pub use process::Process;
pub use window::{Home, Window};
