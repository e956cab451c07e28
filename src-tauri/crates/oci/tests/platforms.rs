//! Platforms: the spellings that containerd takes, and its order of preference.

use oci::{Platform, PlatformProblem};
use proptest::prelude::*;

fn platform(text: &str) -> Platform {
    text.parse().unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

#[test]
fn spellings() {
    let host = Platform::host();
    let cases = [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("Linux/AMD64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/i386", "linux/386"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm64/8", "linux/arm64/v8"),
        ("linux/arm64/9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("linux/armhf", "linux/arm"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/s390x", "linux/s390x"),
        ("linux/something-new", "linux/something-new"),
        ("macos/arm64", "darwin/arm64"),
        ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
        ("windows(10.0.17763+win32k)/amd64", "windows(10.0.17763+win32k)/amd64"),
        ("linux(+a+b)/amd64", "linux(+a+b)/amd64"),
        ("linux(10.0)/amd64", "linux(10.0)/amd64"),
        ("arm64", &format!("{}/arm64", host.os)),
        ("armhf", &format!("{}/arm", host.os)),
        ("armel", &format!("{}/arm/v6", host.os)),
        ("linux", &format!("linux/{}", host.architecture)),
    ];
    for (text, expected) in cases {
        assert_eq!(platform(text).to_string(), expected, "{text}");
    }
    let windows = platform("windows(10.0.17763+win32k)/amd64");
    assert_eq!(windows.os_version.as_deref(), Some("10.0.17763"));
    assert_eq!(windows.os_features, ["win32k"]);
}

#[test]
fn no_platforms() {
    for bad in [
        "",
        "/",
        "linux/",
        "/amd64",
        "linux//v8",
        "linux/amd64/",
        "linux amd64",
        "linux/é",
        "li.nux/amd64",
        "linux(1.0/amd64",
        "linux(/)/amd64",
        "linux(1.0)x/amd64",
        "linux(1+)/amd64",
        "*/amd64",
    ] {
        assert!(matches!(bad.parse::<Platform>(), Err(PlatformProblem::Part { .. })), "{bad}");
    }
    assert_eq!("linux/a/b/c".parse::<Platform>(), Err(PlatformProblem::TooManyParts));
    assert_eq!("lunix".parse::<Platform>(), Err(PlatformProblem::Unknown { word: "lunix".to_owned() }));
    let long = "x".repeat(1 << 20).parse::<Platform>().unwrap_err();
    assert!(long.to_string().len() < 200);
}

#[test]
fn this_computer() {
    let host = Platform::host();
    assert!(!host.is_unknown());
    assert_eq!(host.os, if cfg!(windows) { "windows" } else { "linux" });
    if cfg!(target_arch = "x86_64") {
        assert_eq!(host.architecture, "amd64");
    }
    assert_eq!(host.preference(&host), Some(0));
}

#[test]
fn f065_unknown_platforms() {
    for (os, architecture) in
        [("unknown", "unknown"), ("", ""), ("linux", ""), ("", "amd64"), ("linux", "unknown")]
    {
        assert!(Platform::new(os, architecture).is_unknown(), "{os}/{architecture}");
    }
    assert!(!Platform::new("linux", "amd64").is_unknown());
}

/// Every one in `order` fits, each better than the next; nothing in `refused` fits.
fn check(wanted: &str, order: &[&str], refused: &[&str]) {
    let wanted = platform(wanted);
    let ranks: Vec<u32> = order
        .iter()
        .map(|text| wanted.preference(&platform(text)).unwrap_or_else(|| panic!("{wanted} runs {text}")))
        .collect();
    assert_eq!(ranks.first(), Some(&0), "{wanted}: the first is exact");
    assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{wanted}: {order:?} {ranks:?}");
    for text in refused {
        assert_eq!(wanted.preference(&platform(text)), None, "{wanted} does not run {text}");
    }
}

#[test]
fn what_runs_where() {
    check(
        "linux/amd64",
        &["linux/amd64", "linux/386"],
        &["linux/amd64/v2", "linux/arm64", "windows/amd64", "darwin/amd64"],
    );
    check(
        "linux/amd64/v3",
        &["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"],
        &["linux/amd64/v4"],
    );
    check("linux/386", &["linux/386"], &["linux/amd64"]);
    let arm = ["linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"];
    check("linux/arm/v8", &arm, &["linux/arm64"]);
    check("linux/arm/v7", &arm[1..], &["linux/arm/v8"]);
    check("linux/arm", &arm[1..], &["linux/arm/v8"]);
    check("linux/arm/v6", &arm[2..], &["linux/arm/v7"]);
    check("linux/arm/v5", &arm[3..], &["linux/arm/v6"]);
    check(
        "linux/arm64",
        &["linux/arm64/v8", arm[0], arm[1], arm[2], arm[3]],
        &["linux/arm64/v8.1", "linux/amd64"],
    );
    check(
        "linux/arm64/v8.2",
        &["linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64", arm[0]],
        &["linux/arm64/v8.3"],
    );
    check(
        "linux/arm64/v9.1",
        &[
            "linux/arm64/v9.1",
            "linux/arm64/v9",
            "linux/arm64/v8.6",
            "linux/arm64/v8.5",
            "linux/arm64/v8",
            arm[1],
        ],
        &["linux/arm64/v9.2", "linux/arm64/v8.7"],
    );
    check("linux/s390x", &["linux/s390x"], &["linux/amd64"]);
    check("linux/riscv64", &["linux/riscv64"], &["linux/riscv"]);
    assert_eq!(
        platform("linux/amd64").preference(&Platform::new("Linux", "x86_64")),
        Some(0),
        "spellings are one"
    );
}

#[test]
fn windows_builds_and_features() {
    let on = |host: &str| platform(&format!("windows({host})/amd64"));
    let cases = [
        ("10.0.17763.1", "10.0.17763.99", true, "another revision of the build"),
        ("10.0.17763.1", "10.0.14393.1", false, "another build"),
        ("10.0.20348.1", "10.0.17763.1", false, "Server 2022 on, but the image is older"),
        ("10.0.20348.1", "10.0.20348.9", true, "Server 2022"),
        ("10.0.22621.1", "10.0.20348.1", true, "Windows 11 runs Server 2022's"),
        ("10.0.26100.1", "10.0.20348.1", true, "Server 2025 runs Server 2022's"),
        ("10.0.26200.1", "10.0.20348.1", false, "after Server 2025 no longer"),
        ("10.0.20348.1", "10.0.26100.1", false, "an image newer than its host"),
        ("11.0.20348.1", "10.0.20348.1", false, "another major version"),
        ("10.0.20348", "10.0.x", false, "an image's version that is none"),
        ("10", "10.0.20348", true, "a host's version that says too little"),
    ];
    for (host, image, runs, name) in cases {
        assert_eq!(on(host).preference(&on(image)).is_some(), runs, "{name}");
    }
    let wanted = on("10.0.17763.1");
    let linux = |version: &str| platform(&format!("linux({version})/amd64"));
    assert!(wanted.preference(&platform("windows/amd64")).is_some(), "no build said");
    assert!(platform("windows/amd64").preference(&wanted).is_some(), "none wanted");
    assert!(linux("1.0").preference(&linux("2.0")).is_some(), "Linux has no builds");
    assert!(wanted.preference(&on("10.0.17763.1+win32k")).is_some(), "hosts have win32k");

    check(
        "linux(+a+b)/amd64",
        &["linux(+b+a)/amd64", "linux(+a)/amd64", "linux/amd64"],
        &["linux(+c)/amd64"],
    );
    check("linux/amd64", &["linux/amd64"], &["linux(+a)/amd64"]);
}

#[test]
fn a_hostile_variant_makes_no_long_list() {
    for variant in ["v4294967295", "v18446744073709551616", "v8.4294967295", "v", "vv7", "é"] {
        for architecture in ["amd64", "arm", "arm64"] {
            let wanted =
                Platform { variant: Some(variant.to_owned()), ..Platform::new("linux", architecture) };
            assert_eq!(wanted.preference(&Platform::new("linux", "s390x")), None);
        }
    }
}

#[test]
fn json_as_in_an_index() {
    let text = r#"{"architecture":"amd64","os":"windows","os.version":"10.0.1","os.features":["win32k"],"variant":"v2"}"#;
    let platform: Platform = serde_json::from_str(text).unwrap();
    assert_eq!(platform.to_string(), "windows(10.0.1+win32k)/amd64/v2");
    assert_eq!(
        serde_json::to_value(&platform).unwrap(),
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    );
    let bare = serde_json::to_string(&Platform::new("linux", "arm64")).unwrap();
    assert_eq!(bare, r#"{"os":"linux","architecture":"arm64"}"#);
    assert!(serde_json::from_str::<Platform>("{}").unwrap().is_unknown());
}

proptest! {
    #[test]
    fn parse_and_display(
        os in "[a-z]{1,6}", version in "[0-9.]{0,5}", features in prop::collection::vec("[a-z0-9_.-]{1,4}", 0..3),
        architecture in "[a-z0-9_]{1,6}", variant in prop::option::of("[a-z0-9.]{1,4}"),
    ) {
        let platform = Platform {
            variant,
            os_version: Some(version).filter(|version| !version.is_empty()),
            os_features: features,
            ..Platform::new(os, architecture)
        };
        // Parsing normalises, so what has been parsed once is what must come back.
        let once: Platform = platform.to_string().parse().unwrap();
        prop_assert_eq!(once.to_string().parse::<Platform>().unwrap(), once);
    }

    #[test]
    fn everything_runs_itself(os in "linux|windows|darwin|plan9", architecture in "[a-z0-9_]{0,6}|arm|arm64|amd64", variant in "(v?[0-9]{0,2})?") {
        let platform = Platform { variant: Some(variant), ..Platform::new(os, architecture) };
        prop_assert_eq!(platform.preference(&platform), Some(0));
    }

    #[test]
    fn any_text(text in any::<String>()) {
        let _ = text.parse::<Platform>();
    }
}
