//! A registry's limit, for JSON.

use engine::registry::RegistryClient;
use serde_json::{Value, json};

/// What the registry said last of its limit; null where it has none.
pub fn to_json(client: &RegistryClient) -> Value {
    client.rate_limit().map_or(Value::Null, |limit| {
        json!({
            "limit": limit.limit,
            "remaining": limit.remaining,
            "window_seconds": limit.window.map(|window| window.as_secs()),
            "source": limit.source,
        })
    })
}
