//! The arguments of `save`, `load` and `identify`.

use std::path::PathBuf;

use oci::Platform;

use super::platform;

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
