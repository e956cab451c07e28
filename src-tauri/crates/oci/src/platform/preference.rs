//! Which platform runs where another is wanted, and how well: containerd's `platforms.Only`.

use super::{Platform, normalize_architecture};

impl Platform {
    /// How well `candidate` runs where `self` is wanted: 0 is exact, more is worse, `None` is not at all.
    ///
    /// As containerd's `Only`: 64-bit ARM falls back to older revisions and then to 32-bit v8, v7, v6, v5; arm/v7
    /// to v6 and v5; amd64/v3 to v2, v1 and then 386. A candidate may need only features that are wanted, the more
    /// of them the better. A Windows candidate must be of the wanted build, if one is wanted.
    pub fn preference(&self, candidate: &Platform) -> Option<u32> {
        let wanted = self.normalized();
        let candidate = candidate.normalized();
        if wanted.os != candidate.os || !same_windows_build(&wanted, &candidate) {
            return None;
        }
        // containerd strips win32k on both sides: hosts have it without saying so.
        let features = |platform: &Platform| {
            let all = platform.os_features.iter();
            all.filter(|feature| platform.os != "windows" || *feature != "win32k")
                .cloned()
                .collect::<Vec<_>>()
        };
        let (has, needs) = (features(&wanted), features(&candidate));
        if !needs.iter().all(|feature| has.contains(feature)) {
            return None;
        }
        let found = (candidate.architecture.as_str(), candidate.variant.as_deref().unwrap_or(""));
        let order = fallbacks(&wanted.architecture, wanted.variant.as_deref().unwrap_or(""));
        let rank = order.iter().position(|(arch, variant)| (arch.as_str(), variant.as_str()) == found)?;
        let unused = has.len().saturating_sub(needs.len()).min(FEATURES - 1);
        u32::try_from(rank * FEATURES + unused).ok()
    }
}

/// Ranks of features within one rank of architecture; nobody names this many.
const FEATURES: usize = 64;

/// What runs where `architecture` and `variant` (normalised) are wanted, best first, each normalised.
fn fallbacks(architecture: &str, variant: &str) -> Vec<(String, String)> {
    let own = |architecture: &str, variant: &str| (architecture.to_owned(), variant.to_owned());
    match architecture {
        "amd64" => {
            let mut order = vec![own("amd64", variant)];
            if let Some(version) = number(variant) {
                order.extend((1..version).rev().map(|v| normalize_architecture("amd64", &format!("v{v}"))));
            }
            order.push(own("386", ""));
            order
        }
        "arm" => arm_fallbacks(variant),
        "arm64" => {
            let Some(revisions) = arm64_revisions(if variant.is_empty() { "v8" } else { variant }) else {
                return vec![own("arm64", variant)];
            };
            let mut order: Vec<_> = revisions
                .into_iter()
                .flat_map(|(major, minor)| (0..=minor).rev().map(move |minor| (major, minor)))
                .map(|(major, minor)| normalize_architecture("arm64", &format!("v{major}.{minor}")))
                .collect();
            order.extend(arm_fallbacks("v8"));
            order
        }
        _ => vec![own(architecture, variant)],
    }
}

fn arm_fallbacks(variant: &str) -> Vec<(String, String)> {
    let mut order = vec![("arm".to_owned(), variant.to_owned())];
    if let Some(version) = number(variant) {
        order.extend((5..version).rev().map(|v| ("arm".to_owned(), format!("v{v}"))));
    }
    order
}

/// `v9.2` runs 9.2 to 9.0 and, as Arm defines the revisions, 8.7 to 8.0. Each pair is major and highest minor.
fn arm64_revisions(variant: &str) -> Option<Vec<(u32, u32)>> {
    let (major, minor) =
        variant.strip_prefix('v')?.split_once('.').map_or((variant.strip_prefix('v')?, "0"), |v| v);
    match (major, minor.parse::<u32>().ok()?) {
        ("8", minor @ 0..=9) => Some(vec![(8, minor)]),
        ("9", minor @ 0..=7) => Some(vec![(9, minor), (8, (minor + 5).min(9))]),
        _ => None,
    }
}

/// `v7` → 7. Bounded: a registry's `v4294967295` must not make a list of that length.
fn number(variant: &str) -> Option<u32> {
    let digits = variant.strip_prefix('v').unwrap_or(variant);
    digits.parse().ok().filter(|version| *version <= 16)
}

/// Windows images run on the build that they were made for: major, minor and build number must agree.
fn same_windows_build(wanted: &Platform, candidate: &Platform) -> bool {
    let (Some(wanted_version), Some(version)) = (&wanted.os_version, &candidate.os_version) else {
        return true;
    };
    let build = |version: &str| version.split('.').take(3).map(str::to_owned).collect::<Vec<_>>();
    wanted.os != "windows" || build(wanted_version) == build(version)
}
