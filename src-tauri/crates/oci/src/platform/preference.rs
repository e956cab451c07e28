//! Which platform runs where another is wanted, and how well: containerd's `platforms.Only`.

use super::{Platform, normalize_architecture};

impl Platform {
    /// How well `candidate` runs where `self` is wanted: 0 is exact, more is worse, `None` is not at all.
    ///
    /// As containerd's `Only`: 64-bit ARM falls back to older revisions and then to 32-bit v8, v7, v6, v5; arm/v7
    /// to v6 and v5; amd64/v3 to v2, v1 and then 386. A candidate may need only features that are wanted, the more
    /// of them the better. A Windows candidate must be of a build that the wanted one runs, if both are said.
    pub fn preference(&self, candidate: &Platform) -> Option<u32> {
        let wanted = self.normalized();
        let candidate = candidate.normalized();
        if wanted.os != candidate.os || !fits_windows(&wanted, &candidate) {
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

fn fits_windows(wanted: &Platform, candidate: &Platform) -> bool {
    match (&wanted.os_version, &candidate.os_version) {
        (Some(host), Some(image)) if wanted.os == "windows" => runs_on_windows(host, image),
        _ => true,
    }
}

/// Windows containers share their host's kernel interface: major and minor must agree and, as Microsoft's table of
/// compatible versions has it, the build must be the host's own, or for hosts from Server 2022 on lie between the
/// long-term release before it and the host itself.
fn runs_on_windows(host: &str, image: &str) -> bool {
    const SERVER_2022: u32 = 20348;
    const LONG_TERM: [u32; 2] = [SERVER_2022, 26100];
    let (Some(host), Some(image)) = (windows_version(host), windows_version(image)) else {
        // A host without a version takes any image; an image's unreadable version fits no host.
        return windows_version(host).is_none();
    };
    if host[..2] != image[..2] {
        return false;
    }
    let (host, image) = (host[2], image[2]);
    if host < SERVER_2022 {
        return host == image;
    }
    let oldest = LONG_TERM.into_iter().rev().find(|release| *release < host).unwrap_or(SERVER_2022);
    (oldest..=host).contains(&image)
}

/// `10.0.17763.1` → 10, 0, 17763.
fn windows_version(text: &str) -> Option<[u32; 3]> {
    let mut numbers = text.split('.').map(|part| part.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}
