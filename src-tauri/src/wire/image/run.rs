//! How a container of an image starts.

use oci::config::ImageConfig;
use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

use super::super::KeyValue;

/// What the config says of running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HowItRuns {
    pub command: Vec<String>,
    pub entrypoint: Vec<String>,
    pub working_dir: Option<String>,
    pub user: Option<String>,
    pub ports: Vec<String>,
    pub volumes: Vec<String>,
    pub stop_signal: Option<String>,
    pub healthcheck: Option<String>,
    pub environment: Vec<KeyValue>,
    pub labels: Vec<KeyValue>,
}

impl From<&ImageConfig> for HowItRuns {
    fn from(config: &ImageConfig) -> Self {
        let run = &config.config;
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Self {
            command: run.cmd.clone(),
            entrypoint: run.entrypoint.clone(),
            working_dir: filled(&run.working_dir),
            user: filled(&run.user),
            ports: run.exposed_ports.clone(),
            volumes: run.volumes.clone(),
            stop_signal: filled(&run.stop_signal),
            healthcheck: run.healthcheck.as_ref().and_then(healthcheck),
            environment: run.env.iter().map(|line| variable(line)).collect(),
            labels: run.labels.iter().map(|(key, value)| KeyValue::new(key, value)).collect(),
        }
    }
}

fn variable(line: &str) -> KeyValue {
    let (key, value) = line.split_once('=').unwrap_or((line, ""));
    KeyValue::new(key, value)
}

/// `curl -f http://localhost/, every 30 s`: Docker's extension of the config (moby, `HealthcheckConfig`), times in
/// nanoseconds.
fn healthcheck(check: &Value) -> Option<String> {
    let test: Vec<&str> = check.get("Test")?.as_array()?.iter().filter_map(Value::as_str).collect();
    let command = match test.as_slice() {
        [] => return None,
        ["NONE", ..] => return Some("switched off".to_owned()),
        ["CMD" | "CMD-SHELL", command @ ..] => command.join(" "),
        other => other.join(" "),
    };
    let interval = check.get("Interval").and_then(Value::as_u64).filter(|nanoseconds| *nanoseconds > 0);
    Some(match interval {
        Some(nanoseconds) => format!("{command}, every {}", seconds(nanoseconds)),
        None => command,
    })
}

fn seconds(nanoseconds: u64) -> String {
    let milliseconds = nanoseconds / 1_000_000;
    match (milliseconds / 1000, milliseconds % 1000) {
        (0, milliseconds) => format!("{milliseconds} ms"),
        (seconds, 0) if seconds % 60 == 0 => format!("{} min", seconds / 60),
        (seconds, 0) => format!("{seconds} s"),
        (seconds, part) => format!("{seconds}.{part:03} s"),
    }
}
