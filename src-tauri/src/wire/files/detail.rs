//! Everything of one file, for its pane.

use engine::layers::{Stack, State, Version, is_strange, mode_text, shown};
use engine::tar::Kind;
use jiff::Timestamp;

use super::convert::{link_of, shown_path};
use super::{FileDetail, FileVersion};
use crate::wire::KeyValue;

/// Bytes of an extended attribute that are shown.
const SHOWN: usize = 256;

impl FileDetail {
    /// A path of a tree; where a container does not see it, as it was last. None where no layer has it.
    pub fn of(stack: &Stack, merged: &State, path: u32) -> Option<Self> {
        let visible = merged.after(stack, path);
        let version = visible.or_else(|| stack.versions(path).rev().find(|version| !version.removes))?;
        let node = version.node;
        let modified = node.modified();
        let when = Timestamp::new(modified.seconds, i32::try_from(modified.nanoseconds).unwrap_or(0));
        let mut history: Vec<FileVersion> = Vec::new();
        let mut there = false;
        for each in stack.versions(path) {
            let what = match (each.removes, there) {
                (true, _) => "removed here",
                (false, false) => "added here",
                (false, true) => "replaced here",
            };
            there = !each.removes;
            let shows = visible.is_some_and(|visible| {
                visible.layer == each.layer && visible.node.number() == each.node.number() && !each.removes
            });
            history.push(FileVersion {
                layer: u32::try_from(each.layer + 1).unwrap_or(u32::MAX),
                what: what.to_owned(),
                size: (!each.removes).then(|| each.node.size()),
                visible: shows,
            });
        }
        history.reverse();
        Some(Self {
            node: path,
            path: shown_path(stack, path),
            kind: node.kind().into(),
            size: if node.is_folder() { merged.size(stack, path) } else { node.size() },
            mode: mode_text(node.kind(), node.mode()),
            uid: node.uid(),
            gid: node.gid(),
            modified: when.ok().filter(|_| !node.is_implied()).map(|when| when.to_string()),
            link: link_of(&version),
            xattrs: node.attributes().iter().map(|(name, value)| attribute(name, value)).collect(),
            device: node.device().map(|(major, minor)| format!("{major}, {minor}")),
            flags: flags(stack.name(path), &version, replaced(stack, path, &version)),
            history,
        })
    }
}

fn attribute(name: &[u8], value: &[u8]) -> KeyValue {
    let cut = &value[..value.len().min(SHOWN)];
    let text = std::str::from_utf8(cut).ok().filter(|text| !text.chars().any(char::is_control));
    let mut shown_value = match text {
        Some(text) => text.to_owned(),
        None => cut.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "),
    };
    if value.len() > SHOWN {
        shown_value.push('…');
    }
    KeyValue::new(shown(name), shown_value)
}

/// What was there before a version.
fn replaced<'a>(stack: &'a Stack, path: u32, version: &Version<'_>) -> Option<Version<'a>> {
    stack.versions(path).rev().find(|before| before.layer < version.layer)
}

/// What a person should know of it before they trust it.
fn flags(name: &[u8], version: &Version<'_>, replaced: Option<Version<'_>>) -> Vec<String> {
    let node = version.node;
    let mut flags = Vec::new();
    if let Some(link) = replaced.filter(|link| node.is_implied() && link.node.kind() == Kind::Symlink) {
        flags.push(format!(
            "It hides a link to `{}`: files were written beneath it, but no folder. Programs that unpack all layers into \
             one folder write through the link instead",
            shown(&link.node.link())
        ));
    }
    let is_file = node.kind() == Kind::File;
    if is_file && node.mode() & 0o4000 != 0 {
        flags.push("It runs as its owner, whoever starts it (setuid)".to_owned());
    }
    if is_file && node.mode() & 0o2000 != 0 {
        flags.push("It runs as its group, whoever starts it (setgid)".to_owned());
    }
    if node.mode() & 0o002 != 0 && node.mode() & 0o1000 == 0 && node.kind() != Kind::Symlink {
        flags.push("Everybody in the container may change it".to_owned());
    }
    if node.attributes().iter().any(|(name, _)| name == b"security.capability") {
        flags.push("It has rights of its own when it runs (file capabilities)".to_owned());
    }
    if node.is_opaque() {
        flags.push("It hides what the layers below have in it (opaque)".to_owned());
    }
    if node.is_sparse() {
        flags.push("Only parts of it are stored, the rest is zeros (sparse)".to_owned());
    }
    if is_strange(name) {
        flags.push("Its name has characters that do not show, or bytes that are no text".to_owned());
    }
    if let Some(raw) = node.raw_name() {
        flags.push(format!("The layer calls it `{}`; it stays beneath the root", shown(&raw)));
    }
    flags
}
