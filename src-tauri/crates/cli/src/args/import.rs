//! The arguments of `import`.

use std::path::PathBuf;

use oci::Platform;

use super::platform;

#[derive(Debug, clap::Args)]
pub struct Import {
    /// The filesystem: a tar, compressed or not; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The name that the image gets
    #[arg(value_name = "REFERENCE")]
    pub name: String,
    /// A line of a Dockerfile that says how the image runs, as `CMD ["/bin/sh"]` (repeatable)
    #[arg(long, short, value_name = "INSTRUCTION")]
    pub change: Vec<String>,
    /// A comment for its history [default: `Imported from FILE`]
    #[arg(long, short, value_name = "TEXT")]
    pub message: Option<String>,
    /// What its programs run on, as `linux/arm64` [default: this computer's]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Option<Platform>,
}
