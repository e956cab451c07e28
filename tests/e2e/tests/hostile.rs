//! What a registry says is text.

use e2e::window;
use serde_json::json;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression};
use testkit::registry::Registry;

const ATTACK: &str =
    "<img src=x onerror=\"window.broken=1;document.title='broken'\"><script>window.broken=1</script>";

#[tokio::test]
async fn f117_markup_in_labels_and_history_is_shown_as_text_and_runs_nothing() {
    let image = Image::builder(Family::Oci)
        .layer(Layer::new(&[Entry::file("etc/motd", b"ahoy")], LayerCompression::Gzip))
        .container_config(
            json!({ "Cmd": [ATTACK], "Env": [format!("X={ATTACK}")], "Labels": { (ATTACK): ATTACK } }),
        )
        .edit_config(|config| {
            config["history"][0]["created_by"] = json!(format!("RUN {ATTACK}"));
            config["history"][0]["comment"] = json!(ATTACK);
            config["author"] = json!(ATTACK);
        })
        .edit_manifest(|manifest| {
            manifest["annotations"] = json!({ "org.opencontainers.image.title": ATTACK })
        })
        .build();
    let registry = Registry::start();
    registry.put("team/hostile", "latest", &image);

    window(async |window| {
        window.named("[role=radio]", "^hello:1\\.0").await;
        window.click("[role=combobox]", "^Image reference$").await;
        window.type_text(&registry.reference("team/hostile", "latest")).await;
        window.press(&["Ctrl+Enter"]).await;
        window.until_read("Pulled ").await;
        window.click("button", "^Open image$").await;
        for tab in ["Overview", "Layers", "Manifest"] {
            window.click("[role=tab]", &format!("^{tab}")).await;
            window.named("[role=tab][aria-selected=true]", &format!("^{tab}")).await;
            window.until_read("onerror=").await;
            let elements =
                window.value("document.querySelectorAll('img[src=x], [onerror], body script').length").await;
            assert_eq!(elements, json!(0), "{tab}: markup of the registry became elements");
            assert_eq!(window.value("window.broken ?? null").await, json!(null), "{tab}: a script ran");
        }
        assert!(!window.text("document.title").await.contains("broken"));
    })
    .await;
}
