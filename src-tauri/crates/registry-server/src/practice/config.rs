//! The samples' configs: what runs, and the history that says how each layer came about (image-spec `config.md`).
//!
//! They are types and not loose JSON, so that the order of the fields, and with it the digest, is fixed here.

use std::collections::BTreeMap;

use oci::digest::Digest;
use oci::platform::Platform;
use serde::Serialize;

use super::layer::Layer;

const BASE: &str = "2026-01-05T08:00:00Z";
const RUNTIME: &str = "2026-01-12T09:30:00Z";
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

#[derive(Serialize)]
pub(super) struct Config {
    created: &'static str,
    author: &'static str,
    architecture: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<String>,
    os: String,
    config: Run,
    rootfs: RootFs,
    history: Vec<Step>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Run {
    #[serde(skip_serializing_if = "str::is_empty")]
    user: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    exposed_ports: BTreeMap<&'static str, Empty>,
    env: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entrypoint: Vec<&'static str>,
    cmd: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    healthcheck: Option<Healthcheck>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    volumes: BTreeMap<&'static str, Empty>,
    working_dir: &'static str,
    labels: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    stop_signal: &'static str,
}

#[derive(Serialize)]
struct Empty {}

/// Times in nanoseconds.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Healthcheck {
    test: [&'static str; 2],
    interval: u64,
    timeout: u64,
    retries: u32,
}

#[derive(Serialize)]
struct RootFs {
    r#type: &'static str,
    diff_ids: Vec<Digest>,
}

#[derive(Serialize)]
struct Step {
    created: &'static str,
    created_by: String,
    comment: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    empty_layer: bool,
}

/// A step that made a layer.
fn layer(created: &'static str, created_by: impl Into<String>) -> Step {
    Step { created, created_by: created_by.into(), comment: "buildkit.dockerfile.v0", empty_layer: false }
}

/// A step that changed the config alone.
fn setting(created: &'static str, created_by: impl Into<String>) -> Step {
    Step { empty_layer: true, ..layer(created, created_by) }
}

fn base_steps() -> Vec<Step> {
    vec![layer(BASE, "ADD harbour-base-1.tar.gz / # buildkit"), setting(BASE, "CMD [\"/bin/sh\"]")]
}

fn config(
    platform: &Platform,
    created: &'static str,
    run: Run,
    history: Vec<Step>,
    layers: &[&Layer],
) -> Config {
    Config {
        created,
        author: "Longshore practice registry",
        architecture: platform.architecture.clone(),
        variant: platform.variant.clone(),
        os: platform.os.clone(),
        config: run,
        rootfs: RootFs {
            r#type: "layers",
            diff_ids: layers.iter().map(|layer| layer.diff_id.clone()).collect(),
        },
        history,
    }
}

fn amd64() -> Platform {
    Platform::new("linux", "amd64")
}

fn labels(title: &str, version: &str, description: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("org.opencontainers.image.title", title.to_owned()),
        ("org.opencontainers.image.version", version.to_owned()),
        ("org.opencontainers.image.description", description.to_owned()),
    ])
}

pub(super) fn hello(version: &str, layers: &[&Layer]) -> Config {
    let created = if version == "1.0" { "2026-01-19T10:00:00Z" } else { "2026-02-02T10:00:00Z" };
    let mut history = base_steps();
    history.extend([
        setting(created, format!("LABEL org.opencontainers.image.version={version}")),
        layer(created, "COPY usr /usr # buildkit"),
        setting(created, "CMD [\"/usr/bin/hello\"]"),
    ]);
    let run = Run {
        env: vec![PATH],
        cmd: vec!["/usr/bin/hello"],
        working_dir: "/",
        labels: labels("hello", version, "Says hello from a small image"),
        ..Run::default()
    };
    config(&amd64(), created, run, history, layers)
}

pub(super) fn web(version: &str, layers: &[&Layer]) -> Config {
    let created = if version == "2.0" { "2026-01-26T14:00:00Z" } else { "2026-02-09T14:00:00Z" };
    let install = "RUN /bin/sh -c install-runtime --prefix /opt/runtime \"$RUNTIME_VERSION\" # buildkit";
    let check = "HEALTHCHECK &{[\"CMD-SHELL\" \"runtime check http://127.0.0.1:8080/\"] \"30s\" \"3s\" \"0s\" \"0s\" '\\x03'}";
    let mut history = base_steps();
    history.extend([
        setting(RUNTIME, "ENV RUNTIME_VERSION=5.1.0"),
        layer(RUNTIME, install),
        layer(created, "COPY web /srv/web # buildkit"),
        setting(created, "WORKDIR /srv/web"),
        setting(created, "ENV PORT=8080"),
        setting(created, "EXPOSE map[8080/tcp:{}]"),
        setting(created, "VOLUME [/var/log]"),
        setting(created, "USER web"),
        setting(created, check),
        setting(created, "STOPSIGNAL SIGTERM"),
        setting(created, "ENTRYPOINT [\"/opt/runtime/bin/runtime\"]"),
        setting(created, "CMD [\"serve\" \"/srv/web/server.conf\"]"),
    ]);
    let run = Run {
        user: "web",
        exposed_ports: BTreeMap::from([("8080/tcp", Empty {})]),
        env: vec![PATH, "RUNTIME_VERSION=5.1.0", "PORT=8080"],
        entrypoint: vec!["/opt/runtime/bin/runtime"],
        cmd: vec!["serve", "/srv/web/server.conf"],
        healthcheck: Some(Healthcheck {
            test: ["CMD-SHELL", "runtime check http://127.0.0.1:8080/"],
            interval: 30_000_000_000,
            timeout: 3_000_000_000,
            retries: 3,
        }),
        volumes: BTreeMap::from([("/var/log", Empty {})]),
        working_dir: "/srv/web",
        labels: labels("web", version, "A web server with a runtime below it"),
        stop_signal: "SIGTERM",
    };
    config(&amd64(), created, run, history, layers)
}

pub(super) fn multi(platform: &Platform, layers: &[&Layer]) -> Config {
    let created = "2026-02-16T11:00:00Z";
    let history = vec![
        layer(created, format!("ADD multi-{}.tar.gz / # buildkit", platform.architecture)),
        setting(created, "CMD [\"/bin/hello\"]"),
    ];
    let run = Run {
        env: vec![PATH],
        cmd: vec!["/bin/hello"],
        working_dir: "/",
        labels: labels("multi", "1.0", "One name, three platforms"),
        ..Run::default()
    };
    config(platform, created, run, history, layers)
}

pub(super) fn files(layers: &[&Layer]) -> Config {
    let created = "2026-02-23T16:00:00Z";
    let change = "RUN /bin/sh -c update-motd && echo Dima >> /srv/notes/pilots.txt && rm /srv/notes/draft.txt \
                  && rm -r /srv/cache && fetch-cache /srv/cache # buildkit";
    let mut history = base_steps();
    history.extend([layer(created, "COPY srv /srv # buildkit"), layer(created, change)]);
    let run = Run {
        env: vec![PATH],
        cmd: vec!["/bin/sh"],
        working_dir: "/srv",
        labels: labels("files", "1.0", "A changed file, a deleted one, a directory made anew"),
        ..Run::default()
    };
    config(&amd64(), created, run, history, layers)
}
