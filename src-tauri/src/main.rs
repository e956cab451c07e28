//! The window's program.

// No console beside the window on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .all(|name| std::env::var_os(name).is_none_or(|value| value.is_empty()))
    {
        eprintln!("error: there is no display to open the window on");
        eprintln!("hint: set DISPLAY or WAYLAND_DISPLAY, or use the command line: `longshore --help`");
        return ExitCode::FAILURE;
    }
    longshore_desktop::run();
    ExitCode::SUCCESS
}
