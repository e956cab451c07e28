//! Media types of image-spec and of Docker's schema 2, and the questions asked about them.
//!
//! Parameters (`; charset=utf-8`) and letter case never matter: every question looks at the [`essence`].
//! Source: image-spec `media-types.md`; distribution `manifest-v2-2.md`.

/// An image manifest by image-spec.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An image index by image-spec.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// An image manifest by Docker, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// A manifest list: Docker's index.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's schema 1, without signatures: no longer in use, refused with an explanation.
pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// Docker's schema 1, signed.
pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// An image config by image-spec.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// An image config by Docker.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// The empty JSON object that stands where an artifact has no config or no layer.
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// A layer: a tar, not compressed.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A layer: a tar, gzip.
pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A layer: a tar, zstd.
pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// A layer that may not be pushed elsewhere (deprecated by image-spec).
pub const OCI_FOREIGN_LAYER: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar";
/// The same, gzip.
pub const OCI_FOREIGN_LAYER_GZIP: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
/// The same, zstd.
pub const OCI_FOREIGN_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
/// Docker's layer, not compressed: in archives, rarely in registries.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
/// Docker's layer, gzip.
pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker's layer, zstd: written by BuildKit when asked for Docker media types.
pub const DOCKER_LAYER_ZSTD: &str = "application/vnd.docker.image.rootfs.diff.tar.zstd";
/// Docker's layer that may not be pushed elsewhere, gzip.
pub const DOCKER_FOREIGN_LAYER: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
/// The same, not compressed.
pub const DOCKER_FOREIGN_LAYER_PLAIN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar";

/// What a GET of a manifest accepts, the indexes first.
pub const MANIFEST_ACCEPT: &[&str] = &[OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST];

/// How a layer is compressed, as far as its media type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// A plain tar.
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
    /// The media type does not say, or says something unknown.
    Unknown,
}

impl Compression {
    /// `none`, `gzip`, `zstd` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
            Compression::Unknown => "unknown",
        }
    }
}

/// The type without parameters and without surrounding space. Its letter case is kept: compare with [`same`].
pub fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether two media types are one, parameters and letter case aside.
pub fn same(a: &str, b: &str) -> bool {
    essence(a).eq_ignore_ascii_case(essence(b))
}

fn one_of(media_type: &str, known: &[&str]) -> bool {
    known.iter().any(|k| same(media_type, k))
}

/// An image manifest, OCI's or Docker's schema 2.
pub fn is_manifest(media_type: &str) -> bool {
    one_of(media_type, &[OCI_MANIFEST, DOCKER_MANIFEST])
}

/// An index, OCI's or Docker's list.
pub fn is_index(media_type: &str) -> bool {
    one_of(media_type, &[OCI_INDEX, DOCKER_LIST])
}

/// Docker's schema 1, signed or not.
pub fn is_schema1(media_type: &str) -> bool {
    one_of(media_type, &[DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED])
}

/// An image config, OCI's or Docker's.
pub fn is_config(media_type: &str) -> bool {
    one_of(media_type, &[OCI_CONFIG, DOCKER_CONFIG])
}

/// A file system layer in any compression, foreign ones included.
pub fn is_layer(media_type: &str) -> bool {
    const PLAIN: &[&str] =
        &[OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, DOCKER_LAYER, DOCKER_LAYER_GZIP, DOCKER_LAYER_ZSTD];
    one_of(media_type, PLAIN) || is_foreign_layer(media_type)
}

/// A layer that its publisher allows to be fetched only from its own `urls`.
pub fn is_foreign_layer(media_type: &str) -> bool {
    const FOREIGN: &[&str] = &[
        OCI_FOREIGN_LAYER,
        OCI_FOREIGN_LAYER_GZIP,
        OCI_FOREIGN_LAYER_ZSTD,
        DOCKER_FOREIGN_LAYER,
        DOCKER_FOREIGN_LAYER_PLAIN,
    ];
    one_of(media_type, FOREIGN)
}

/// How content of this type is compressed, by the type alone: the bytes have the last word.
pub fn compression(media_type: &str) -> Compression {
    let essence = essence(media_type);
    let ends = |end: &str| {
        essence.len() >= end.len()
            && essence.as_bytes()[essence.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
    };
    if ends("+gzip") || ends(".tar.gzip") {
        Compression::Gzip
    } else if ends("+zstd") || ends(".tar.zstd") {
        Compression::Zstd
    } else if ends(".tar") || ends("+json") {
        Compression::None
    } else {
        Compression::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_never_matter() {
        assert!(is_manifest("Application/VND.OCI.image.manifest.v1+JSON; charset=utf-8"));
        assert!(is_index(" application/vnd.docker.distribution.manifest.list.v2+json ;x=y"));
        assert!(is_schema1(DOCKER_SCHEMA1_SIGNED));
        assert!(!is_manifest("application/json"));
        assert!(!is_manifest(OCI_INDEX));
        assert_eq!(essence(" text/plain ; a=b"), "text/plain");
        assert_eq!(essence(""), "");
    }

    #[test]
    fn layers_and_their_compression() {
        let cases = [
            (OCI_LAYER, Compression::None, false),
            (OCI_LAYER_GZIP, Compression::Gzip, false),
            (OCI_LAYER_ZSTD, Compression::Zstd, false),
            (DOCKER_LAYER, Compression::None, false),
            (DOCKER_LAYER_GZIP, Compression::Gzip, false),
            (DOCKER_LAYER_ZSTD, Compression::Zstd, false),
            (DOCKER_FOREIGN_LAYER, Compression::Gzip, true),
            (DOCKER_FOREIGN_LAYER_PLAIN, Compression::None, true),
            (OCI_FOREIGN_LAYER_ZSTD, Compression::Zstd, true),
        ];
        for (media_type, expected, foreign) in cases {
            assert!(is_layer(media_type), "{media_type}");
            assert_eq!(compression(media_type), expected, "{media_type}");
            assert_eq!(is_foreign_layer(media_type), foreign, "{media_type}");
        }
        assert!(!is_layer(OCI_CONFIG));
        assert_eq!(compression("application/vnd.oci.image.layer.v1.tar+lz4"), Compression::Unknown);
        assert_eq!(compression("é"), Compression::Unknown);
        assert_eq!(compression(OCI_CONFIG), Compression::None);
    }
}
