//! The verbs that look inside layers.

use std::path::PathBuf;

use engine::layers::Content;

use super::{Look, platform};
use oci::Platform;

#[derive(Debug, clap::Args)]
pub struct Files {
    #[command(flatten)]
    pub look: Look,
    /// Only what is at this path and beneath it
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// What one layer has, as its archive lists it; 1 is the base
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub layer: Option<u32>,
    /// What a container sees [default]
    #[arg(long, conflicts_with = "layer")]
    pub merged: bool,
    /// Only what has this in its name; with a slash, in its path; with `*`, `?` or `[`, a pattern of either
    #[arg(long, value_name = "TEXT")]
    pub find: Option<String>,
    /// Only files that hold this, by their first bytes: text (of any kind), script, json, program, image, archive and so on
    #[arg(long, value_name = "TYPE", value_parser = content)]
    pub content: Option<Content>,
}

#[derive(Debug, clap::Args)]
pub struct Cat {
    #[command(flatten)]
    pub look: Look,
    /// The file; links are followed within the image
    #[arg(value_name = "PATH")]
    pub path: String,
    /// As it is after this layer; 1 is the base [default: the last]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub layer: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct Waste {
    #[command(flatten)]
    pub look: Look,
    /// Fail if more is wasted, as `20MB` or `500000`
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub max_bytes: Option<u64>,
    /// Fail if the efficiency is lower, 0 to 1
    #[arg(long, value_name = "NUMBER", value_parser = share)]
    pub min_efficiency: Option<f64>,
}

/// What an archive is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Compress {
    None,
    Gzip,
    Zstd,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    /// The image: a name, or of an image in the store also its digest or ID; store:NAME, docker://NAME, oci:DIR[:NAME],
    /// oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or docker-daemon:NAME says where it is
    #[arg(value_name = "REFERENCE")]
    pub input: String,
    /// Only this folder: names in the archive begin with its own
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// The file to write, or `-` for standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// The platform to export [default: this computer's, or else the first that is there]
    #[arg(long, value_name = "PLATFORM", value_parser = platform)]
    pub platform: Option<Platform>,
    /// Take it from the registry, whether the image is in the store or not
    #[arg(long)]
    pub remote: bool,
    /// Compress the archive
    #[arg(long, value_enum, default_value = "none")]
    pub compress: Compress,
}

fn content(text: &str) -> Result<Content, String> {
    Content::named(text).ok_or_else(|| {
        let names: Vec<&str> = Content::all().filter_map(Content::name).collect();
        format!("write one of {}", names.join(", "))
    })
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "write a number from 0 to 1, as `0.9`".to_owned())
}

/// A number of bytes, with a decimal or a binary unit.
fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 12] = [
        ("", 1.0),
        ("b", 1.0),
        ("k", 1e3),
        ("kb", 1e3),
        ("kib", 1024.0),
        ("m", 1e6),
        ("mb", 1e6),
        ("mib", 1_048_576.0),
        ("g", 1e9),
        ("gb", 1e9),
        ("gib", 1_073_741_824.0),
        ("tb", 1e12),
    ];
    let wrong = || "write a number of bytes, as `500000`, `20MB` or `1.5GiB`".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    if unit.is_empty() {
        return number.parse().map_err(|_| wrong());
    }
    let number = number.parse::<f64>().map_err(|_| wrong())?;
    Ok((number * factor).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        let rows = [
            ("500000", Some(500_000)),
            ("20MB", Some(20_000_000)),
            ("1.5GiB", Some(1_610_612_736)),
            ("0", Some(0)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("7 kb", Some(7_000)),
            ("-1", None),
            ("1.2.3MB", None),
            ("MB", None),
            ("20 apples", None),
            ("", None),
        ];
        for (text, want) in rows {
            assert_eq!(bytes(text).ok(), want, "{text}");
        }
    }
}
