//! axe-core inside the real page.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::window::Window;

impl Window {
    /// Fails with axe's own words where the page breaks a rule of WCAG 2.2 AA or a best practice.
    pub async fn is_accessible(&self, where_it_is: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}\nInstall it: cd ui && npm ci", path.display()));
        self.is_at_rest().await;
        self.script(&format!("{axe}; return 1"), vec![]).await;
        let run = "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] }).then(
            ({ violations }) => done(violations.map(({ id, help, nodes }) => `${id}: ${help}\\n` + nodes.map((node) => `    ${node.html.slice(0, 200)}\\n    ${node.failureSummary}`).join('\\n'))),
            (error) => done([`axe failed: ${error}`]))";
        let found = match self.client.execute_async(run, vec![]).await {
            Ok(Value::Array(found)) => found,
            other => panic!("axe gave {other:?}"),
        };
        let found: Vec<&str> = found.iter().filter_map(Value::as_str).collect();
        if !found.is_empty() {
            self.fail(&format!("{where_it_is} is not accessible to all:\n{}", found.join("\n"))).await;
        }
    }

    /// Waits until what fades and moves has arrived: a colour on its way to another is neither. What has just been
    /// drawn begins to move at the next frame.
    pub(crate) async fn is_at_rest(&self) {
        let rest = "const done = arguments[0];
            const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
            const moving = () => document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Infinity);
            (async () => {
                do {
                    await Promise.allSettled(moving().map((it) => it.finished));
                    await frame();
                    await frame();
                } while (moving().some((it) => it.playState === 'running'));
                done(true);
            })()";
        self.later(rest).await;
    }
}
