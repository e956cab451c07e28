//! Using the page as a person does: reading, clicking, typing; and waiting until something is so.

use std::time::{Duration, Instant};

use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use serde_json::{Value, json};

use crate::drag::xdotool;
use crate::keys::CONTROL;
use crate::window::Window;

/// How long something may take to be so.
const PATIENCE: Duration = Duration::from_secs(15);

impl Window {
    /// Runs a script in the page; `return` gives its value.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        match self.client.execute(script, arguments).await {
            Ok(value) => value,
            Err(error) => self.fail(&format!("the script failed: {error}\n{script}")).await,
        }
    }

    /// Runs a script that gives its value to its last argument, a function.
    pub async fn later(&self, script: &str) -> Value {
        match self.client.execute_async(script, vec![]).await {
            Ok(value) => value,
            Err(error) => self.fail(&format!("the script failed: {error}\n{script}")).await,
        }
    }

    /// Waits until a script returns something that is true, and gives it.
    pub async fn until(&self, what: &str, script: &str) -> Value {
        let begun = Instant::now();
        loop {
            let value = self.client.execute(script, vec![]).await.unwrap_or(Value::Null);
            let is_true = !matches!(&value, Value::Null | Value::Bool(false))
                && value != json!("")
                && value != json!(0);
            if is_true {
                return value;
            }
            if begun.elapsed() > PATIENCE {
                self.fail(&format!("waited in vain until {what}\n{script} gave {value}")).await;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Waits until the page shows this text somewhere, spaces and line breaks being one.
    pub async fn says(&self, text: &str) {
        let wanted = json!(text);
        let script = format!("return document.body.innerText.replace(/\\s+/g, ' ').includes({wanted})");
        self.until(&format!("the page says {wanted}"), &script).await;
    }

    /// The text of the first element that a selector finds; waits for it.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!("return document.querySelector({})?.innerText.trim() ?? ''", json!(selector));
        let text = self.until(&format!("`{selector}` has a text"), &script).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The texts of all elements that a selector finds.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((it) => it.innerText.replace(/\\s+/g, ' ').trim())";
        let found = self.script(script, vec![json!(selector)]).await;
        found.as_array().into_iter().flatten().filter_map(|it| it.as_str().map(str::to_owned)).collect()
    }

    /// Waits for an element.
    pub async fn find(&self, selector: &str) -> Element {
        self.element(Locator::Css(selector), selector).await
    }

    /// Clicks an element, as soon as it is there.
    pub async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.click_element(element, selector).await;
    }

    /// Clicks the button, the tab or the entry of a tree whose words are these.
    pub async fn press(&self, words: &str) {
        let quoted = format!("'{words}'");
        let path = format!(
            "//*[self::button or @role='tab' or @role='option' or @role='radio' or @role='treeitem'][normalize-space()={quoted} or @aria-label={quoted}]"
        );
        let element = self.element(Locator::XPath(&path), words).await;
        self.click_element(element, words).await;
    }

    async fn element(&self, locator: Locator<'_>, what: &str) -> Element {
        let begun = Instant::now();
        loop {
            match self.client.find(locator).await {
                Ok(element) => return element,
                Err(error) if begun.elapsed() > PATIENCE => {
                    self.fail(&format!("there is no `{what}`: {error}")).await;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(40)).await,
            }
        }
    }

    async fn click_element(&self, element: Element, what: &str) {
        if let Err(error) = element.click().await {
            self.fail(&format!("`{what}` can't be clicked: {error}")).await;
        }
    }

    /// Types into whatever has the focus.
    pub async fn type_text(&self, text: &str) {
        let strokes = text.chars().fold(KeyActions::new("keyboard".into()), |keys, value| {
            keys.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.client.perform_actions(strokes).await.expect("keys can be pressed");
    }

    /// Puts the caret into the reference bar and replaces what is there.
    pub async fn type_reference(&self, reference: &str) {
        self.chord(&[CONTROL, 'l']).await;
        let caret = "return document.activeElement?.getAttribute('aria-label') === 'Image reference'";
        self.until("the bar has the caret", caret).await;
        self.script("document.activeElement.select()", vec![]).await;
        self.type_text(reference).await;
        self.until("it is taken apart", "return document.querySelectorAll('[data-seg]').length >= 3").await;
    }

    /// Presses keys together: the first ones are held until the last one was pressed.
    pub async fn chord(&self, keys: &[char]) {
        let down = keys.iter().map(|value| KeyAction::Down { value: *value });
        let up = keys.iter().rev().map(|value| KeyAction::Up { value: *value });
        let strokes = down.chain(up).fold(KeyActions::new("keyboard".into()), KeyActions::then);
        self.client.perform_actions(strokes).await.expect("keys can be pressed");
    }

    /// Loads the page again, as the web view's own menu does.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("a page can be loaded again");
        self.until("the page is drawn again", "return document.querySelector('main') !== null").await;
    }

    /// Where the page is.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("a page").to_string()
    }

    /// Turns the wheel over the middle of an element, as a hand does: down, so many times.
    pub async fn turn_wheel(&self, selector: &str, times: u32) {
        let middle = "const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [Math.round(box.left + box.width / 2), Math.round(box.top + box.height / 2)]";
        let at = self.script(middle, vec![json!(selector)]).await;
        let (x, y, times) = (at[0].to_string(), at[1].to_string(), times.to_string());
        // As often as a display shows a frame.
        xdotool(self.display(), &["mousemove", &x, &y, "click", "--repeat", &times, "--delay", "16", "5"]);
    }

    /// `127.0.0.1:5055` of this window's practice registry.
    pub async fn practice_host(&self) -> String {
        self.text(".home .intro .mono").await
    }
}
