//! The one strict JSON reader, for documents whose digest is trusted and whose meaning must be one: manifests and
//! indexes (fault rows 61 to 64).
//!
//! Two readers that take a document differently are how an image passes one check and runs as another. So there
//! is one document, in UTF-8 without a byte-order mark, nested at most [`MAX_DEPTH`] deep, no key twice in one
//! object, nothing after it.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::graph::NodeProblem;

/// How deep arrays and objects may nest.
pub(crate) const MAX_DEPTH: usize = 128;

/// Reads one JSON document.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, NodeProblem> {
    let text =
        std::str::from_utf8(bytes).map_err(|problem| NodeProblem::NotUtf8 { at: problem.valid_up_to() })?;
    if text.starts_with('\u{feff}') {
        return Err(NodeProblem::NotJson("it begins with a byte-order mark".to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // `Strict` counts the depth itself and stops at MAX_DEPTH, so the stack stays bounded.
    deserializer.disable_recursion_limit();
    let stopped = RefCell::new(None);
    let value = Strict { depth: 0, stopped: &stopped }
        .deserialize(&mut deserializer)
        .map_err(|problem| stopped.take().unwrap_or_else(|| NodeProblem::NotJson(problem.to_string())))?;
    deserializer.end().map_err(|_| NodeProblem::TrailingData)?;
    Ok(value)
}

/// For lists and maps, which Go's tools write as `null` when they are empty.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a value at `depth`; leaves in `stopped` why it refused one that is otherwise JSON.
struct Strict<'a> {
    depth: usize,
    stopped: &'a RefCell<Option<NodeProblem>>,
}

impl<'a> Strict<'a> {
    fn inner<E: serde::de::Error>(&self) -> Result<Strict<'a>, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.stop(NodeProblem::TooDeep));
        }
        Ok(Strict { depth: self.depth + 1, stopped: self.stopped })
    }

    fn stop<E: serde::de::Error>(&self, problem: NodeProblem) -> E {
        let error = E::custom(&problem);
        *self.stopped.borrow_mut() = Some(problem);
        error
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(self.inner()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(self.stop(NodeProblem::DuplicateKey { key }));
            }
            let value = access.next_value_seed(self.inner()?)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
