//! Settings hold beyond the window.

use e2e::window_in;

const THEME: &str = "document.documentElement.dataset.theme === 'dark'";

#[tokio::test]
async fn the_dark_theme_is_worn_at_once_and_at_the_next_start() {
    let home = tempfile::tempdir().expect("a folder can be made");
    window_in(home.path(), async |window| {
        window.until("the light theme", "document.documentElement.dataset.theme === 'light'").await;
        window.press(&["Ctrl+,"]).await;
        window.click("[aria-label=Theme] button", "^Dark$").await;
        window.until("the dark theme", THEME).await;
        let ground = window.text("getComputedStyle(document.querySelector('main')).backgroundColor").await;
        assert_eq!(ground, "rgb(23, 25, 29)", "dark in fact and not in name");
        e2e::until("the settings on disk", || {
            walk(home.path()).iter().any(|file| {
                file.ends_with("settings.json")
                    && std::fs::read_to_string(file).is_ok_and(|text| text.contains("\"dark\""))
            })
        })
        .await;
    })
    .await;
    window_in(home.path(), async |window| {
        window.named("[role=radio]", "^hello:1\\.0").await;
        window.until("the dark theme", THEME).await;
        window.press(&["Ctrl+,"]).await;
        window.named("[aria-label=Theme] button[aria-pressed=true]", "^Dark$").await;
    })
    .await;
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
