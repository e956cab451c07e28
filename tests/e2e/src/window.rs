//! What a person does with the window, and what is seen there.

use std::fmt::Display;
use std::time::{Duration, Instant};

use fantoccini::Client;
use fantoccini::elements::{Element, ElementRef};
use serde_json::{Value, json};

use crate::PATIENCE;
use crate::keys::Chord;

const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// Finds what is drawn, fits the selector, and whose accessible name fits the pattern.
const NAMED: &str = r"
    const [selector, pattern] = arguments;
    const wanted = new RegExp(pattern);
    const name = (node) => (node.getAttribute('aria-label') ?? node.innerText ?? '').replace(/\s+/g, ' ').trim();
    const drawn = (node) => node.getClientRects().length > 0;
    return [...document.querySelectorAll(selector)].find((node) => drawn(node) && wanted.test(name(node))) ?? null;
";

/// The key that marks an element in WebDriver's JSON (W3C WebDriver, section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The window of the running app.
#[derive(Debug)]
pub struct Window {
    client: Client,
}

impl Window {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// What `script`, the body of a function with `arguments`, returns in the page.
    pub async fn run(&self, script: &str, arguments: &[Value]) -> Value {
        let answer = self.client.execute(script, arguments.to_vec()).await;
        answer.unwrap_or_else(|error| panic!("the page could not run `{script}`: {error}"))
    }

    /// What `expression` is in the page.
    pub async fn value(&self, expression: &str) -> Value {
        self.run(&format!("return ({expression});"), &[]).await
    }

    /// The same, for what is text; nothing is the empty text.
    pub async fn text(&self, expression: &str) -> String {
        self.value(expression).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until `expression` is true in the page.
    pub async fn until(&self, what: impl Display, expression: &str) {
        self.until_given(what, expression, &[]).await;
    }

    /// The same, for an expression over `arguments`.
    pub async fn until_given(&self, what: impl Display, expression: &str, arguments: &[Value]) {
        let script = format!("return Boolean({expression});");
        let found = self.poll(async || (self.run(&script, arguments).await == true).then_some(())).await;
        if found.is_none() {
            self.give_up(what).await;
        }
    }

    /// Waits until the words are on the page, in the page's own text.
    pub async fn until_read(&self, words: &str) {
        let expression = "document.body.innerText.replace(/\\s+/g, ' ').includes(arguments[0])";
        self.until_given(format_args!("`{words}` to read"), expression, &[json!(words)]).await;
    }

    /// Waits for an element that fits the CSS selector, is drawn, and whose accessible name fits the JavaScript
    /// regular expression `name`.
    pub async fn named(&self, selector: &str, name: &str) -> Element {
        let found = self
            .poll(async || {
                let answer = self.run(NAMED, &[json!(selector), json!(name)]).await;
                answer[ELEMENT].as_str().map(|id| ElementRef::from(id.to_owned()))
            })
            .await;
        match found {
            Some(element) => Element::from_element_id(self.client.clone(), element),
            None => self.give_up(format_args!("`{selector}` named `{name}`")).await,
        }
    }

    /// Clicks it with the mouse, as [`Self::named`] finds it.
    pub async fn click(&self, selector: &str, name: &str) {
        let element = self.named(selector, name).await;
        let clicked = element.click().await;
        clicked.unwrap_or_else(|error| panic!("`{selector}` named `{name}` takes no click: {error}"));
    }

    /// Presses keys, one after the other.
    pub async fn press(&self, chords: &[&str]) {
        for chord in chords {
            self.strike(&Chord::named(chord)).await;
        }
    }

    /// Types text where the focus is.
    pub async fn type_text(&self, text: &str) {
        self.strike(&Chord::text(text)).await;
    }

    async fn strike(&self, chord: &Chord) {
        let done = self.client.perform_actions(chord.actions()).await;
        done.unwrap_or_else(|error| panic!("{chord:?} could not be pressed: {error}"));
    }

    async fn poll<T>(&self, look: impl AsyncFn() -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = look().await;
            if seen.is_some() || Instant::now() > deadline {
                return seen;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn give_up(&self, what: impl Display) -> ! {
        let page = self.text("document.body.innerText").await;
        panic!("waited {} s for {what}; the page reads:\n{page}", PATIENCE.as_secs());
    }
}
