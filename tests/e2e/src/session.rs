//! One test: everything is started, the test runs, everything ends; what a failed test saw is kept as a picture.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;

use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::PATIENCE;
use crate::program::{Display, Driver, app};
use crate::window::Window;

/// Runs `test` on a window whose home is empty.
pub async fn window(test: impl AsyncFnOnce(&Window)) {
    let home = tempfile::tempdir().expect("a folder can be made");
    window_in(home.path(), test).await;
}

/// Runs `test` on a window with this home, as it was left by an earlier one.
pub async fn window_in(home: &Path, test: impl AsyncFnOnce(&Window)) {
    use std::os::unix::fs::PermissionsExt as _;
    let runtime = home.join("run");
    std::fs::create_dir_all(&runtime).expect("a folder can be made");
    std::fs::set_permissions(&runtime, std::fs::Permissions::from_mode(0o700)).expect("it is ours");

    let display = Display::start();
    let driver = Driver::start(&display, home);
    let client =
        tokio::time::timeout(PATIENCE, connect(&driver)).await.expect("the app opens its window in time");
    let window = Window::new(client.clone());
    let outcome = AssertUnwindSafe(test(&window)).catch_unwind().await;
    if outcome.is_err() {
        keep_picture(&client).await;
    }
    // The app ends with its session; where it does not, the driver's process group ends below.
    let _ = tokio::time::timeout(PATIENCE, client.close()).await;
    drop(driver);
    drop(display);
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

async fn connect(driver: &Driver) -> Client {
    let options = json!({ "binary": app(), "args": [] });
    let capabilities = [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
    ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&driver.url)
        .await
        .expect("the driver opens the app")
}

async fn keep_picture(client: &Client) {
    let shot = tokio::time::timeout(PATIENCE, client.screenshot()).await;
    let Ok(Ok(picture)) = shot else {
        eprintln!("no picture of the failed window could be taken");
        return;
    };
    let file = tempfile::Builder::new().prefix("longshore-window-").suffix(".png").tempfile();
    let kept = file.and_then(|file| Ok(file.keep()?.1));
    if let Ok(path) = kept
        && std::fs::write(&path, picture).is_ok()
    {
        eprintln!("the window at that moment: {}", path.display());
    }
}
