//! Descriptors: what a document points to, by digest, size and media type (image-spec `descriptor.md`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digest::Digest;
use crate::platform::Platform;

/// A pointer to content: its digest, its size in bytes, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is. Never empty in a document that was parsed.
    #[serde(deserialize_with = "media_type")]
    pub media_type: String,
    /// The digest of the content's bytes.
    pub digest: Digest,
    /// How many bytes the content has: 0 to 2⁶³ − 1.
    #[serde(deserialize_with = "size")]
    pub size: u64,
    /// Where else the content may be fetched. From a stranger: never followed without asking.
    #[serde(
        default,
        deserialize_with = "crate::strict_json::nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub urls: Vec<String>,
    /// Free text by key.
    #[serde(
        default,
        deserialize_with = "crate::strict_json::nullable",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// The content itself, embedded. Not yet compared with the digest: see [`Descriptor::inline`].
    #[serde(default, with = "base64_text", skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<u8>>,
    /// In an index: the platform that the manifest is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// In an index: the artifact type of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
}

impl Descriptor {
    /// A descriptor without anything optional. `size` is in bytes.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Descriptor {
            media_type: media_type.into(),
            digest,
            size,
            urls: Vec::new(),
            annotations: BTreeMap::new(),
            data: None,
            platform: None,
            artifact_type: None,
        }
    }

    /// The embedded content, if there is some and it is what the digest and the size say.
    ///
    /// # Errors
    /// The embedded content is something else: refuse the document, fetch nothing in its place.
    pub fn inline(&self) -> Result<Option<&[u8]>, InlineMismatch> {
        let Some(data) = &self.data else { return Ok(None) };
        let found = Digest::of(self.digest.algorithm(), data);
        if found != self.digest || data.len() as u64 != self.size {
            return Err(InlineMismatch { digest: self.digest.clone(), found, length: data.len() as u64 });
        }
        Ok(Some(data))
    }
}

/// A descriptor's embedded `data` is not the content that it describes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data embedded for `{digest}` is {length} bytes with the digest `{found}`")]
pub struct InlineMismatch {
    /// What the descriptor promises.
    pub digest: Digest,
    /// What is embedded.
    pub found: Digest,
    /// Length of what is embedded, bytes.
    pub length: u64,
}

fn media_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Err(de::Error::custom("a descriptor's `mediaType` is empty")) } else { Ok(text) }
}

/// Go's tools hold a size in an int64; nothing beyond it or below zero can be meant.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let size = number.as_u64().filter(|size| i64::try_from(*size).is_ok());
    size.ok_or_else(|| de::Error::custom(format!("`{number}` is no size: a size is 0 to {} bytes", i64::MAX)))
}

mod base64_text {
    use super::*;

    pub(super) fn serialize<S: Serializer>(data: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match data {
            Some(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        match STANDARD.decode(text) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(problem) => Err(de::Error::custom(format!("a descriptor's `data` is no base64: {problem}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media_type::OCI_LAYER_GZIP;
    use serde_json::json;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(value: serde_json::Value) -> Result<Descriptor, String> {
        serde_json::from_value(value).map_err(|problem| problem.to_string())
    }

    #[test]
    fn empty_fields_are_left_out() {
        let descriptor = Descriptor::new(OCI_LAYER_GZIP, EMPTY.parse().unwrap(), 0);
        let value = json!({"mediaType": OCI_LAYER_GZIP, "digest": EMPTY, "size": 0});
        assert_eq!(serde_json::to_value(&descriptor).unwrap(), value);
        assert_eq!(read(value).unwrap(), descriptor);
    }

    #[test]
    fn every_field_goes_there_and_back() {
        let value = json!({
            "mediaType": OCI_LAYER_GZIP, "digest": EMPTY, "size": i64::MAX,
            "urls": ["https://example.com/x"], "annotations": {"a": "b"}, "data": "e30=",
            "platform": {"architecture": "arm", "os": "linux", "os.version": "1", "os.features": ["f"], "variant": "v7"},
            "artifactType": "application/x"
        });
        let descriptor = read(value.clone()).unwrap();
        assert_eq!(descriptor.data.as_deref(), Some(&b"{}"[..]));
        assert_eq!(serde_json::to_value(&descriptor).unwrap(), value);
    }

    #[test]
    fn null_is_as_good_as_absent() {
        let value = json!({"mediaType": "x/y", "digest": EMPTY, "size": 1, "urls": null, "annotations": null,
            "data": null, "platform": null, "artifactType": null});
        assert_eq!(read(value).unwrap(), Descriptor::new("x/y", EMPTY.parse().unwrap(), 1));
    }

    #[test]
    fn f063_sizes_outside_int64() {
        for size in [
            "-1",
            "-9223372036854775808",
            "9223372036854775808",
            "18446744073709551615",
            "1e30",
            "1.5",
            "1.0",
        ] {
            let text = format!(r#"{{"mediaType":"x/y","digest":"{EMPTY}","size":{size}}}"#);
            assert!(serde_json::from_str::<Descriptor>(&text).is_err(), "{size}");
        }
        for wrong in [json!("1"), json!(null), json!([])] {
            assert!(read(json!({"mediaType": "x/y", "digest": EMPTY, "size": wrong})).is_err(), "{wrong}");
        }
        let largest = read(json!({"mediaType": "x/y", "digest": EMPTY, "size": i64::MAX})).unwrap();
        assert_eq!(largest.size, 9_223_372_036_854_775_807);
    }

    #[test]
    fn what_a_descriptor_must_have() {
        for (name, value) in [
            ("no digest", json!({"mediaType": "x/y", "size": 1})),
            ("no size", json!({"mediaType": "x/y", "digest": EMPTY})),
            ("no media type", json!({"digest": EMPTY, "size": 1})),
            ("empty media type", json!({"mediaType": "", "digest": EMPTY, "size": 1})),
            ("a path for a digest", json!({"mediaType": "x/y", "digest": "sha256:../x", "size": 1})),
            ("bad base64", json!({"mediaType": "x/y", "digest": EMPTY, "size": 1, "data": "%"})),
            (
                "annotation that is no text",
                json!({"mediaType": "x/y", "digest": EMPTY, "size": 1, "annotations": {"a": 1}}),
            ),
        ] {
            assert!(read(value).is_err(), "{name}");
        }
    }

    #[test]
    fn f069_inline_data_mismatch() {
        let mut descriptor = Descriptor::new("x/y", Digest::sha256(b"{}"), 2);
        assert_eq!(descriptor.inline(), Ok(None));
        descriptor.data = Some(b"{}".to_vec());
        assert_eq!(descriptor.inline(), Ok(Some(&b"{}"[..])));
        descriptor.data = Some(b"[]".to_vec());
        assert_eq!(descriptor.inline().unwrap_err().found, Digest::sha256(b"[]"));
        descriptor.data = Some(b"{}".to_vec());
        descriptor.size = 3;
        assert!(descriptor.inline().is_err(), "a wrong size");
        let sha512 = Digest::of(crate::Algorithm::Sha512, b"{}");
        let wide = Descriptor { data: Some(b"{}".to_vec()), ..Descriptor::new("x/y", sha512, 2) };
        assert!(wide.inline().is_ok(), "by the digest's own algorithm");
    }
}
