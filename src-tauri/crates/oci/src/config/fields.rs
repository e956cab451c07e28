//! A JSON object read leniently: what has the wrong type is left out and becomes a flag.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// An object's fields, read one by one; what has the wrong type becomes a flag.
pub(super) struct Fields<'v, 'f> {
    pub(super) object: &'v Map<String, Value>,
    /// In front of a field's name in flags: `config.`.
    pub(super) path: &'f str,
    pub(super) flags: &'f mut Vec<String>,
}

impl<'v> Fields<'v, '_> {
    /// The field, if it is there and not null (Go's word for an empty list or map).
    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn flag(&mut self, name: &str, problem: &str) {
        self.flags.push(format!("{}{name}: {problem}", self.path));
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            _ => {
                self.flag(name, "not text");
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, name: &str) -> bool {
        match self.get(name) {
            None => false,
            Some(Value::Bool(value)) => *value,
            Some(_) => {
                self.flag(name, "neither true nor false");
                false
            }
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Option<&'v Vec<Value>> {
        match self.get(name)? {
            Value::Array(values) => Some(values),
            _ => {
                self.flag(name, "not a list");
                None
            }
        }
    }

    /// A list of text; other entries are left out, each with a flag.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for (at, value) in self.list(name).into_iter().flatten().enumerate() {
            match value {
                Value::String(text) => texts.push(text.clone()),
                _ => self.flag(&format!("{name}[{at}]"), "not text"),
            }
        }
        texts
    }

    /// A command: a list of text, or one text, which old builders wrote for the shell form.
    pub(super) fn command(&mut self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::String(line)) => vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()],
            _ => self.texts(name),
        }
    }

    /// The keys of an object, sorted: how ports and volumes are written.
    pub(super) fn keys(&mut self, name: &str) -> Vec<String> {
        let mut keys: Vec<String> = match self.get(name) {
            None => return Vec::new(),
            Some(Value::Object(object)) => object.keys().cloned().collect(),
            Some(_) => {
                self.flag(name, "not an object");
                return Vec::new();
            }
        };
        keys.sort();
        keys
    }

    pub(super) fn labels(&mut self, name: &str) -> BTreeMap<String, String> {
        let object = match self.get(name) {
            None => return BTreeMap::new(),
            Some(Value::Object(object)) => object,
            Some(_) => {
                self.flag(name, "not an object");
                return BTreeMap::new();
            }
        };
        let mut labels = BTreeMap::new();
        for (key, value) in object {
            match value {
                Value::String(text) => {
                    labels.insert(key.clone(), text.clone());
                }
                _ => self.flag(&format!("{name}.{key}"), "not text"),
            }
        }
        labels
    }

    pub(super) fn object<'s>(&'s mut self, name: &str) -> Option<Fields<'v, 's>> {
        match self.get(name)? {
            Value::Object(object) => {
                let path = if name == "config" { "config." } else { "rootfs." };
                Some(Fields { object, path, flags: self.flags })
            }
            _ => {
                self.flag(name, "not an object");
                None
            }
        }
    }
}
