//! `--change`: instructions of a Dockerfile that say how the imported image runs.
//!
//! Source: moby `builder/dockerfile/dispatchers.go` and the list of instructions in `builder/dockerfile/builder.go`
//! (`validCommitCommands`), which `docker import` and `docker commit` take. One thing differs on purpose: a command that
//! is written like a list but is no JSON, as `['sh']`, is refused; Docker would run it with a shell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::words::{expand, split};
use crate::error::{Code, Error, Result};

/// The instructions that are taken.
const TAKEN: &str =
    "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR";
/// The shell of commands in shell form.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// How an image runs, by instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    user: Option<String>,
    ports: BTreeSet<String>,
    env: Vec<(String, String)>,
    entrypoint: Vec<String>,
    cmd: Vec<String>,
    volumes: BTreeSet<String>,
    working_dir: Option<String>,
    labels: BTreeMap<String, String>,
    stop_signal: Option<String>,
    healthcheck: Option<Value>,
    on_build: Vec<String>,
}

impl Changes {
    /// Reads instructions in order, one a line; a text may have several lines. Empty lines and comments are passed over.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`], with the line and what is wrong with it.
    pub fn parse<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut changes = Self::default();
        for text in texts {
            let lines = text.as_ref().lines().map(str::trim);
            for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
                changes.apply(line).map_err(|problem| {
                    Error::new(Code::ConfigInvalid, format!("the change `{line}` can't be made: {problem}"))
                        .with_hint(format!("Write it as a line of a Dockerfile: an import takes {TAKEN}"))
                })?;
            }
        }
        Ok(changes)
    }

    /// The `config` of an image's config; what was not said is left out, as Docker leaves it out.
    pub fn config(&self) -> Value {
        let mut config = Map::new();
        let mut put = |name: &str, value: Value| config.insert(name.to_owned(), value);
        let set = |names: &BTreeSet<String>| -> Value {
            names.iter().map(|name| (name.clone(), json!({}))).collect::<Map<_, _>>().into()
        };
        if let Some(user) = &self.user {
            put("User", json!(user));
        }
        if !self.ports.is_empty() {
            put("ExposedPorts", set(&self.ports));
        }
        if !self.env.is_empty() {
            let pairs = self.env.iter().map(|(name, value)| format!("{name}={value}"));
            put("Env", pairs.collect());
        }
        if !self.entrypoint.is_empty() {
            put("Entrypoint", json!(self.entrypoint));
        }
        if !self.cmd.is_empty() {
            put("Cmd", json!(self.cmd));
        }
        if let Some(healthcheck) = &self.healthcheck {
            put("Healthcheck", healthcheck.clone());
        }
        if !self.volumes.is_empty() {
            put("Volumes", set(&self.volumes));
        }
        if let Some(folder) = &self.working_dir {
            put("WorkingDir", json!(folder));
        }
        if !self.on_build.is_empty() {
            put("OnBuild", json!(self.on_build));
        }
        if !self.labels.is_empty() {
            put("Labels", json!(self.labels));
        }
        if let Some(signal) = &self.stop_signal {
            put("StopSignal", json!(signal));
        }
        config.into()
    }

    fn apply(&mut self, line: &str) -> std::result::Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let name = word.to_ascii_uppercase();
        if rest.is_empty() && matches!(name.as_str(), "CMD" | "ENTRYPOINT") {
            return Err("it names no command".to_owned());
        }
        match name.as_str() {
            "CMD" => self.cmd = command(rest)?,
            "ENTRYPOINT" => self.entrypoint = command(rest)?,
            "ENV" => {
                for (name, value) in self.pairs(rest)? {
                    match self.env.iter_mut().find(|(known, _)| *known == name) {
                        Some(known) => known.1 = value,
                        None => self.env.push((name, value)),
                    }
                }
            }
            "LABEL" => {
                let pairs = self.pairs(rest)?;
                self.labels.extend(pairs);
            }
            "EXPOSE" => {
                for port in self.words(rest)? {
                    self.ports.extend(ports(&port)?);
                }
            }
            "VOLUME" => {
                let named = match list(rest)? {
                    Some(list) => list,
                    None => self.words(rest)?,
                };
                if named.is_empty() || named.iter().any(String::is_empty) {
                    return Err("it names no folder".to_owned());
                }
                self.volumes.extend(named);
            }
            "USER" => self.user = Some(self.one(rest)?),
            "STOPSIGNAL" => self.stop_signal = Some(self.one(rest)?),
            "WORKDIR" => {
                let folder = self.one(rest)?;
                self.working_dir = Some(join(self.working_dir.as_deref().unwrap_or("/"), &folder));
            }
            "ONBUILD" => {
                let trigger = rest.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
                if matches!(trigger.as_str(), "" | "ONBUILD" | "FROM" | "MAINTAINER") {
                    return Err(format!("`{trigger}` can't be left for a later build"));
                }
                self.on_build.push(rest.to_owned());
            }
            "HEALTHCHECK" => self.healthcheck = Some(super::health::check(rest, command)?),
            _ => return Err(format!("`{word}` is no instruction that an import takes")),
        }
        Ok(())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn one(&self, text: &str) -> std::result::Result<String, String> {
        let value = expand(text, &|name| self.variable(name))?;
        if value.is_empty() { Err("it says nothing".to_owned()) } else { Ok(value) }
    }

    fn words(&self, text: &str) -> std::result::Result<Vec<String>, String> {
        let words: Vec<String> = split(text)
            .iter()
            .map(|word| expand(word, &|name| self.variable(name)))
            .collect::<std::result::Result<_, _>>()?;
        if words.is_empty() { Err("it says nothing".to_owned()) } else { Ok(words) }
    }

    /// `NAME=value …`, or one name and the rest of the line. All values are expanded before the first is set.
    fn pairs(&self, text: &str) -> std::result::Result<Vec<(String, String)>, String> {
        let expanded = |text: &str| expand(text, &|name| self.variable(name));
        let words = split(text);
        let first = words.first().ok_or("it says nothing")?;
        if !first.contains('=') {
            let (name, value) = text.split_once(char::is_whitespace).ok_or("it gives no value")?;
            return Ok(vec![(expanded(name)?, expanded(value.trim())?)]);
        }
        let mut pairs = Vec::new();
        for word in &words {
            let (name, value) =
                word.split_once('=').ok_or_else(|| format!("`{word}` is not of the form `NAME=value`"))?;
            let name = expanded(name)?;
            if name.is_empty() {
                return Err(format!("`{word}` has no name"));
            }
            pairs.push((name, expanded(value)?));
        }
        Ok(pairs)
    }
}

/// Exec form as it is, shell form with the shell before it.
fn command(text: &str) -> std::result::Result<Vec<String>, String> {
    Ok(match list(text)? {
        Some(list) => list,
        None => SHELL.iter().map(|part| (*part).to_owned()).chain([text.to_owned()]).collect(),
    })
}

/// A list in JSON; none where the text is not written like one.
fn list(text: &str) -> std::result::Result<Option<Vec<String>>, String> {
    if !(text.starts_with('[') && text.ends_with(']')) {
        return Ok(None);
    }
    serde_json::from_str(text)
        .map(Some)
        .map_err(|_| "it is written like a list, but is no JSON list of texts (use double quotes)".to_owned())
}

/// `80`, `53/udp`, `8000-8010/tcp`.
fn ports(text: &str) -> std::result::Result<Vec<String>, String> {
    let wrong = || format!("`{text}` is no port");
    let (numbers, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("`{text}` names no protocol that there is (tcp, udp, sctp)"));
    }
    let (from, to) = numbers.split_once('-').unwrap_or((numbers, numbers));
    let (from, to): (u16, u16) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    if from > to {
        return Err(wrong());
    }
    Ok((from..=to).map(|port| format!("{port}/{protocol}")).collect())
}

/// A folder below another, unless it is absolute; `.` and `..` taken away.
fn join(base: &str, folder: &str) -> String {
    let whole = if folder.starts_with('/') { folder.to_owned() } else { format!("{base}/{folder}") };
    let mut parts = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], want: impl Into<Value>) {
        assert_eq!(Changes::parse(lines).expect("they are right").config(), want.into(), "{lines:?}");
    }

    #[test]
    fn each_instruction_says_what_docker_would() {
        check(&[], json!({}));
        check(&[r#"CMD ["nginx", "-g", "daemon off;"]"#], json!({"Cmd": ["nginx", "-g", "daemon off;"]}));
        check(&["CMD exec nginx -g x"], json!({"Cmd": ["/bin/sh", "-c", "exec nginx -g x"]}));
        check(&["cmd [ -f /x ] && run"], json!({"Cmd": ["/bin/sh", "-c", "[ -f /x ] && run"]}));
        check(
            &[r#"ENTRYPOINT ["/init"]"#, "ENTRYPOINT run me"],
            json!({"Entrypoint": ["/bin/sh", "-c", "run me"]}),
        );
        check(&["ENV A=1 B=\"two words\"", "ENV A=3"], json!({"Env": ["A=3", "B=two words"]}));
        check(&["ENV GREETING hello  world"], json!({"Env": ["GREETING=hello  world"]}));
        check(&["ENV A=/x", "ENV P=$A/bin A=/y"], json!({"Env": ["A=/y", "P=/x/bin"]}));
        check(
            &["EXPOSE 80 53/udp 8000-8002/TCP"],
            json!({"ExposedPorts": {"80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}}}),
        );
        check(&["LABEL a=b \"c d\"='e f'"], json!({"Labels": {"a": "b", "c d": "e f"}}));
        check(
            &["USER app:staff", "STOPSIGNAL SIGQUIT"],
            json!({"User": "app:staff", "StopSignal": "SIGQUIT"}),
        );
        check(&["VOLUME /a /b", r#"VOLUME ["/c d"]"#], json!({"Volumes": {"/a": {}, "/b": {}, "/c d": {}}}));
        check(&["WORKDIR srv", "WORKDIR ../app/./x/"], json!({"WorkingDir": "/app/x"}));
        check(&["ONBUILD RUN make"], json!({"OnBuild": ["RUN make"]}));
        check(&["# a comment\n\nUSER a\nUSER b"], json!({"User": "b"}));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for wrong in [
            "RUN make",
            "FROM scratch",
            "EXPSE 80",
            "CMD",
            "CMD ['sh']",
            "CMD [1]",
            "EXPOSE",
            "EXPOSE 70000",
            "EXPOSE 80/icmp",
            "EXPOSE 9-8",
            "ENV",
            "ENV A",
            "ENV A=1 B",
            "ENV =1",
            "LABEL a=\"x",
            "USER",
            "VOLUME",
            "ONBUILD FROM x",
            "HEALTHCHECK",
            "HEALTHCHECK --interval=x CMD y",
        ] {
            let error = Changes::parse(["USER app", wrong]).expect_err(wrong);
            assert_eq!(error.code(), Code::ConfigInvalid, "{wrong}");
            assert!(error.message().contains(&format!("`{wrong}`")), "{}", error.message());
        }
    }
}
