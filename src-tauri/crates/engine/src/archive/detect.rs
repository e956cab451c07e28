//! What a file can be.

use std::fmt;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An OCI layout and a Docker archive at once (Docker 25 and later, Longshore).
    Hybrid,
    /// An OCI image layout.
    Oci,
    /// `manifest.json` with configs and layers (`docker save` of 1.10 to 24, podman, skopeo).
    Docker,
    /// `repositories` and a folder for each layer (before Docker 1.10).
    OldDocker,
    /// The files of a container (`docker export`), or another filesystem.
    Filesystem,
    /// One layer of an image: files, and whiteouts of what is below it.
    Layer,
    /// A Helm chart.
    Chart,
    /// A tar of something else.
    Other,
    /// No tar, with what it is in words and an article: "a ZIP file".
    Foreign(&'static str),
}

impl Kind {
    /// Whether there are images in it to load.
    pub fn has_images(self) -> bool {
        matches!(self, Self::Hybrid | Self::Oci | Self::Docker | Self::OldDocker)
    }

    /// A stable word for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Oci => "oci",
            Self::Docker => "docker",
            Self::OldDocker => "old_docker",
            Self::Filesystem => "filesystem",
            Self::Layer => "layer",
            Self::Chart => "chart",
            Self::Other => "other",
            Self::Foreign(_) => "foreign",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hybrid => "an archive of images that Docker and OCI tools read",
            Self::Oci => "an OCI archive",
            Self::Docker => "a Docker archive",
            Self::OldDocker => "a Docker archive from before Docker 1.10",
            Self::Filesystem => "a root filesystem",
            Self::Layer => "one layer of an image",
            Self::Chart => "a Helm chart",
            Self::Other => "a tar of something else",
            Self::Foreign(what) => what,
        })
    }
}
