//! What is stored and sent for nothing: the window says of a registry's image what the command line says of it.

use serde_json::Value;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression, noise};
use testkit::real::DockerRegistry;

use crate::prelude::*;
use crate::steps::{at_hand, at_row, command, files_of, press_by_keys};

/// A file that is written again, one that is removed again, and one that is there twice under other names.
fn registry() -> DockerRegistry {
    let base = [
        Entry::directory("etc"),
        Entry::file("etc/app.conf", b"workers = 1\n"),
        Entry::directory("opt"),
        Entry::file("opt/cache.bin", &noise(1, 200_000)),
        Entry::file("opt/engine.bin", &noise(2, 100_000)),
        Entry::directory("usr"),
        Entry::file("usr/copy.dat", &noise(3, 40_000)),
    ];
    let second = [
        Entry::file("etc/app.conf", b"workers = 8\n"),
        Entry::file("opt/engine.bin", &noise(4, 110_000)),
        Entry::directory("srv"),
        Entry::file("srv/again.dat", &noise(3, 40_000)),
    ];
    let third = [Entry::whiteout("opt/cache.bin")];
    let image = Image::builder(Family::Docker)
        .layer(Layer::new(&base, LayerCompression::Gzip).created_by("COPY base /"))
        .layer(Layer::new(&second, LayerCompression::Gzip).created_by("COPY second /"))
        .layer(Layer::new(&third, LayerCompression::Gzip).created_by("RUN rm /opt/cache.bin"))
        .build();
    let registry = DockerRegistry::open();
    registry.put("team/app", "1.0", &image);
    registry
}

/// Bytes as the page writes them: `8.8 kB`, `210 kB`.
fn bytes(count: &Value) -> String {
    match count.as_f64().expect("a number") {
        few if few < 1000.0 => format!("{few} B"),
        some if some < 99_950.0 => format!("{:.1} kB", some / 1000.0),
        many => format!("{:.0} kB", many / 1000.0),
    }
}

const HEAD: &str = "section[aria-label='Wasted space'] .turn";

#[tokio::test]
async fn waste_is_what_the_command_line_says_by_mouse() {
    let registry = registry();
    let reference = registry.reference("team/app", "1.0");
    let told = Home::new().longshore(&["waste", &reference, "--json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["wasted_bytes"], 410_024, "{told}");

    let window = Window::open().await;
    files_of(&window, &reference, 4).await;
    window.says(&format!("{} wasted", bytes(&told["wasted_bytes"]))).await;
    let efficiency = (told["efficiency"].as_f64().expect("a number") * 1000.0).floor() / 10.0;
    window.says(&format!("{efficiency}% efficient")).await;
    window.click(HEAD).await;
    let listed = "return document.querySelectorAll('section[aria-label=\"Wasted space\"] li').length === 3";
    window.until("the files to blame are listed", listed).await;
    let mut wanted = Vec::new();
    for (file, how) in told["files"].as_array().expect("files").iter().zip([
        "written twice, 1 and 2",
        "added 1, removed 3",
        "written twice, 1 and 2",
    ]) {
        wanted.push(format!("{} {how} {}", file["path"].as_str().expect("a path"), bytes(&file["bytes"])));
    }
    assert_eq!(window.texts("section[aria-label='Wasted space'] li").await, wanted);
    window.looks_good("waste").await;

    // Nothing is left of what was removed, so there is nowhere to go.
    let links = "section[aria-label='Wasted space'] li button";
    assert_eq!(window.texts(links).await, ["/opt/engine.bin", "/etc/app.conf"]);
    window.click(links).await;
    at_hand(&window, "/opt/engine.bin").await;
    at_row(&window, "engine.bin").await;

    window.press("Sizes of layers").await;
    window
        .until("a row for each layer", "return document.querySelectorAll('.waste tbody tr').length === 3")
        .await;
    let mut wanted: Vec<String> = Vec::new();
    for (layer, step) in told["layers"].as_array().expect("layers").iter().zip([
        "COPY base /",
        "COPY second /",
        "RUN rm /opt/cache.bin",
    ]) {
        let sizes = ["transfer_bytes", "unpacked_bytes", "net_bytes"].map(|size| bytes(&layer[size]));
        wanted.insert(0, format!("{} {step} {}", layer["number"], sizes.join(" ")));
    }
    assert_eq!(window.texts(".waste tbody tr").await, wanted);
    window.looks_good("waste-sizes").await;
    window.click(HEAD).await;
    window.until("it is one line again", "return document.querySelector('.waste .body') === null").await;
}

#[tokio::test]
async fn duplicates_across_layers_are_found_and_gone_to_by_keys_alone() {
    let registry = registry();
    let window = Window::open().await;
    files_of(&window, &registry.reference("team/app", "1.0"), 4).await;
    command(&window, "Show wasted space").await;
    press_by_keys(&window, "Duplicates").await;
    window.looks_good("duplicates-unasked").await;
    press_by_keys(&window, "Find duplicates").await;
    window.says("40.0 kB in 1 content that is there more than once").await;
    assert_eq!(
        window.texts(".waste li").await,
        ["/usr/copy.dat layer 1 2 × 40.0 kB", "/srv/again.dat layer 2"]
    );
    window.looks_good("duplicates").await;
    press_by_keys(&window, "/srv/again.dat").await;
    at_hand(&window, "/srv/again.dat").await;
    at_row(&window, "again.dat").await;
    let keys = "return document.activeElement?.getAttribute('role') === 'treegrid'";
    window.until("the tree has the keys", keys).await;
}
