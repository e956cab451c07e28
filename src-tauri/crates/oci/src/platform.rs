//! Platforms: operating system, architecture, variant; their spellings, and which fits which.
//!
//! Parsing, normalisation and the order of preference are those of containerd's `platforms` package, which
//! Docker uses too. Source of the fields: image-spec `image-index.md`, "platform".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

mod preference;

/// What an image runs on. Values are as the document or the user wrote them, except that parsing from text
/// normalises (`x86_64` → `amd64`); comparing always normalises.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `windows`, …
    #[serde(default, deserialize_with = "crate::strict_json::nullable")]
    pub os: String,
    /// `amd64`, `arm64`, `arm`, … (Go's names).
    #[serde(default, deserialize_with = "crate::strict_json::nullable")]
    pub architecture: String,
    /// `v7`, `v8`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// `10.0.17763.1`: Windows only, as a rule.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// `win32k`, …
    #[serde(
        default,
        rename = "os.features",
        deserialize_with = "crate::strict_json::nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
}

impl Platform {
    /// An operating system and an architecture, as they stand.
    pub fn new(os: impl Into<String>, architecture: impl Into<String>) -> Self {
        Platform {
            os: os.into(),
            architecture: architecture.into(),
            variant: None,
            os_version: None,
            os_features: Vec::new(),
        }
    }

    /// What images for this computer are built for. Linux, except on Windows: macOS runs Linux images in a
    /// virtual machine of its own architecture.
    pub fn host() -> Self {
        let os = if cfg!(windows) { "windows" } else { "linux" };
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "powerpc64" => "ppc64",
            "loongarch64" => "loong64",
            "mips64" if cfg!(target_endian = "little") => "mips64le",
            // `arm`, `s390x`, `riscv64`, … have one name everywhere.
            other => other,
        };
        Platform::new(os, architecture).normalized()
    }

    /// Whether this says nothing: attestation manifests carry `unknown/unknown`.
    pub fn is_unknown(&self) -> bool {
        let nothing = |text: &str| text.is_empty() || text == "unknown";
        nothing(&self.os) || nothing(&self.architecture)
    }

    /// containerd's `Normalize`: lower case, one name for each architecture, the usual variant left out
    /// (`amd64/v1`, `arm64/v8`) or filled in (`arm` → `arm/v7`).
    pub fn normalized(&self) -> Platform {
        let os = match self.os.to_ascii_lowercase().as_str() {
            "" => Platform::host_os().to_owned(),
            "macos" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        let (architecture, variant) =
            normalize_architecture(&self.architecture, self.variant.as_deref().unwrap_or(""));
        let mut os_features = self.os_features.clone();
        os_features.sort();
        os_features.dedup();
        Platform {
            os,
            architecture,
            variant: Some(variant).filter(|variant| !variant.is_empty()),
            os_version: self.os_version.clone().filter(|version| !version.is_empty()),
            os_features,
        }
    }

    fn host_os() -> &'static str {
        if cfg!(windows) { "windows" } else { "linux" }
    }
}

fn normalize_architecture(architecture: &str, variant: &str) -> (String, String) {
    let architecture = architecture.to_ascii_lowercase();
    let variant = variant.to_ascii_lowercase();
    let (architecture, variant) = match architecture.as_str() {
        "i386" => ("386", ""),
        "x86_64" | "x86-64" | "amd64" => ("amd64", if variant == "v1" { "" } else { &variant }),
        "aarch64" | "arm64" => match variant.as_str() {
            "8" | "v8" | "v8.0" => ("arm64", ""),
            "9" | "9.0" | "v9.0" => ("arm64", "v9"),
            other => ("arm64", other),
        },
        "armhf" => ("arm", "v7"),
        "armel" => ("arm", "v6"),
        "arm" => match variant.as_str() {
            "" | "7" => ("arm", "v7"),
            "5" => ("arm", "v5"),
            "6" => ("arm", "v6"),
            "8" => ("arm", "v8"),
            other => ("arm", other),
        },
        other => (other, variant.as_str()),
    };
    (architecture.to_owned(), variant.to_owned())
}

impl fmt::Display for Platform {
    /// `linux/arm64/v8`, `windows(10.0.17763+win32k)/amd64`. Parses back where the values are of the grammar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.os.is_empty() { "unknown" } else { &self.os })?;
        let version = self.os_version.as_deref().unwrap_or("");
        if !version.is_empty() || !self.os_features.is_empty() {
            write!(f, "({version}")?;
            for feature in &self.os_features {
                write!(f, "+{feature}")?;
            }
            f.write_str(")")?;
        }
        if !self.architecture.is_empty() {
            write!(f, "/{}", self.architecture)?;
        }
        match &self.variant {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

/// Why a text is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformProblem {
    /// A part that is empty or holds a character that no platform has.
    #[error("`{part}` can't be part of a platform; a platform is written as `linux/arm64/v8`")]
    Part {
        /// The part as it was given, cut to 40 characters.
        part: String,
    },
    /// One word that is neither an operating system nor an architecture.
    #[error("`{word}` is no operating system and no architecture; a platform is written as `linux/amd64`")]
    Unknown {
        /// The word.
        word: String,
    },
    /// More than three parts.
    #[error("a platform has at most three parts: system, architecture and variant, as `linux/arm64/v8`")]
    TooManyParts,
}

impl FromStr for Platform {
    type Err = PlatformProblem;

    /// `os[(version[+feature]…)]`, `arch`, `os[(…)]/arch` or `os[(…)]/arch/variant`; what is missing is this
    /// computer's.
    fn from_str(input: &str) -> Result<Self, PlatformProblem> {
        let parts: Vec<&str> = input.split('/').collect();
        let (system, rest) = parts.split_first().expect("split gives at least one part");
        let mut platform = system_part(system)?;
        for part in rest {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
            if part.is_empty() || !part.bytes().all(fits) {
                return Err(unusable(part));
            }
        }
        match *rest {
            [] if is_known_os(&platform.os) => platform.architecture = Platform::host().architecture,
            [] => {
                let (architecture, variant) = normalize_architecture(system, "");
                if !is_known_architecture(&architecture) {
                    return Err(PlatformProblem::Unknown { word: cut(system) });
                }
                platform = Platform::new(Platform::host_os(), architecture);
                platform.variant = usual_variant_left_out(&platform.architecture, variant);
            }
            [architecture] => {
                let (architecture, variant) = normalize_architecture(architecture, "");
                platform.variant = usual_variant_left_out(&architecture, variant);
                platform.architecture = architecture;
            }
            [architecture, variant] => {
                let (architecture, variant) = normalize_architecture(architecture, variant);
                // Who types `arm64/v8` sees `arm64/v8`.
                let variant =
                    if architecture == "arm64" && variant.is_empty() { "v8".into() } else { variant };
                platform.architecture = architecture;
                platform.variant = Some(variant).filter(|variant| !variant.is_empty());
            }
            _ => return Err(PlatformProblem::TooManyParts),
        }
        Ok(platform)
    }
}

/// `linux`, `windows(10.0.17763)`, `windows(10.0.17763+win32k)`.
fn system_part(text: &str) -> Result<Platform, PlatformProblem> {
    let (name, options) = match text.split_once('(') {
        None => (text, ""),
        Some((name, rest)) => (name, rest.strip_suffix(')').ok_or_else(|| unusable(text))?),
    };
    let name_fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let option_fits = |b: u8| name_fits(b) || b == b'.';
    if name.is_empty() || !name.bytes().all(name_fits) {
        return Err(unusable(text));
    }
    let mut words = options.split('+');
    let version = words.next().unwrap_or_default();
    let os_features: Vec<String> = words.map(str::to_owned).collect();
    if !version.bytes().all(option_fits)
        || !os_features.iter().all(|feature| !feature.is_empty() && feature.bytes().all(option_fits))
    {
        return Err(unusable(text));
    }
    let os = match name.to_ascii_lowercase().as_str() {
        "macos" => "darwin".to_owned(),
        other => other.to_owned(),
    };
    let os_version = Some(version.to_owned()).filter(|version| !version.is_empty());
    Ok(Platform { os, architecture: String::new(), variant: None, os_version, os_features })
}

fn usual_variant_left_out(architecture: &str, variant: String) -> Option<String> {
    let usual = variant.is_empty() || architecture == "arm" && variant == "v7";
    if usual { None } else { Some(variant) }
}

fn unusable(part: &str) -> PlatformProblem {
    PlatformProblem::Part { part: cut(part) }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

fn is_known_os(os: &str) -> bool {
    const KNOWN: &[&str] = &[
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "hurd",
        "illumos",
        "ios",
        "js",
        "linux",
        "nacl",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "windows",
        "zos",
    ];
    KNOWN.contains(&os)
}

fn is_known_architecture(architecture: &str) -> bool {
    const KNOWN: &[&str] = &[
        "386",
        "amd64",
        "amd64p32",
        "arm",
        "armbe",
        "arm64",
        "arm64be",
        "ppc64",
        "ppc64le",
        "loong64",
        "mips",
        "mipsle",
        "mips64",
        "mips64le",
        "mips64p32",
        "mips64p32le",
        "ppc",
        "riscv",
        "riscv64",
        "s390",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    ];
    KNOWN.contains(&architecture)
}
