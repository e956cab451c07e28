//! Changing a `config.json` as a text, so that everything else in it stays as it is: other fields, their order, the
//! indentation, numbers as they were written.
//!
//! Invariant: the text that comes out says, field by field, what the old one said with the edits made; it is checked
//! against that before it is given back, since the file is somebody's only copy.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};
use serde_json::{Map, Value};

/// What an empty file is taken for: docker's own look, with tabs.
fn empty(section: &str) -> String {
    format!("{{\n\t\"{section}\": {{}}\n}}\n")
}

/// One change. A section is a member of the document: `auths`, `credHelpers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::credential) enum Edit {
    /// Gives a key of a section this text as its value.
    Text { section: &'static str, key: String, value: String },
    /// Makes a key of a section an object with these fields, and takes away those without a text. Other fields stay.
    Fields { section: &'static str, key: String, fields: Vec<(&'static str, Option<String>)> },
    /// Takes a key out of a section.
    Remove { section: &'static str, key: String },
}

impl Edit {
    fn place(&self) -> (&'static str, &str) {
        match self {
            Self::Text { section, key, .. }
            | Self::Fields { section, key, .. }
            | Self::Remove { section, key } => (section, key),
        }
    }
}

/// The text with the edits made. `text` is a JSON object, or blank.
///
/// # Errors
/// Why it can't be done, in words without any content: a member is there twice, or is of another type.
pub(super) fn edited(text: &str, edits: &[Edit]) -> Result<String, &'static str> {
    let made = edits.first().filter(|_| text.trim().is_empty()).map(|edit| empty(edit.place().0));
    let text = made.as_deref().unwrap_or(text);
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let root = CstRootNode::parse(text, &strict).map_err(|_| "it is no JSON")?;
    let document = root.object_value().ok_or("it is no JSON object")?;
    let mut meant: Value = serde_json::from_str(text).map_err(|_| "it is no JSON")?;
    for edit in edits {
        apply(&document, edit)?;
        apply_meant(&mut meant, edit)?;
    }
    let text = root.to_string();
    let says: Option<Value> = serde_json::from_str(&text).ok();
    if says == Some(meant) { Ok(text) } else { Err("a field of it is there twice") }
}

fn apply(document: &CstObject, edit: &Edit) -> Result<(), &'static str> {
    let (name, key) = edit.place();
    if matches!(edit, Edit::Remove { .. }) {
        if let Some(entry) = document.object_value(name).and_then(|section| section.get(key)) {
            entry.remove();
        }
        return Ok(());
    }
    let is_null =
        document.get(name).is_some_and(|it| it.value().is_some_and(|it| it.as_null_keyword().is_some()));
    let section = if is_null {
        Some(document.object_value_or_set(name))
    } else {
        document.object_value_or_create(name)
    };
    let section = section.ok_or("a part of it is no JSON object")?;
    match edit {
        Edit::Text { value, .. } => put(&section, key, CstInputValue::String(value.clone())),
        Edit::Fields { fields, .. } => {
            if section.object_value(key).is_none() {
                put(&section, key, CstInputValue::Object(Vec::new()));
            }
            let entry = section.object_value(key).ok_or("a part of it is no JSON object")?;
            for (field, value) in fields {
                match value {
                    Some(value) => put(&entry, field, CstInputValue::String(value.clone())),
                    None => entry.get(field).into_iter().for_each(CstObjectProp::remove),
                }
            }
        }
        Edit::Remove { .. } => {}
    }
    Ok(())
}

fn put(object: &CstObject, name: &str, value: CstInputValue) {
    match object.get(name) {
        Some(known) => known.set_value(value),
        None => drop(object.append(name, value)),
    }
}

/// The same on the values alone.
fn apply_meant(document: &mut Value, edit: &Edit) -> Result<(), &'static str> {
    let (name, key) = edit.place();
    let document = document.as_object_mut().ok_or("it is no JSON object")?;
    if matches!(edit, Edit::Remove { .. }) {
        if let Some(section) = document.get_mut(name).and_then(Value::as_object_mut) {
            section.remove(key);
        }
        return Ok(());
    }
    let section = object_at(document, name).ok_or("a part of it is no JSON object")?;
    match edit {
        Edit::Text { value, .. } => drop(section.insert(key.to_owned(), Value::String(value.clone()))),
        Edit::Fields { fields, .. } => {
            if !section.get(key).is_some_and(Value::is_object) {
                section.insert(key.to_owned(), Value::Object(Map::new()));
            }
            let entry = object_at(section, key).ok_or("a part of it is no JSON object")?;
            for (field, value) in fields {
                match value {
                    Some(value) => drop(entry.insert((*field).to_owned(), Value::String(value.clone()))),
                    None => drop(entry.remove(*field)),
                }
            }
        }
        Edit::Remove { .. } => {}
    }
    Ok(())
}

/// The object under a name, made where there is none, or `null`.
fn object_at<'a>(within: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    let value = within.entry(name.to_owned()).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn auth(key: &str, value: &str) -> Edit {
        let fields = vec![("auth", Some(value.to_owned())), ("password", None)];
        Edit::Fields { section: "auths", key: key.to_owned(), fields }
    }

    #[test]
    fn f049_all_that_is_not_edited_stays_letter_by_letter() {
        let table = [
            (
                "docker's own look",
                "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"b2xk\"\n\t\t}\n\t},\n\t\"credsStore\": \"\",\n\t\"psFormat\": \"table {{.ID}}\"\n}",
                auth("ghcr.io", "bmV3"),
                "{\n\t\"auths\": {\n\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"bmV3\"\n\t\t}\n\t},\n\t\"credsStore\": \"\",\n\t\"psFormat\": \"table {{.ID}}\"\n}",
            ),
            (
                "one more entry, in spaces",
                "{\n  \"zeta\": 1.50,\n  \"auths\": {\n    \"b\": {}\n  },\n  \"alpha\": [1e3, 12345678901234567890123]\n}\n",
                auth("a", "x"),
                "{\n  \"zeta\": 1.50,\n  \"auths\": {\n    \"b\": {},\n    \"a\": {\n      \"auth\": \"x\"\n    }\n  },\n  \"alpha\": [1e3, 12345678901234567890123]\n}\n",
            ),
            (
                "fields of the entry that nobody knows",
                r#"{"auths":{"a":{"email":"x@example.com","password":"p","auth":"old"}},"z":{}}"#,
                auth("a", "new"),
                r#"{"auths":{"a":{"email":"x@example.com","auth":"new"}},"z":{}}"#,
            ),
            (
                "one fewer",
                "{\n\t\"auths\": {\n\t\t\"a\": {},\n\t\t\"b\": {}\n\t},\n\t\"x\": \"\\u0041\"\n}",
                Edit::Remove { section: "auths", key: "a".to_owned() },
                "{\n\t\"auths\": {\n\t\t\"b\": {}\n\t},\n\t\"x\": \"\\u0041\"\n}",
            ),
            (
                "nothing to take away",
                r#"{ "auths" : null }"#,
                Edit::Remove { section: "auths", key: "a".to_owned() },
                r#"{ "auths" : null }"#,
            ),
            (
                "a helper",
                "{\n\t\"credHelpers\": {\n\t\t\"a\": \"one\"\n\t}\n}",
                Edit::Text { section: "credHelpers", key: "b".to_owned(), value: "two".to_owned() },
                "{\n\t\"credHelpers\": {\n\t\t\"a\": \"one\",\n\t\t\"b\": \"two\"\n\t}\n}",
            ),
            (
                "Windows' line ends",
                "{\r\n  \"auths\": {\r\n    \"a\": {}\r\n  }\r\n}\r\n",
                Edit::Text { section: "auths", key: "b".to_owned(), value: "x".to_owned() },
                "{\r\n  \"auths\": {\r\n    \"a\": {},\r\n    \"b\": \"x\"\r\n  }\r\n}\r\n",
            ),
            (
                "an empty file",
                "  \n",
                auth("a", "x"),
                "{\n\t\"auths\": {\n\t\t\"a\": {\n\t\t\t\"auth\": \"x\"\n\t\t}\n\t}\n}\n",
            ),
        ];
        for (name, text, edit, expected) in table {
            let got = edited(text, &[edit]).expect(name);
            assert_eq!(got, expected, "{name}");
        }
    }

    #[test]
    fn what_can_not_be_edited_safely_is_refused() {
        let table = [
            ("a section twice", r#"{"auths":{"a":{}},"auths":{"b":{}}}"#, "twice"),
            ("an entry twice", r#"{"auths":{"a":{"auth":"1"},"a":{"auth":"2"}}}"#, "twice"),
            ("a list", r#"{"auths":[]}"#, "no JSON object"),
            ("a comment", "{ // x\n}", "no JSON"),
            ("a comma", r#"{"auths":{},}"#, "no JSON"),
            ("no object", "[]", "no JSON object"),
        ];
        for (name, text, reason) in table {
            let why = edited(text, &[auth("a", "x")]).expect_err(name);
            assert!(why.contains(reason), "{name}: {why}");
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        let any = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-e\"\\\\é ]{0,4}", inner, 0..4).prop_map(|map| json!(map)),
            ]
        });
        let entries = prop::collection::btree_map("[a-c.:/]{1,5}", any.clone(), 0..4);
        (prop::collection::btree_map("[f-z]{0,3}", any, 0..4), entries).prop_map(|(mut fields, entries)| {
            fields.insert("auths".to_owned(), json!(entries));
            json!(fields)
        })
    }

    proptest! {
        #[test]
        fn f049_any_document_keeps_the_rest(
            document in documents(), pretty in any::<bool>(), key in "[a-c.:/]{1,5}", value in "\\PC{0,10}", remove in any::<bool>()
        ) {
            let text = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) };
            let text = text.expect("JSON");
            let edit = if remove { Edit::Remove { section: "auths", key: key.clone() } } else { auth(&key, &value) };
            // It checks itself, field by field; here the rest and the entry once more, from outside.
            let got: Value = serde_json::from_str(&edited(&text, &[edit]).expect("edited")).expect("JSON");
            for (name, was) in document.as_object().expect("an object") {
                if name != "auths" {
                    prop_assert_eq!(&got[name], was);
                }
            }
            if remove {
                prop_assert_eq!(got["auths"].get(&key), None);
            } else {
                prop_assert_eq!(got["auths"][&key]["auth"].as_str(), Some(value.as_str()));
            }
        }
    }
}
