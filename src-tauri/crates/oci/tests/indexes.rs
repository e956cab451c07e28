//! Which entry of an index is for which platform.

use std::collections::BTreeMap;

use oci::{Descriptor, Digest, Index, Platform, media_type as mt};

/// A name, whose digest the entry has, and a platform.
type Entry = (&'static str, Option<&'static str>);

fn platforms(entries: &[Entry]) -> Index {
    let manifests = entries.iter().map(|(name, platform)| {
        let mut entry = Descriptor::new(mt::OCI_MANIFEST, Digest::sha256(name.as_bytes()), 1);
        entry.platform = platform.map(|platform| match platform.split('/').collect::<Vec<_>>()[..] {
            [os, architecture] => Platform::new(os, architecture),
            [os, architecture, variant] => {
                Platform { variant: Some(variant.to_owned()), ..Platform::new(os, architecture) }
            }
            _ => panic!("os/architecture[/variant]"),
        });
        if name.starts_with("attestation") {
            entry.annotations = BTreeMap::from([
                ("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned()),
                ("vnd.docker.reference.digest".to_owned(), Digest::sha256(b"amd").to_string()),
            ]);
        }
        entry
    });
    Index {
        media_type: mt::OCI_INDEX.to_owned(),
        artifact_type: None,
        manifests: manifests.collect(),
        subject: None,
        annotations: BTreeMap::new(),
    }
}

#[test]
fn f065_the_entry_for_a_platform_or_none() {
    let attestation = ("attestation", Some("unknown/unknown"));
    let usual = [
        ("amd", Some("linux/amd64")),
        ("arm", Some("linux/arm64/v8")),
        ("v7", Some("linux/arm/v7")),
        attestation,
    ];
    let cases: &[(&str, &[Entry], &str, Option<&str>)] = &[
        ("exact", &usual, "linux/amd64", Some("amd")),
        ("arm64 with and without v8", &usual, "linux/arm64", Some("arm")),
        ("a newer arm64", &usual, "linux/arm64/v8.2", Some("arm")),
        ("arm v8 falls back to v7", &usual, "linux/arm/v8", Some("v7")),
        ("arm v6 can't run v7", &usual, "linux/arm/v6", None),
        ("another system", &usual, "windows/amd64", None),
        ("an attestation is never chosen", &[attestation], "unknown/unknown", None),
        ("nor the last that is left", &[attestation], "linux/amd64", None),
        (
            "best of several",
            &[("v6", Some("linux/arm/v6")), ("v7", Some("linux/arm/v7"))],
            "linux/arm/v7",
            Some("v7"),
        ),
        (
            "first of equals",
            &[("a", Some("linux/amd64")), ("b", Some("linux/amd64"))],
            "linux/amd64",
            Some("a"),
        ),
        ("no platform, the only image", &[("sole", None), attestation], "linux/s390x", Some("sole")),
        (
            "unknown platform, the only image",
            &[("sole", Some("unknown/unknown"))],
            "linux/s390x",
            Some("sole"),
        ),
        ("no platform among several", &[("a", None), ("b", Some("linux/arm64"))], "linux/amd64", None),
        ("an only image for something else", &[("a", Some("linux/arm64"))], "linux/amd64", None),
        ("amd64 runs 386", &[("old", Some("linux/386"))], "linux/amd64", Some("old")),
        ("nothing", &[], "linux/amd64", None),
    ];
    for (name, entries, wanted, expected) in cases {
        let index = platforms(entries);
        let wanted = wanted.parse::<Platform>().unwrap();
        let chosen = index.choose(&wanted).map(|entry| &entry.digest);
        assert_eq!(chosen, expected.map(|name| Digest::sha256(name.as_bytes())).as_ref(), "{name}");
    }
    let index = platforms(&usual);
    assert_eq!(index.platforms().len(), 3, "attestations are no platforms");
    assert!(Index::is_attestation(&index.manifests[3]));
    assert_eq!(Index::attested(&index.manifests[3]), Some(Digest::sha256(b"amd")));
    assert_eq!(Index::attested(&index.manifests[0]), None);
}
