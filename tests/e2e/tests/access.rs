//! axe finds nothing serious on the pages as WebKit draws them, in both themes.

use std::path::Path;

use e2e::{Window, window};

const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/node_modules/axe-core/axe.min.js");

/// What axe finds serious or critical: rule, place, and why.
async fn violations(window: &Window, page: &str) -> Vec<String> {
    assert!(Path::new(AXE).is_file(), "axe-core is missing: `make test` installs it, or `npm ci` in ui/");
    let script = std::fs::read_to_string(AXE).expect("axe is text");
    // A mouse that rests on something, or a transition under way, is no part of the page.
    window.until("a page at rest", "document.getAnimations().every((it) => it.playState !== 'running' || it.effect?.getComputedTiming().iterations === Infinity)").await;
    // As the script itself: the page's policy refuses `eval`, and rightly.
    window.run(&format!("if (!window.axe) {{ {script}\n }}"), &[]).await;
    window
        .run(
            "window.found = null;
             axe.run(document, { resultTypes: ['violations'] }).then(
                ({ violations }) => { window.found = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
                    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary.replace(/\\s+/g, ' ')}`)); },
                (error) => { window.found = [`axe failed: ${error}`]; });",
            &[],
        )
        .await;
    window.until("axe's verdict", "window.found !== null").await;
    let found: Vec<String> =
        serde_json::from_value(window.value("window.found").await).expect("a list of texts");
    found.into_iter().map(|violation| format!("{page}: {violation}")).collect()
}

#[tokio::test]
async fn axe_finds_nothing_serious_on_any_page() {
    window(async |window| {
        let mut found = Vec::new();
        window.named("[role=radio]", "^web:2\\.0").await;
        found.extend(violations(window, "home").await);
        window.click("[role=combobox]", "^Image reference$").await;
        window.type_text("nginx").await;
        window.named("#reference-panel [data-seg]", "^nginx, Repository").await;
        found.extend(violations(window, "reference").await);
        window.press(&["Escape", "Escape", "Escape"]).await;
        window.click("[role=radio]", "^web:2\\.0").await;
        window.click(".quay button.btn--go", "^Pull").await;
        window.until_read("Pulled web:2.0 in ").await;
        found.extend(violations(window, "pulled").await);
        window.click("button", "^Open image$").await;
        for tab in ["Overview", "Layers", "Manifest"] {
            window.click("[role=tab]", &format!("^{tab}")).await;
            window.named("[role=tab][aria-selected=true]", &format!("^{tab}")).await;
            found.extend(violations(window, tab).await);
        }
        window.press(&["Ctrl+2"]).await;
        window.named("[role=grid] [role=row]", "web:2\\.0").await;
        found.extend(violations(window, "images").await);
        window.press(&["Ctrl+,"]).await;
        window.click("[aria-label=Theme] button", "^Dark$").await;
        found.extend(violations(window, "settings, dark").await);
        window.press(&["Ctrl+1"]).await;
        window.named("[role=radio]", "^web:2\\.0").await;
        found.extend(violations(window, "home, dark").await);
        assert!(found.is_empty(), "{}", found.join("\n"));
    })
    .await;
}
