//! The real window, driven through WebDriver on a display of its own.
//!
//! A test is one call of [`window`]: the program starts with an empty home, and whatever was started ends with the
//! test, also where it fails. What a person sees is waited for ([`Window::until`]), at most [`PATIENCE`]; nothing
//! sleeps for a fixed time and hopes.
//!
//! Deliberately absent: any knowledge of single pages. That belongs to the tests.

// Test equipment stops the test where its own assumptions fail; a Result would be unwrapped in every test.
#![allow(clippy::missing_panics_doc)]

mod keys;
mod program;
mod session;
mod window;

use std::time::Duration;

pub use session::{window, window_in};
pub use window::Window;

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something outside the window is so.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !so() {
        assert!(std::time::Instant::now() < deadline, "waited {} s for {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
