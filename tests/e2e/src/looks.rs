//! One state of the page in light and dark, at the usual and at the smallest size: everything fits, can be read, and can be
//! reached by the pointer.

use serde_json::{Value, json};

use crate::window::Window;

/// Light or dark, width and height in pixels, in an order in which each look differs little from the one before.
const LOOKS: [(&str, u32, u32); 4] =
    [("light", 1280, 800), ("dark", 1280, 800), ("dark", 900, 600), ("light", 900, 600)];

/// What is wrong with how the page is laid out, a line each; empty where nothing is.
const WRONG: &str = r#"
const wrong = [];
const root = document.documentElement;
if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) wrong.push(`the page is ${root.scrollWidth}x${root.scrollHeight}`);
const called = (it) => `<${it.tagName.toLowerCase()} class="${it.getAttribute('class') ?? ''}"> ${(it.getAttribute('aria-label') ?? it.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 60)}`;
const top = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
const hides = (value) => value === 'hidden' || value === 'clip';
const scrolls = (value) => value === 'auto' || value === 'scroll';
const unseen = (it) => it.closest('.visually-hidden, [hidden]') !== null || !it.checkVisibility({ opacityProperty: true, visibilityProperty: true });

for (const it of top.querySelectorAll('*')) {
  if (scrolls(getComputedStyle(it).overflowX) && it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0 && !it.matches('pre, .code, .scroll, .scroll *, .diff, .dump, aside .text')) wrong.push(`${called(it)} scrolls sideways: ${it.scrollWidth} in ${it.clientWidth}`);
}
const texts = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const text = texts.currentNode;
  const own = text.parentElement;
  if (text.data.trim() === '' || own.closest('svg, option, textarea, input') !== null || unseen(own)) continue;
  const range = document.createRange();
  range.selectNodeContents(text);
  const box = range.getBoundingClientRect();
  if (box.width === 0) continue;
  for (let it = own; it !== null && it !== top.parentElement; it = it.parentElement) {
    const style = getComputedStyle(it);
    if (style.display === 'inline') continue;
    // It is there for the ear alone.
    if (style.clipPath === 'inset(50%)') break;
    if (scrolls(style.overflowX) || scrolls(style.overflowY)) break;
    const clip = it.getBoundingClientRect();
    if (style.textOverflow === 'ellipsis' && hides(style.overflowX)) break;
    if (hides(style.overflowX) && (box.right > clip.right + 1 || box.left < clip.left - 1)) { wrong.push(`${called(own)} is cut by ${called(it)}`); break; }
    if (hides(style.overflowY) && style.webkitLineClamp === 'none' && (box.bottom > clip.bottom + 3 || box.top < clip.top - 3)) { wrong.push(`${called(own)} is cut in its height by ${called(it)}`); break; }
    if (it.matches('main, dialog')) break;
  }
}
for (const it of top.querySelectorAll('button, a[href], input, select, textarea, [role=tab], [role=radio], [role=checkbox]')) {
  if (it.disabled || it.closest('[inert]') !== null || unseen(it)) continue;
  const box = it.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  let seen = box.width > 0 && box.height > 0 && x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  for (let up = it.parentElement; seen && up !== null; up = up.parentElement) {
    const style = getComputedStyle(up);
    if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
    const clip = up.getBoundingClientRect();
    seen = x > clip.left && x < clip.right && y > clip.top && y < clip.bottom;
  }
  if (!seen) continue;
  const there = document.elementFromPoint(x, y);
  // What lies over the page on purpose has a way to go away.
  const over = there?.closest('aside, .pop, .selbar');
  if (there !== null && !over && !it.contains(there) && !there.contains(it)) wrong.push(`${called(it)} lies under ${called(there)}`);
}
return [...new Set(wrong)].slice(0, 12).join('\n');
"#;

impl Window {
    /// Looks at the page as it stands in each look, and fails where something is cut, covered, or does not fit; in light and
    /// in dark also where it is not accessible. Keeps four pictures where pictures are kept.
    pub async fn looks_good(&self, name: &str) {
        let size = self
            .script("return [innerWidth, innerHeight, document.documentElement.dataset.theme]", vec![])
            .await;
        for (theme, width, height) in LOOKS {
            let look = format!("{name}-{theme}-{width}");
            self.wear(&json!(theme)).await;
            self.resize(width, height).await;
            self.is_at_rest().await;
            let wrong = self.script(WRONG, vec![]).await;
            if wrong != "" {
                self.fail(&format!("{look}:\n{}", wrong.as_str().unwrap_or_default())).await;
            }
            if width == 1280 {
                self.is_accessible(&look).await;
            }
            self.show(&look).await;
        }
        let pixels = |at: usize| size[at].as_u64().and_then(|it| u32::try_from(it).ok()).unwrap_or(800);
        self.wear(&size[2]).await;
        self.resize(pixels(0), pixels(1)).await;
    }

    /// The page in another theme, without the setting.
    async fn wear(&self, theme: &Value) {
        self.script("document.documentElement.dataset.theme = arguments[0]", vec![theme.clone()]).await;
    }
}
