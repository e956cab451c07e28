//! The app in its window.

use std::fs::{self, File};
use std::io;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::display::{Display, picture};
use crate::driver::{Driver, built, program};

/// A home directory of one's own, which may outlive a window: what is kept is found again by the next one.
pub struct Home(TempDir);

impl Home {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let home =
            Self(tempfile::Builder::new().prefix("longshore-e2e-").tempdir().expect("a temporary folder"));
        for (_, folder) in home.variables() {
            fs::create_dir_all(folder).expect("a folder");
        }
        home
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn variables(&self) -> [(&'static str, PathBuf); 5] {
        let folder = |name: &str| self.path().join(name);
        [
            ("HOME", folder("home")),
            ("XDG_DATA_HOME", folder("data")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("XDG_CACHE_HOME", folder("cache")),
            ("XDG_RUNTIME_DIR", folder("run")),
        ]
    }

    /// What the command line prints that lives in this home; it must succeed.
    pub fn longshore(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(built("longshore", "cargo build -p cli"));
        command.env_clear().envs(self.variables()).args(arguments);
        let output = command.output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "longshore {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn log(&self, name: &str) -> Stdio {
        File::create(self.path().join(name)).map_or_else(|_| Stdio::null(), Stdio::from)
    }
}

/// The app while it runs. Its last sight is kept in a file where a test fails, whatever fails in it.
pub struct Window {
    /// Goes first: what it looks at must still be there.
    _last_sight: LastSight,
    pub(crate) client: Client,
    _driver: Driver,
    display: Display,
    home: Home,
}

impl Window {
    /// A first start: nothing is kept, 1280 by 800.
    pub async fn open() -> Self {
        Self::open_in(Home::new(), 1280, 800).await
    }

    /// A start in this home, on a display of this size. Returns when the page is there.
    pub async fn open_in(home: Home, width: u32, height: u32) -> Self {
        Self::open_with(home, &[], width, height).await
    }

    /// A start with these arguments on its command line.
    pub async fn open_with(home: Home, arguments: &[&str], width: u32, height: u32) -> Self {
        let program = program();
        let display = Display::start(width, height);
        let driver = Driver::start(display.name(), &home);
        let capabilities = json!({ "webkitgtk:browserOptions": { "binary": program, "args": arguments } });
        let capabilities = capabilities.as_object().expect("an object").clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = builder.connect(&driver.url()).await;
        let client = client.unwrap_or_else(|error| panic!("the app did not start: {error}"));
        let last_sight = LastSight(display.name().to_owned());
        let window = Self { _last_sight: last_sight, client, _driver: driver, display, home };
        let url = window.client.current_url().await.expect("a page");
        assert_eq!(
            url.scheme(),
            "tauri",
            "`{}` shows {url}: it was built without its page (custom-protocol)",
            program.display()
        );
        window.until("the page is drawn", "return document.querySelector('main') !== null").await;
        window.resize(width, height).await;
        window
    }

    /// Closes it, and gives the home back for the next start.
    pub async fn close(self) -> Home {
        let Self { client, _driver, display: _display, home, .. } = self;
        let _ = client.close().await;
        home
    }

    /// Where it lives.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The display that it is on: `:1`.
    pub fn display(&self) -> &str {
        self.display.name()
    }

    /// Another size, pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        self.client.set_window_rect(0, 0, width, height).await.expect("a window has a size");
        let fits = format!("return innerWidth === {width} && innerHeight === {height}");
        self.until("the window has its size", &fits).await;
    }

    /// A picture of the page, PNG, once it stands still: the display lags behind the page.
    pub async fn picture(&self) -> Vec<u8> {
        let frames =
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(1)))";
        let size = self.client.execute("return `${innerWidth}x${innerHeight}`", vec![]).await;
        let size = size.ok().and_then(|size| size.as_str().map(str::to_owned));
        let mut last = Vec::new();
        for _ in 0..10 {
            self.client.execute_async(frames, vec![]).await.expect("frames are drawn");
            let next = picture(self.display(), size.as_deref()).expect("a picture");
            if next == last {
                break;
            }
            last = next;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        last
    }

    /// Keeps a picture where `LONGSHORE_PICTURES` names a folder, for people to look at.
    pub async fn show(&self, name: &str) {
        if let Some(folder) = std::env::var_os("LONGSHORE_PICTURES") {
            fs::create_dir_all(&folder).expect("the folder can be made");
            fs::write(Path::new(&folder).join(format!("{name}.png")), self.picture().await).expect("written");
        }
    }

    /// Fails the test, with a picture of what was to be seen.
    pub async fn fail(&self, why: &str) -> ! {
        let text = self.client.execute("return document.body.innerText", vec![]).await;
        let text = text.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
        panic::panic_any(format!("{why}\nThe page says:\n{text}"));
    }
}

/// Takes a picture when it is dropped by a test that fails: a plain `assert` does so too, and can't wait for anything.
struct LastSight(String);

impl Drop for LastSight {
    fn drop(&mut self) {
        if std::thread::panicking() {
            match self.keep() {
                Ok(picture) => eprintln!("a picture is in {}", picture.display()),
                Err(error) => eprintln!("no picture could be taken: {error}"),
            }
        }
    }
}

impl LastSight {
    fn keep(&self) -> io::Result<PathBuf> {
        let folder = std::env::temp_dir().join("longshore-e2e-failures");
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{}.png", std::process::id()));
        fs::write(&file, picture(&self.0, None)?)?;
        Ok(file)
    }
}
