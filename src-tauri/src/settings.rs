//! The settings: where they are kept, and what may be kept.

use engine::{Code, Error, Result};
use oci::{Platform, Registry};

use crate::frame::Frame;
use crate::wire::Settings;

/// The longest lists that are kept, and the longest text in them, bytes.
const MOST_ENTRIES: usize = 500;
const LONGEST_ENTRY: usize = 4096;
/// The longest name that DNS has (RFC 1035), and a port, bytes.
const LONGEST_HOST: usize = 253 + 6;

/// What was kept, or the defaults where there is nothing or it can't be read: a damaged file must not keep the window
/// from opening.
pub fn load(frame: &dyn Frame) -> Settings {
    let kept = frame.load().and_then(|value| serde_json::from_value::<Settings>(value).ok());
    kept.filter(|settings| check(settings).is_ok()).unwrap_or_default()
}

/// Keeps settings that are usable.
///
/// # Errors
/// [`Code::ConfigInvalid`] or [`Code::PlatformInvalid`], and what keeping gives.
pub fn save(frame: &dyn Frame, settings: &Settings) -> Result<()> {
    check(settings)?;
    frame.save(serde_json::to_value(settings).expect("settings have JSON"))?;
    frame.wear(settings.theme);
    Ok(())
}

/// Whether settings can be used.
fn check(settings: &Settings) -> Result<()> {
    platform(settings)?;
    for host in settings.plain_http.iter().chain(&settings.registries) {
        parse_host(host)?;
    }
    for list in [&settings.plain_http, &settings.recent, &settings.pinned, &settings.registries] {
        if list.len() > MOST_ENTRIES || list.iter().any(|entry| entry.len() > LONGEST_ENTRY) {
            return Err(Error::new(
                Code::ConfigInvalid,
                format!(
                    "a list of the settings has more than {MOST_ENTRIES} entries, or one that is too long"
                ),
            ));
        }
    }
    Ok(())
}

/// A registry's host that the page names.
///
/// # Errors
/// [`Code::ConfigInvalid`].
pub fn parse_host(host: &str) -> Result<Registry> {
    let refused = |why: String| {
        Error::new(Code::ConfigInvalid, why)
            .with_hint("Write it as `registry.example:5000`, without `http://`")
    };
    if host.len() > LONGEST_HOST {
        return Err(refused(format!("a host of {} bytes is none", host.len())));
    }
    Registry::parse(host).map_err(|problem| refused(format!("`{host}` is no host: {problem}")))
}

/// The platform that is pulled when none is named.
pub fn platform(settings: &Settings) -> Result<Platform> {
    match settings.platform.as_deref() {
        None | Some("") => Ok(Platform::host()),
        Some(text) => parse_platform(text),
    }
}

/// A platform that the page names.
///
/// # Errors
/// [`Code::PlatformInvalid`].
pub fn parse_platform(text: &str) -> Result<Platform> {
    text.parse().map_err(|problem: oci::PlatformProblem| {
        Error::new(Code::PlatformInvalid, problem.to_string()).with_hint("Write it as `linux/amd64`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::tests::Kept;
    use crate::wire::Theme;

    #[test]
    fn settings_come_back_as_they_were_written() {
        let frame = Kept::default();
        assert_eq!(load(&frame), Settings::default(), "nothing was kept yet");
        let settings = Settings {
            theme: Theme::Dark,
            platform: Some("linux/arm64".into()),
            plain_http: vec!["registry.example:5000".into()],
            recent: vec!["nginx:1.25".into()],
            pinned: vec!["ghcr.io/owner/app".into()],
            registries: vec!["nas:5000".into()],
            wire_open: true,
            list_pulled: false,
        };
        save(&frame, &settings).expect("kept");
        assert_eq!(load(&frame), settings);
        assert_eq!(*frame.theme.lock().expect("not poisoned"), Theme::Dark, "the frame wears it");
    }

    #[test]
    fn what_is_unusable_is_refused_and_changes_nothing() {
        let frame = Kept::default();
        let with_host = |host: &str| Settings { plain_http: vec![host.into()], ..Settings::default() };
        let rows = [
            ("a URL for a host", with_host("http://registry.example"), Code::ConfigInvalid),
            ("a path for a host", with_host("../../etc"), Code::ConfigInvalid),
            (
                "a URL for a registry",
                Settings { registries: vec!["https://nas:5000".into()], ..Settings::default() },
                Code::ConfigInvalid,
            ),
            (
                "no platform",
                Settings { platform: Some("a b".into()), ..Settings::default() },
                Code::PlatformInvalid,
            ),
            (
                "a list without end",
                Settings { recent: vec![String::new(); 501], ..Settings::default() },
                Code::ConfigInvalid,
            ),
        ];
        for (name, settings, code) in rows {
            let refused = save(&frame, &settings).expect_err(name);
            assert_eq!(refused.code(), code, "{name}");
            assert!(frame.load().is_none(), "{name}");
        }
    }

    #[test]
    fn a_file_that_makes_no_sense_gives_the_defaults() {
        for text in ["7", r#"{"theme":"mauve"}"#, r#"{"platform":"a b c"}"#, r#"{"plainHttp":["/"]}"#] {
            let frame = Kept::default();
            *frame.settings.lock().expect("not poisoned") = serde_json::from_str(text).ok();
            assert_eq!(load(&frame), Settings::default(), "{text}");
        }
        let frame = Kept::default();
        *frame.settings.lock().expect("not poisoned") =
            serde_json::from_str(r#"{"wireOpen":true,"new":1}"#).ok();
        assert!(load(&frame).wire_open, "an older file lacks fields, a newer one has more");
    }
}
