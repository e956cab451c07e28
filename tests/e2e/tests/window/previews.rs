//! What files hold: what is installed, pictures, programs, and markup that stays text.

use std::fs;

use base64::Engine as _;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::real::RpmSystem;
use testkit::registry::Registry;

use crate::prelude::*;
use crate::steps::{at_hand, at_row, files_of, row, tab_to};

/// Three pixels wide, two high, teal.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAD0lEQVR42mNgaGiAIjgLADkUBgGpJGEDAAAAAElFTkSuQmCC";

const DPKG: &str = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nInstalled-Size: 164\nVersion: 1:1.2.13\n\n\
    Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n\n\
    Package: adduser\nStatus: install ok installed\nArchitecture: all\nInstalled-Size: 686\nVersion: 3.134\n";
const APK: &str = "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nS:1\nI:634880\nT:the C library\nL:MIT\nF:lib\nR:ld.so\n\n\
    P:busybox\nV:1.36.1-r2\nA:x86_64\nI:1000000\nL:GPL-2.0-only\n\n";
const MARKUP: &str = "<!doctype html>\n<script>window.hit = 1</script>\n<img src=x onerror=\"window.hit = 1\">\n<b id=bold>bold</b>\n";
const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>window.hit = 1</script><circle id=\"bold\" r=\"9\"/></svg>\n";

fn registry() -> Registry {
    let png = base64::engine::general_purpose::STANDARD.decode(PNG).expect("base64");
    let program = fs::read("/bin/true").expect("there is a program");
    let entries = [
        Entry::file("bin/true", &program).mode(0o755),
        Entry::file("lib/apk/db/installed", APK.as_bytes()),
        Entry::file("srv/drawing.svg", DRAWING.as_bytes()),
        Entry::file("srv/index.html", MARKUP.as_bytes()),
        Entry::file("srv/picture.png", &png),
        Entry::file("var/lib/dpkg/status", DPKG.as_bytes()),
    ];
    let image = Image::builder(Family::Oci).layer(Layer::new(&entries, LayerCompression::Zstd)).build();
    let registry = Registry::start();
    registry.put("team/app", "1.0", &image);
    registry
}

async fn files(window: &Window, registry: &Registry) {
    files_of(window, &registry.reference("team/app", "1.0"), 4).await;
}

/// Finds a file by its path, and clicks its row.
async fn look_at(window: &Window, path: &str) {
    window.click("input[aria-label='Find files']").await;
    window.script("document.activeElement.select()", vec![]).await;
    window.type_text(path).await;
    window.says("1 of 1").await;
    let name = path.rsplit('/').next().unwrap_or_default();
    at_row(window, name).await;
    window.click(&row(name)).await;
    at_hand(window, path).await;
}

/// Lines of the table of packages.
async fn installed(window: &Window, wanted: &[&str]) {
    window
        .until("packages are listed", "return document.querySelector('[role=table] [role=row]') !== null")
        .await;
    assert_eq!(window.texts("[role=table][aria-label='Installed packages'] [role=row]").await, wanted);
}

#[tokio::test]
async fn what_is_installed_is_listed_and_sorted() {
    let registry = registry();
    let window = Window::open().await;
    files(&window, &registry).await;
    look_at(&window, "/var/lib/dpkg/status").await;
    window.says("2 packages in the dpkg database, 870 kB installed").await;
    installed(&window, &["adduser 3.134 702 kB", "zlib1g 1:1.2.13 168 kB"]).await;
    window.looks_good("packages-dpkg").await;

    look_at(&window, "/lib/apk/db/installed").await;
    window.says("2 packages in the apk database, 1.6 MB installed").await;
    installed(&window, &["busybox 1.36.1-r2 1.0 MB", "musl 1.2.5-r0 635 kB"]).await;
    tab_to(
        &window,
        "Tab reaches the order by name",
        "focused.getAttribute('aria-label') === 'Sort by package, now ascending'",
    )
    .await;
    window.chord(&[ENTER]).await;
    window.find("[aria-label='Sort by package, now descending']").await;
    installed(&window, &["musl 1.2.5-r0 635 kB", "busybox 1.36.1-r2 1.0 MB"]).await;
    window.press("Sort by size").await;
    window.find("[aria-label='Sort by size, now descending']").await;
    installed(&window, &["busybox 1.36.1-r2 1.0 MB", "musl 1.2.5-r0 635 kB"]).await;
}

#[tokio::test]
async fn what_rpm_has_installed_is_listed_from_its_own_database() {
    let database = RpmSystem::new().database();
    let layer = Layer::new(&[Entry::file("var/lib/rpm/rpmdb.sqlite", &database)], LayerCompression::Gzip);
    let registry = Registry::start();
    registry.put("team/app", "1.0", &Image::builder(Family::Oci).layer(layer).build());
    let window = Window::open().await;
    files_of(&window, &registry.reference("team/app", "1.0"), 1).await;
    look_at(&window, "/var/lib/rpm/rpmdb.sqlite").await;
    window.says("2 packages in the rpm database, 1.0 kB installed").await;
    installed(&window, &["tiny 4:1.2-3 1.0 kB", "tiny-meta 2~rc1-1.el9 0 B"]).await;
    window.looks_good("packages-rpm").await;
}

#[tokio::test]
async fn pictures_are_drawn_and_programs_say_what_they_run_on() {
    let registry = registry();
    let window = Window::open().await;
    files(&window, &registry).await;
    look_at(&window, "/srv/picture.png").await;
    let drawn = "const it = document.querySelector('aside img'); return it?.complete && `${it.naturalWidth} ${it.naturalHeight}`";
    assert_eq!(window.until("it is drawn", drawn).await, "3 2");
    window.says("3 × 2 pixels").await;
    window.looks_good("picture").await;

    look_at(&window, "/bin/true").await;
    window.until("its header is read", "return document.querySelector('aside .facts dt') !== null").await;
    let facts = window.texts("aside .facts dt, aside .facts dd").await;
    let fact = |name: &str| facts.iter().skip_while(|it| *it != name).nth(1).cloned().unwrap_or_default();
    assert_eq!(fact("Kind"), "Program", "{facts:?}");
    assert!(fact("Machine").contains(" 64 bits"), "{facts:?}");
    assert!(fact("Loader").contains("/ld-"), "{facts:?}");
    assert!(fact("Needs").contains("libc.so"), "{facts:?}");
    let magic = window.text("aside .dump .line").await;
    assert!(magic.contains("7f 45 4c 46"), "{magic}");
    window.looks_good("program").await;
}

#[tokio::test]
async fn f120_markup_in_a_file_is_shown_as_text_and_never_run() {
    let registry = registry();
    let window = Window::open().await;
    files(&window, &registry).await;
    for (path, text, word) in [("/srv/index.html", MARKUP, "HTML"), ("/srv/drawing.svg", DRAWING, "XML")] {
        look_at(&window, path).await;
        window.says(&format!("0:0, {word}")).await;
        let lines = text.lines().count();
        let listed = format!("return document.querySelectorAll('aside .text .tx').length === {lines}");
        window.until("its lines are there", &listed).await;
        assert_eq!(window.texts("aside .text .tx").await, text.lines().collect::<Vec<_>>());
        let inert = "return document.querySelector('#bold, aside img, aside circle, aside script') === null && window.hit === undefined";
        assert_eq!(window.script(inert, vec![]).await, true, "{path} became a part of the page");
    }
    window.looks_good("markup-file").await;
}
