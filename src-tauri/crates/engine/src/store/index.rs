//! The text of `index.json`: edited as JSON, not as our types, so that fields and annotations of others survive.

use oci::descriptor::Descriptor;
use oci::digest::Digest;
use oci::reference::Reference;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::names::{NAME_ANNOTATION, PULLED_AT_ANNOTATION, REF_NAME_ANNOTATION, StoredImage};

/// Why the index can't be used as it is.
#[derive(Debug)]
pub(super) enum Damage {
    /// There is no file.
    Missing,
    /// It is no image index.
    Malformed(String),
}

pub(super) enum IndexProblem {
    Malformed(String),
    Newer(u64),
}

/// The text of `index.json`, every field of it.
#[derive(Clone, Debug)]
pub(super) struct Index {
    fields: Map<String, Value>,
}

impl Index {
    /// An index without images.
    pub(super) fn empty() -> Self {
        let mut fields = Map::new();
        fields.insert("schemaVersion".into(), json!(2));
        fields.insert("mediaType".into(), json!(oci::media_type::OCI_INDEX));
        fields.insert("manifests".into(), json!([]));
        Self { fields }
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, IndexProblem> {
        let malformed = |reason: &str| IndexProblem::Malformed(reason.to_owned());
        let parsed =
            serde_json::from_slice(bytes).map_err(|error| IndexProblem::Malformed(error.to_string()))?;
        let Value::Object(mut fields) = parsed else { return Err(malformed("it is no object")) };
        match fields.get("schemaVersion").map(Value::as_u64) {
            None | Some(Some(2)) => {}
            Some(Some(version)) if version > 2 => return Err(IndexProblem::Newer(version)),
            Some(_) => return Err(malformed("its schemaVersion is not 2")),
        }
        match fields.get("manifests") {
            Some(Value::Array(_)) => {}
            // What Go writes for an empty list.
            None | Some(Value::Null) => {
                fields.insert("manifests".into(), json!([]));
            }
            Some(_) => return Err(malformed("its `manifests` is no list")),
        }
        Ok(Self { fields })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.fields).expect("JSON values have text")
    }

    pub(super) fn entries(&self) -> &[Value] {
        self.fields.get("manifests").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn entries_mut(&mut self) -> &mut Vec<Value> {
        let list = self.fields.entry("manifests").or_insert_with(|| json!([]));
        if !list.is_array() {
            *list = json!([]);
        }
        list.as_array_mut().expect("it was made a list")
    }

    /// Makes `name` stand for `root`; the digest that it stood for.
    pub(super) fn enter(&mut self, name: Option<String>, root: &Descriptor, now: &str) -> Option<Digest> {
        let digest = root.digest.as_str();
        let entries = self.entries_mut();
        let Some(name) = name else {
            if !entries.iter().any(|entry| digest_text(entry) == Some(digest)) {
                entries.push(entry_of(root, None, now));
            }
            return None;
        };
        let at = entries.iter().position(|entry| is_named(entry, &name));
        let previous = at.and_then(|at| digest_text(&entries[at])?.parse().ok());
        // An image that had no name gets one: its entry becomes this one.
        let nameless =
            || entries.iter().position(|e| digest_text(e) == Some(digest) && name_text(e).is_none());
        match at.or_else(nameless) {
            None => entries.push(entry_of(root, Some(&name), now)),
            Some(at) => {
                let same = digest_text(&entries[at]) == Some(digest);
                let fresh = entry_of(root, Some(&name), now);
                let old = std::mem::replace(&mut entries[at], fresh);
                if same {
                    keep_unknown(&mut entries[at], old);
                }
                let mut position = 0;
                entries.retain(|entry| {
                    position += 1;
                    position - 1 == at || !is_named(entry, &name)
                });
            }
        }
        previous
    }

    /// Adds an entry as it is.
    pub(super) fn restore(&mut self, entry: Value) {
        self.entries_mut().push(entry);
    }

    pub(super) fn take(&mut self, name: &Reference) -> bool {
        let canonical = name.canonical();
        let entries = self.entries_mut();
        let before = entries.len();
        entries.retain(|entry| !is_named(entry, &canonical));
        if let (true, Some(digest)) = (entries.len() == before, name.digest()) {
            entries.retain(|e| name_text(e).is_some() || digest_text(e) != Some(digest.as_str()));
        }
        entries.len() < before
    }

    /// Takes away the entries that `chosen` makes something of; what it made.
    pub(super) fn take_where<T>(&mut self, mut chosen: impl FnMut(&Value) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        self.entries_mut().retain(|entry| match chosen(entry) {
            Some(found) => {
                taken.push(found);
                false
            }
            None => true,
        });
        taken
    }
}

fn entry_of(root: &Descriptor, name: Option<&str>, now: &str) -> Value {
    let mut root = root.clone();
    for (key, value) in
        [(NAME_ANNOTATION, name), (REF_NAME_ANNOTATION, name), (PULLED_AT_ANNOTATION, Some(now))]
    {
        root.annotations.remove(key);
        if let Some(value) = value {
            root.annotations.insert(key.into(), value.into());
        }
    }
    serde_json::to_value(&root).expect("a descriptor has JSON")
}

/// Adds to `entry` what only `old`, an entry of the same image, has.
fn keep_unknown(entry: &mut Value, old: Value) {
    let (Value::Object(entry), Value::Object(old)) = (entry, old) else { return };
    for (key, value) in old {
        match (entry.get_mut(&key), value) {
            (Some(Value::Object(annotations)), Value::Object(old)) if key == "annotations" => {
                for (key, value) in old {
                    annotations.entry(key).or_insert(value);
                }
            }
            (Some(_), _) => {}
            (None, value) => {
                entry.insert(key, value);
            }
        }
    }
}

pub(super) fn stored_image(entry: &Value) -> Option<StoredImage> {
    let descriptor = Descriptor::deserialize(entry).ok()?;
    Some(StoredImage { name: name_text(entry).map(str::to_owned), descriptor })
}

pub(super) fn digest_text(entry: &Value) -> Option<&str> {
    entry.get("digest")?.as_str()
}

fn annotation<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry.get("annotations")?.get(key)?.as_str()
}

fn name_text(entry: &Value) -> Option<&str> {
    annotation(entry, NAME_ANNOTATION).or_else(|| annotation(entry, REF_NAME_ANNOTATION))
}

/// Whether the entry's name is `canonical`, as we write it or as another tool may have shortened it. A tag alone is no
/// name: it does not say of what.
pub(super) fn is_named(entry: &Value, canonical: &str) -> bool {
    let (full, short) = (annotation(entry, NAME_ANNOTATION), annotation(entry, REF_NAME_ANNOTATION));
    if full == Some(canonical) || (full.is_none() && short == Some(canonical)) {
        return true;
    }
    if full == short {
        // Ours, or no name at all.
        return false;
    }
    let Some(name) = full.or(short).filter(|name| name.contains(['/', ':'])) else { return false };
    name.parse::<Reference>().is_ok_and(|name| name.canonical() == canonical)
}
