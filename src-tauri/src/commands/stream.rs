//! A stream of values to the page, for as long as the page lives.

use std::sync::Arc;

use serde::Serialize;
use tauri::Runtime;
use tauri::ipc::{Channel, CommandArg, CommandItem, InvokeError};
use ts_rs::TS;

/// Where a command sends what comes beside its answer: a Tauri channel, or a closure in tests.
pub struct Stream<T>(Arc<dyn Fn(T) -> bool + Send + Sync>);

impl<T> Stream<T> {
    /// A stream into a function that says whether anybody still listens.
    pub fn new(send: impl Fn(T) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(send))
    }

    /// Sends one value; whether anybody still listens.
    pub fn send(&self, value: T) -> bool {
        (self.0)(value)
    }
}

impl<'de, R: Runtime, T: Serialize + 'static> CommandArg<'de, R> for Stream<T> {
    fn from_command(command: CommandItem<'de, R>) -> Result<Self, InvokeError> {
        let channel = Channel::<serde_json::Value>::from_command(command)?;
        Ok(Self::new(move |value: T| {
            let value = serde_json::to_value(value).expect("what crosses to the page has JSON");
            channel.send(value).is_ok()
        }))
    }
}

/// A channel is Tauri's own object on the page; the port in `ui/src/ipc` gives it its type.
impl<T: 'static> TS for Stream<T> {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &ts_rs::Config) -> String {
        "unknown".to_owned()
    }

    fn inline(config: &ts_rs::Config) -> String {
        Self::name(config)
    }
}
