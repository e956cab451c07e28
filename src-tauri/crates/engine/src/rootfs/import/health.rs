//! `HEALTHCHECK`, with its times.
//!
//! Source: moby/buildkit `frontend/dockerfile/instructions/parse.go` (`parseHealthcheck`), Go's `time.ParseDuration`.

use serde_json::{Map, Value, json};

type Parsed<T> = Result<T, String>;

/// The health check of `[--interval=… --timeout=… --start-period=… --start-interval=… --retries=…] CMD …`, or `NONE`.
/// Times are nanoseconds, as Docker keeps them.
pub(super) fn check(text: &str, command: impl Fn(&str) -> Parsed<Vec<String>>) -> Parsed<Value> {
    let mut check = Map::new();
    let mut rest = text;
    while let Some(option) = rest.strip_prefix("--") {
        let (option, after) = option.split_once(char::is_whitespace).ok_or("it names no check")?;
        let (name, value) = option.split_once('=').ok_or_else(|| format!("`--{option}` has no value"))?;
        let field = match name {
            "interval" => "Interval",
            "timeout" => "Timeout",
            "start-period" => "StartPeriod",
            "start-interval" => "StartInterval",
            "retries" => {
                let count: u32 = value.parse().map_err(|_| format!("`{value}` is no number of retries"))?;
                check.insert("Retries".to_owned(), json!(count));
                rest = after.trim_start();
                continue;
            }
            _ => return Err(format!("there is no option `--{name}`")),
        };
        check.insert(field.to_owned(), json!(nanoseconds(value)?));
        rest = after.trim_start();
    }
    let (kind, what) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let test = match (kind.to_ascii_uppercase().as_str(), what.trim()) {
        ("NONE", "") => vec!["NONE".to_owned()],
        ("CMD", what) if !what.is_empty() => {
            let parts = command(what)?;
            let shell = parts.len() == 3 && parts[..2] == ["/bin/sh", "-c"] && !what.starts_with('[');
            if shell {
                vec!["CMD-SHELL".to_owned(), parts[2].clone()]
            } else {
                [vec!["CMD".to_owned()], parts].concat()
            }
        }
        _ => return Err("it is neither `CMD …` nor `NONE`".to_owned()),
    };
    check.insert("Test".to_owned(), json!(test));
    Ok(check.into())
}

/// `1m30s` and the like; not negative.
fn nanoseconds(text: &str) -> Parsed<u64> {
    const UNITS: [(&str, f64); 7] =
        [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];
    let wrong = || format!("`{text}` is no time such as `30s` or `1m30s`");
    if text == "0" {
        return Ok(0);
    }
    let (mut rest, mut total) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = rest[digits..].find(|it: char| it.is_ascii_digit() || it == '.');
        let unit = &rest[digits..unit.map_or(rest.len(), |length| digits + length)];
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        total += number * scale;
        rest = &rest[digits + unit.len()..];
    }
    // Nothing is checked less often than every few centuries.
    if text.is_empty() || total >= 9e18 {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was checked")]
    Ok(total as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_read_as_docker_reads_them() {
        let command = |text: &str| {
            Ok(match serde_json::from_str(text) {
                Ok(list) => list,
                Err(_) => vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()],
            })
        };
        let rows = [
            ("NONE", json!({"Test": ["NONE"]})),
            ("CMD curl -f x", json!({"Test": ["CMD-SHELL", "curl -f x"]})),
            (r#"CMD ["curl", "x"]"#, json!({"Test": ["CMD", "curl", "x"]})),
            (
                "--interval=1m30s --timeout=500ms --retries=3 --start-period=0 CMD x",
                json!({"Test": ["CMD-SHELL", "x"], "Interval": 90_000_000_000_u64, "Timeout": 500_000_000,
                    "Retries": 3, "StartPeriod": 0}),
            ),
        ];
        for (text, want) in rows {
            assert_eq!(check(text, command).expect(text), want, "{text}");
        }
        for wrong in
            ["", "RUN x", "CMD", "NONE x", "--retries=x CMD y", "--interval=1 CMD y", "--often CMD y"]
        {
            assert!(check(wrong, command).is_err(), "{wrong}");
        }
    }
}
