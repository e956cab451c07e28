//! Where the store is when nobody says otherwise: the window and the command line must look in the same place.

use std::ffi::OsString;
use std::path::PathBuf;

/// The folder of the images, by the environment that `lookup` reads: `LONGSHORE_STORE`, else `longshore/store` in the
/// platform's folder for data: `XDG_DATA_HOME` or `~/.local/share` (XDG base directories; a relative path counts as unset),
/// on macOS `~/Library/Application Support`. None where there is no home directory either.
pub fn default_dir(lookup: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = set("LONGSHORE_STORE") {
        return Some(dir);
    }
    let home = || set("HOME").or_else(std::env::home_dir);
    let data = match set("XDG_DATA_HOME").filter(|dir| dir.is_absolute()) {
        Some(dir) => dir,
        None if cfg!(target_os = "macos") => home()?.join("Library/Application Support"),
        None => home()?.join(".local/share"),
    };
    Some(data.join("longshore").join("store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn the_environment_says_where_the_store_is() {
        let rows = [
            ("home", &[("HOME", "/home/ann")][..], "/home/ann/.local/share/longshore/store"),
            ("data", &[("HOME", "/home/ann"), ("XDG_DATA_HOME", "/data")], "/data/longshore/store"),
            (
                "relative data is none",
                &[("HOME", "/home/ann"), ("XDG_DATA_HOME", "data")],
                "/home/ann/.local/share/longshore/store",
            ),
            ("ours first", &[("XDG_DATA_HOME", "/data"), ("LONGSHORE_STORE", "/mine")], "/mine"),
            ("ours empty", &[("XDG_DATA_HOME", "/data"), ("LONGSHORE_STORE", "")], "/data/longshore/store"),
        ];
        for (name, environment, want) in rows {
            let lookup = |wanted: &str| {
                environment.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.into())
            };
            assert_eq!(default_dir(lookup), Some(PathBuf::from(want)), "{name}");
        }
    }
}
