//! Kinds of artifacts, as people know them: what a media type, an artifact type or a predicate type stands for.
//!
//! The lists are of what is met in registries, from the projects' own documents; whatever else there is keeps its type
//! as its name.

use crate::descriptor::Descriptor;
use crate::graph::Node;
use crate::index::Index;
use crate::media_type::{self, OCI_EMPTY};

/// The config of a Helm chart (helm.sh, "Charts in OCI registries").
pub const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// What cosign keeps under the tag `sha256-….sig`.
pub const COSIGN_SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
/// What cosign keeps under the tag `sha256-….att`.
pub const COSIGN_ATTESTATION: &str = "application/vnd.dev.cosign.artifact.att.v1+json";
/// What cosign keeps under the tag `sha256-….sbom`.
pub const COSIGN_SBOM: &str = "application/vnd.dev.cosign.artifact.sbom.v1+json";
/// A statement about an artifact (in-toto, "Attestation").
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// Where a layer of in-toto says what it states (BuildKit, cosign).
pub const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// What a tag or a digest stands for, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An image of one platform.
    Image,
    /// An index of images.
    Index,
    /// A statement about an image.
    Attestation,
    /// A signature.
    Signature,
    /// A Helm chart.
    Helm,
    /// Anything else.
    Artifact,
}

impl Kind {
    /// The word in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Image => "image",
            Kind::Index => "index",
            Kind::Attestation => "attestation",
            Kind::Signature => "signature",
            Kind::Helm => "helm",
            Kind::Artifact => "artifact",
        }
    }

    /// What a document is. An index of artifacts is an artifact.
    pub fn of(node: &Node) -> Self {
        match node {
            Node::Index(_) => node.artifact_type().map_or(Kind::Index, Kind::of_type),
            // cosign's signatures have an image's config; the layers say what they are.
            Node::Manifest(manifest) => match node.artifact_type() {
                Some(kind) => Kind::of_type(kind),
                None => manifest.layers.first().map_or(Kind::Image, Kind::of_layer),
            },
        }
    }

    fn of_layer(layer: &Descriptor) -> Self {
        let kind = media_type::essence(&layer.media_type);
        if media_type::same(kind, IN_TOTO) || kind.starts_with("application/vnd.dsse.envelope") {
            return Kind::Attestation;
        }
        if kind.starts_with("application/vnd.dev.cosign.simplesigning") {
            Kind::Signature
        } else {
            Kind::Image
        }
    }

    /// What an artifact type stands for.
    pub fn of_type(artifact_type: &str) -> Self {
        match label(artifact_type) {
            "Helm chart" => Kind::Helm,
            told if told.starts_with("Signature") => Kind::Signature,
            told if told.starts_with("Attestation") || told.starts_with("Provenance") => Kind::Attestation,
            _ => Kind::Artifact,
        }
    }
}

/// Beginnings of types and what they are, the longer before the shorter.
const LABELS: &[(&str, &str)] = &[
    (HELM_CONFIG, "Helm chart"),
    ("application/vnd.cncf.helm.chart", "Helm chart"),
    ("application/vnd.cncf.notary.signature", "Signature (Notation)"),
    ("application/vnd.cncf.openpolicyagent", "Policy (OPA)"),
    ("application/vnd.cncf.flux.config", "Flux manifests"),
    ("application/vnd.dev.cosign.artifact.sig", "Signature (cosign)"),
    ("application/vnd.dev.cosign.simplesigning", "Signature (cosign)"),
    ("application/vnd.dev.cosign.artifact.att", "Attestation (cosign)"),
    ("application/vnd.dev.cosign.artifact.sbom", "SBOM (cosign)"),
    ("application/vnd.dev.sigstore.bundle", "Signature (Sigstore bundle)"),
    ("application/vnd.dsse.envelope", "Attestation (DSSE)"),
    (IN_TOTO, "Attestation (in-toto)"),
    ("application/vnd.in-toto", "Attestation (in-toto)"),
    ("application/vnd.cyclonedx", "SBOM (CycloneDX)"),
    ("application/spdx", "SBOM (SPDX)"),
    ("text/spdx", "SBOM (SPDX)"),
    ("application/vnd.syft", "SBOM (Syft)"),
    ("application/sarif", "Scan results (SARIF)"),
    ("application/vnd.security.vuln.report", "Vulnerability report"),
    ("application/vnd.wasm", "WebAssembly module"),
    ("application/vnd.module.wasm", "WebAssembly module"),
    ("application/wasm", "WebAssembly module"),
    ("application/vnd.docker.attestation.manifest", "Attestation (BuildKit)"),
    ("application/vnd.docker.plugin", "Docker plugin"),
    ("application/vnd.docker.ai", "AI model"),
    ("application/vnd.ollama", "AI model"),
    ("application/vnd.cncf.model", "AI model"),
    ("application/vnd.oci.image.config", "Image"),
    ("application/vnd.docker.container.image", "Image"),
    ("https://slsa.dev/provenance", "Provenance (SLSA)"),
    ("https://spdx.dev/Document", "SBOM (SPDX)"),
    ("https://cyclonedx.org/bom", "SBOM (CycloneDX)"),
    ("https://in-toto.io/attestation/vulns", "Vulnerability report"),
    ("https://in-toto.io/", "Attestation (in-toto)"),
    ("https://cosign.sigstore.dev/attestation/vuln", "Vulnerability report"),
    ("https://cosign.sigstore.dev/", "Attestation (cosign)"),
];

/// What a media type, an artifact type or an in-toto predicate type is called; the type itself where it is not known.
/// The text may be a stranger's.
pub fn label(kind: &str) -> &str {
    let essence = media_type::essence(kind);
    let begins = |start: &str| {
        essence.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start))
    };
    match LABELS.iter().find(|(start, _)| begins(start)) {
        Some((_, label)) => label,
        None if essence.is_empty() || media_type::same(essence, OCI_EMPTY) => "Artifact",
        None => essence,
    }
}

/// The type of an entry of an index or of a list of referrers: its own word, or BuildKit's.
pub fn entry_type(entry: &Descriptor) -> Option<&str> {
    let own = entry.artifact_type.as_deref().filter(|own| !own.is_empty());
    own.or_else(|| {
        Index::is_attestation(entry).then_some("application/vnd.docker.attestation.manifest.v1+json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use serde_json::json;

    #[test]
    fn types_have_the_names_that_people_know() {
        for (kind, want) in [
            ("application/vnd.cyclonedx+json", "SBOM (CycloneDX)"),
            ("application/vnd.cyclonedx+xml; version=1.5", "SBOM (CycloneDX)"),
            ("application/spdx+json", "SBOM (SPDX)"),
            ("application/SPDX+json", "SBOM (SPDX)"),
            ("application/vnd.cncf.notary.signature", "Signature (Notation)"),
            ("application/vnd.dev.sigstore.bundle.v0.3+json", "Signature (Sigstore bundle)"),
            (COSIGN_SIGNATURE, "Signature (cosign)"),
            ("https://slsa.dev/provenance/v0.2", "Provenance (SLSA)"),
            ("https://spdx.dev/Document", "SBOM (SPDX)"),
            (HELM_CONFIG, "Helm chart"),
            (OCI_EMPTY, "Artifact"),
            ("", "Artifact"),
            ("application/vnd.example.thing", "application/vnd.example.thing"),
            ("é", "é"),
        ] {
            assert_eq!(label(kind), want, "{kind}");
        }
    }

    #[test]
    fn a_document_is_of_a_kind() {
        let blob =
            |media_type: &str| json!({"mediaType": media_type, "digest": Digest::sha256(b"x"), "size": 1});
        let manifest = |config: &str, layer: &str| {
            json!({
                "schemaVersion": 2, "mediaType": media_type::OCI_MANIFEST, "config": blob(config), "layers": [blob(layer)],
            })
        };
        let typed = |artifact_type: &str| {
            let mut document = manifest(OCI_EMPTY, "text/plain");
            document["artifactType"] = json!(artifact_type);
            document
        };
        let index = json!({"schemaVersion": 2, "mediaType": media_type::OCI_INDEX, "manifests": []});
        for (document, want) in [
            (manifest(media_type::OCI_CONFIG, media_type::OCI_LAYER_GZIP), Kind::Image),
            (manifest(media_type::OCI_CONFIG, IN_TOTO), Kind::Attestation),
            (
                manifest(media_type::OCI_CONFIG, "application/vnd.dev.cosign.simplesigning.v1+json"),
                Kind::Signature,
            ),
            (manifest(HELM_CONFIG, "application/vnd.cncf.helm.chart.content.v1.tar+gzip"), Kind::Helm),
            (typed("application/spdx+json"), Kind::Artifact),
            (typed("application/vnd.cncf.notary.signature"), Kind::Signature),
            (index, Kind::Index),
        ] {
            let node = Node::parse(document.to_string().as_bytes(), None).unwrap();
            assert_eq!(Kind::of(&node), want, "{document}");
        }
    }

    #[test]
    fn an_entry_says_its_type() {
        let mut entry = Descriptor::new(media_type::OCI_MANIFEST, Digest::sha256(b"x"), 1);
        assert_eq!(entry_type(&entry), None);
        entry.annotations.insert("vnd.docker.reference.type".to_owned(), "attestation-manifest".to_owned());
        assert_eq!(entry_type(&entry).map(label), Some("Attestation (BuildKit)"));
        entry.artifact_type = Some("application/spdx+json".to_owned());
        assert_eq!(entry_type(&entry), Some("application/spdx+json"));
    }
}
