//! Keys by WebDriver's names for them (W3C WebDriver, section 17.4.2).

/// The control key, left.
pub const CONTROL: char = '\u{e009}';
/// The shift key, left.
pub const SHIFT: char = '\u{e008}';
/// Return.
pub const ENTER: char = '\u{e007}';
/// Escape.
pub const ESCAPE: char = '\u{e00c}';
/// Delete, forwards.
pub const DELETE: char = '\u{e017}';
/// The tabulator.
pub const TAB: char = '\u{e004}';
/// The arrow key to the left.
pub const ARROW_LEFT: char = '\u{e012}';
/// The arrow key to the right.
pub const ARROW_RIGHT: char = '\u{e014}';
/// The arrow key down.
pub const ARROW_DOWN: char = '\u{e015}';
/// The arrow key up.
pub const ARROW_UP: char = '\u{e013}';
/// The key that deletes backwards.
pub const BACKSPACE: char = '\u{e003}';
/// The key to the first of a list.
pub const HOME: char = '\u{e011}';
/// The key to the last of a list.
pub const END: char = '\u{e010}';
