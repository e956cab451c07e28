//! Light and dark, large and small: everything fits, and axe has nothing to say.

use crate::prelude::*;

/// Whether something reaches past the window, or text is cut that has no way to be read.
const FITS: &str = "const root = document.documentElement;
    if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight) return `the page is ${root.scrollWidth}x${root.scrollHeight}`;
    const sideways = [...document.querySelectorAll('main *, aside *')].filter((it) => {
        const style = getComputedStyle(it);
        return (style.overflowX === 'auto' || style.overflowX === 'scroll') && it.scrollWidth > it.clientWidth + 1
            && !it.matches('pre, .code, .scroll, .scroll *') && it.clientWidth > 0;
    });
    return sideways.map((it) => `${it.tagName}.${it.className} is ${it.scrollWidth} in ${it.clientWidth}`).join('\\n')";

async fn check(window: &Window, name: &str) {
    let wrong = window.script(FITS, vec![]).await;
    if wrong != "" {
        window.fail(&format!("{name} does not fit: {wrong}")).await;
    }
    window.is_accessible(name).await;
    window.show(name).await;
}

async fn tour(theme: &str, width: u32, height: u32) {
    let window = Window::open_in(Home::new(), width, height).await;
    let host = window.practice_host().await;
    window.chord(&[CONTROL, ',']).await;
    window.press(theme).await;
    let theme = theme.to_lowercase();
    let worn = format!("return document.documentElement.dataset.theme === '{theme}'");
    window.until("the theme is worn", &worn).await;
    let name = |page: &str| format!("{page}-{theme}-{width}");
    check(&window, &name("settings")).await;
    window.chord(&[CONTROL, '1']).await;
    window.until("the quay is there", "return document.querySelectorAll('.slab').length > 5").await;
    check(&window, &name("home")).await;

    window.chord(&[CONTROL, 'l']).await;
    window.type_text(&format!("{host}/web:2.0")).await;
    window.until("it is taken apart", "return document.querySelectorAll('[data-seg]').length >= 3").await;
    check(&window, &name("reference")).await;
    window.chord(&[CONTROL, ENTER]).await;
    window.says("Status: Downloaded newer image").await;
    check(&window, &name("pull")).await;
    window.press("Open image").await;
    for tab in ["overview", "layers", "manifest"] {
        window.click(&format!("[role=tab][id$={tab}]")).await;
        window
            .until(
                "the tab is shown",
                &format!("return document.querySelector('[role=tabpanel][id$={tab}]') !== null"),
            )
            .await;
        check(&window, &name(tab)).await;
    }
    window.chord(&[CONTROL, '2']).await;
    window.says("web:2.0").await;
    check(&window, &name("images")).await;
    window.chord(&[CONTROL, 'k']).await;
    window.until("the palette is open", "return document.querySelector('dialog[open]') !== null").await;
    check(&window, &name("palette")).await;
    window.chord(&[ESCAPE]).await;
    window.chord(&[CONTROL, 'j']).await;
    window.until("Wire is open", "return document.querySelector('aside.wire') !== null").await;
    check(&window, &name("wire")).await;
}

#[tokio::test]
async fn light_at_the_usual_size() {
    tour("Light", 1280, 800).await;
}

#[tokio::test]
async fn dark_at_the_smallest_size() {
    tour("Dark", 900, 600).await;
}

#[tokio::test]
async fn the_wheel_scrolls() {
    let window = Window::open().await;
    window.practice_host().await;
    window.chord(&[CONTROL, ',']).await;
    window.says("Token servers").await;
    let scrolled = "return [...document.querySelectorAll('main, main *')].some((it) => it.scrollTop > 100)";
    assert_eq!(window.script(scrolled, vec![]).await, false);
    window.turn_wheel("main", 10).await;
    window.until("the page is further down", scrolled).await;
}
