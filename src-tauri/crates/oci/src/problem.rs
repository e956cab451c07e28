//! A registry's own account of what went wrong (distribution-spec, "Error Codes").

use serde_json::Value;

/// One entry of `{"errors": [{"code", "message", "detail"}]}`. The text is the registry's: show it as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `MANIFEST_UNKNOWN`, `UNAUTHORIZED`, … or a registry's own.
    pub code: String,
    /// For people; empty where the registry gave none.
    pub message: String,
    /// Anything; registries put what they like here.
    pub detail: Option<Value>,
}

impl Problem {
    /// Every entry of the body that has a code. Never fails: an HTML page, a cut body or another JSON document
    /// gives none. The caller bounds the body.
    pub fn parse_all(body: &[u8]) -> Vec<Problem> {
        let Ok(Value::Object(mut envelope)) = serde_json::from_slice::<Value>(body) else {
            return Vec::new();
        };
        let Some(Value::Array(entries)) = envelope.remove("errors") else { return Vec::new() };
        entries.into_iter().filter_map(Problem::from_entry).collect()
    }

    fn from_entry(entry: Value) -> Option<Problem> {
        let Value::Object(mut entry) = entry else { return None };
        let code = match entry.remove("code")? {
            Value::String(code) => code,
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let message = match entry.remove("message") {
            Some(Value::String(message)) => message,
            _ => String::new(),
        };
        let detail = entry.remove("detail").filter(|detail| !detail.is_null());
        Some(Problem { code, message, detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_specs_envelope() {
        let body = br#"{"errors":[
            {"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}},
            {"code":"DENIED","detail":null},
            {"code":404,"message":7},
            {"message":"no code"},
            "text"
        ]}"#;
        let problem = |code: &str, message: &str, detail| Problem {
            code: code.to_owned(),
            message: message.to_owned(),
            detail,
        };
        assert_eq!(
            Problem::parse_all(body),
            [
                problem("MANIFEST_UNKNOWN", "manifest unknown", Some(json!({"Tag": "x"}))),
                problem("DENIED", "", None),
                problem("404", "", None),
            ]
        );
    }

    #[test]
    fn anything_else_gives_none() {
        for body in
            ["", "<html>", "[]", "null", r#"{"errors":{}}"#, r#"{"error":"x"}"#, r#"{"errors":[{"code":"A""#]
        {
            assert_eq!(Problem::parse_all(body.as_bytes()), [], "{body}");
        }
        assert_eq!(Problem::parse_all(&[0xff, 0xfe]), []);
    }
}
