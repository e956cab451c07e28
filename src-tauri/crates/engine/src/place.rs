//! Where Longshore keeps its things: one place for the window and the command line.
//!
//! | | Linux | macOS | Windows |
//! |---|---|---|---|
//! | data | `$XDG_DATA_HOME/longshore` | `~/Library/Application Support/longshore` | `%LOCALAPPDATA%\longshore` |
//!
//! The content store is `store` in it, unless the variable `LONGSHORE_STORE` names another directory.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::{Code, Error, Result};

/// The variable that moves the content store.
pub const STORE_VARIABLE: &str = "LONGSHORE_STORE";

/// Where everything goes that is not the content store: absolute, and not made yet.
///
/// # Errors
/// [`Code::ConfigInvalid`] where there is no home directory.
pub fn data_dir() -> Result<PathBuf> {
    data_dir_of(&|name| std::env::var_os(name), std::env::home_dir())
}

/// The content store of this user: absolute where the variable is, and not made yet.
///
/// # Errors
/// As [`data_dir`].
pub fn store_dir() -> Result<PathBuf> {
    store_dir_of(&|name| std::env::var_os(name), std::env::home_dir())
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

fn store_dir_of(lookup: Lookup<'_>, home: Option<PathBuf>) -> Result<PathBuf> {
    match lookup(STORE_VARIABLE).filter(|dir| !dir.is_empty()) {
        Some(dir) => Ok(dir.into()),
        None => Ok(data_dir_of(lookup, home)?.join("store")),
    }
}

fn data_dir_of(lookup: Lookup<'_>, home: Option<PathBuf>) -> Result<PathBuf> {
    let base = if cfg!(windows) {
        lookup("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Application Support"))
    } else {
        // The XDG base directory specification: a relative path is to be ignored.
        let configured = lookup("XDG_DATA_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
        configured.or_else(|| home.map(|home| home.join(".local/share")))
    };
    let base = base.filter(|dir| dir.is_absolute()).ok_or_else(|| {
        Error::new(Code::ConfigInvalid, "there is no home directory to keep images in")
            .with_hint(format!("Name a directory with the variable `{STORE_VARIABLE}`, or set `HOME`"))
    })?;
    Ok(base.join("longshore"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], home: Option<&str>) -> (Option<String>, Option<String>) {
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let home = home.map(PathBuf::from);
        let text = |dir: Result<PathBuf>| dir.ok().map(|dir| dir.display().to_string());
        (text(data_dir_of(&lookup, home.clone())), text(store_dir_of(&lookup, home)))
    }

    #[test]
    fn the_places_follow_the_environment() {
        let some = |text: &str| Some(text.to_owned());
        let rows = [
            ("home alone", check(&[], Some("/home/a")), "/home/a/.local/share/longshore", "store"),
            ("XDG", check(&[("XDG_DATA_HOME", "/d")], Some("/home/a")), "/d/longshore", "store"),
            (
                "relative XDG",
                check(&[("XDG_DATA_HOME", "d")], Some("/home/a")),
                "/home/a/.local/share/longshore",
                "store",
            ),
        ];
        for (name, (data, store), expected, folder) in rows {
            assert_eq!(data, some(expected), "{name}");
            assert_eq!(store, some(&format!("{expected}/{folder}")), "{name}");
        }
        let (data, store) = check(&[(STORE_VARIABLE, "/images")], Some("/home/a"));
        assert_eq!((data, store), (some("/home/a/.local/share/longshore"), some("/images")));
        assert_eq!(check(&[(STORE_VARIABLE, "")], None), (None, None), "nowhere to go");
    }
}
