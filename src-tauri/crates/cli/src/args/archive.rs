//! The arguments of `save`, `load` and `identify`.

use std::path::PathBuf;

use clap::ValueEnum;
use oci::Platform;

use super::platform;

#[derive(Debug, clap::Args)]
pub struct Save {
    /// The images: names, digests or IDs in the store; `docker://REFERENCE` takes one straight from its registry
    #[arg(value_name = "REFERENCE", required = true)]
    pub images: Vec<String>,
    /// The file, or the folder of `--format oci`; `-` and nothing are standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What is written
    #[arg(long, value_enum, default_value = "hybrid")]
    pub format: SaveFormat,
    /// Compress the archive as a whole; its layers are compressed already
    #[arg(long, value_enum, default_value = "none")]
    pub compress: Squeeze,
    /// Only this platform (repeatable) [default: all that are there]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Vec<Platform>,
    /// Print only the file's name
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
}

/// What `save` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SaveFormat {
    /// An OCI layout in a tar that `docker load` reads too
    #[value(alias = "docker-archive")]
    Hybrid,
    /// An OCI layout in a tar
    OciArchive,
    /// An OCI layout as a folder
    Oci,
}

impl SaveFormat {
    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::OciArchive => "oci-archive",
            Self::Oci => "oci",
        }
    }
}

/// How an archive is compressed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Squeeze {
    /// Not at all
    None,
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

impl Squeeze {
    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

#[derive(Debug, clap::Args)]
pub struct Load {
    /// Only these images, by their names in the archive or by digest [default: all of them]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The archive, compressed or not, or an OCI layout folder [default: standard input]
    #[arg(long, short, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Push it straight to a registry under this name, without storing it
    #[arg(long, value_name = "REFERENCE")]
    pub to: Option<String>,
    /// Move names that stand for other images here
    #[arg(long, conflicts_with = "to")]
    pub replace: bool,
    /// Compress layers that the archive has uncompressed, as Docker saved them until version 24
    #[arg(long, value_enum, value_name = "HOW")]
    pub compress: Option<Squeeze>,
    /// Only this platform (repeatable) [default: all that are there]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Vec<Platform>,
    /// Print only the result
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
}

#[derive(Debug, clap::Args)]
pub struct Identify {
    /// Files or folders; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}
