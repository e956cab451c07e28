//! The real window, through WebDriver under Xvfb.
