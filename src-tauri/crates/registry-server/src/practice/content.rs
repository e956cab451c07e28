//! The files of the samples' layers.

use super::layer::{Entry, Tree};
use super::text;

type MakeTree = fn() -> Tree;

/// Every layer by its title, with what makes its files.
pub(super) const LAYERS: &[(&str, MakeTree)] = &[
    ("base", base),
    ("runtime", runtime),
    ("hello 1.0", || hello("1.0", "Ahoy!\n", 21)),
    ("hello 1.1", || hello("1.1", "Ahoy, and welcome ashore!\n", 22)),
    ("web 2.0", || web("2.0", "#1b6ca8", &["lighthouse", "pier", "crane"])),
    ("web 2.1", || web("2.1", "#c4561a", &["lighthouse", "pier", "ferry"])),
    ("amd64", || multi("linux/amd64", 1_690_000, 41)),
    ("arm64", || multi("linux/arm64", 1_560_000, 42)),
    ("arm/v7", || multi("linux/arm/v7", 1_430_000, 43)),
    ("notes", notes),
    ("changes", changes),
];

fn base() -> Tree {
    let mut tree = Tree::new();
    for (path, mode) in [
        ("bin", 0o755),
        ("etc", 0o755),
        ("etc/harbour", 0o755),
        ("home", 0o755),
        ("root", 0o700),
        ("srv", 0o755),
        ("tmp", 0o1777),
        ("usr", 0o755),
        ("usr/bin", 0o755),
        ("usr/share", 0o755),
        ("usr/share/harbour", 0o755),
        ("usr/share/harbour/charts", 0o755),
        ("var", 0o755),
        ("var/log", 0o755),
        ("var/tmp", 0o1777),
    ] {
        tree.insert(path.into(), Entry::Directory(mode));
    }
    for (path, content) in [
        ("README.md", text::BASE_README),
        ("etc/group", text::GROUP),
        ("etc/harbour/pilot.conf", text::PILOT_CONF),
        ("etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n"),
        ("etc/motd", text::MOTD),
        ("etc/os-release", text::OS_RELEASE),
        ("etc/passwd", text::PASSWD),
        ("etc/profile", text::PROFILE),
        ("etc/shells", "/bin/sh\n"),
    ] {
        tree.insert(path.into(), file(content));
    }
    tree.insert("bin/busybox".into(), script(text::BUSYBOX));
    for name in ["cat", "echo", "ls", "sh"] {
        tree.insert(format!("bin/{name}"), Entry::Link("busybox"));
    }
    tree.insert("bin/pilot".into(), Entry::HardLink("bin/busybox"));
    tree.insert("etc/mtab".into(), Entry::Link("/proc/mounts"));
    tree.insert("usr/share/harbour/tides.csv".into(), Entry::File(0o644, tides(1, 9_000)));
    for (number, name) in ["approach", "basin", "breakwater", "fairway", "roadstead"].into_iter().enumerate()
    {
        let path = format!("usr/share/harbour/charts/{name}.dat");
        tree.insert(path, Entry::File(0o644, soundings(11 + number as u64, 733_000)));
    }
    tree
}

fn runtime() -> Tree {
    let mut tree = Tree::new();
    for path in [
        "opt",
        "opt/runtime",
        "opt/runtime/bin",
        "opt/runtime/lib",
        "opt/runtime/share",
        "usr",
        "usr/local",
        "usr/local/bin",
    ] {
        tree.insert(path.into(), Entry::Directory(0o755));
    }
    tree.insert("opt/runtime/README.md".into(), file(text::RUNTIME_README));
    tree.insert("opt/runtime/VERSION".into(), file("5.1.0\n"));
    tree.insert("opt/runtime/bin/runtime".into(), script(text::RUNTIME));
    tree.insert("opt/runtime/lib/libpilot.so.5".into(), Entry::Link("libpilot.so.5.1.0"));
    for (number, (name, size)) in
        [("libpilot.so.5.1.0", 3_300_000), ("libberth.so.2.0.3", 1_950_000), ("locale.dat", 1_411_000)]
            .into_iter()
            .enumerate()
    {
        let path = format!("opt/runtime/lib/{name}");
        tree.insert(path, Entry::File(0o644, soundings(31 + number as u64, size)));
    }
    tree.insert("opt/runtime/share/stations.csv".into(), Entry::File(0o644, tides(2, 20_000)));
    tree.insert("usr/local/bin/runtime".into(), Entry::Link("/opt/runtime/bin/runtime"));
    tree
}

fn hello(version: &str, greeting: &str, seed: u64) -> Tree {
    let mut tree = Tree::new();
    for path in ["usr", "usr/bin", "usr/share", "usr/share/hello"] {
        tree.insert(path.into(), Entry::Directory(0o755));
    }
    tree.insert("usr/bin/hello".into(), script(text::HELLO));
    tree.insert("usr/share/hello/README.md".into(), file(&text::HELLO_README.replace("{version}", version)));
    tree.insert("usr/share/hello/greeting.txt".into(), file(greeting));
    tree.insert("usr/share/hello/chime.raw".into(), Entry::File(0o644, soundings(seed, 520_000)));
    tree
}

fn web(version: &str, colour: &str, pictures: &[&str]) -> Tree {
    let mut tree = Tree::new();
    for path in ["srv", "srv/web", "srv/web/public", "srv/web/public/pictures"] {
        tree.insert(path.into(), Entry::Directory(0o755));
    }
    let filled = |text: &str| file(&text.replace("{version}", version).replace("{colour}", colour));
    tree.insert("srv/web/README.md".into(), filled(text::WEB_README));
    tree.insert("srv/web/VERSION".into(), filled("{version}\n"));
    tree.insert("srv/web/server.conf".into(), filled(text::SERVER_CONF));
    tree.insert("srv/web/public/index.html".into(), filled(text::INDEX_HTML));
    tree.insert("srv/web/public/style.css".into(), filled(text::STYLE_CSS));
    for picture in pictures {
        // The same picture is the same bytes in every version.
        let seed = 50 + picture.bytes().map(u64::from).sum::<u64>();
        tree.insert(
            format!("srv/web/public/pictures/{picture}.raw"),
            Entry::File(0o644, soundings(seed, 390_000)),
        );
    }
    tree
}

fn multi(platform: &str, size: usize, seed: u64) -> Tree {
    let mut tree = Tree::new();
    for path in ["bin", "etc", "usr", "usr/share", "usr/share/multi"] {
        tree.insert(path.into(), Entry::Directory(0o755));
    }
    tree.insert("bin/hello".into(), script(&text::MULTI.replace("{platform}", platform)));
    tree.insert("etc/os-release".into(), file(text::OS_RELEASE));
    tree.insert(
        "usr/share/multi/README.md".into(),
        file(&text::MULTI_README.replace("{platform}", platform)),
    );
    tree.insert("usr/share/multi/code.bin".into(), Entry::File(0o755, soundings(seed, size)));
    tree
}

fn notes() -> Tree {
    let mut tree = Tree::new();
    for path in ["srv", "srv/cache", "srv/notes"] {
        tree.insert(path.into(), Entry::Directory(0o755));
    }
    tree.insert("srv/README.md".into(), file(text::FILES_README));
    tree.insert("srv/notes/berths.txt".into(), file(text::BERTHS));
    tree.insert("srv/notes/draft.txt".into(), file(text::DRAFT));
    tree.insert("srv/notes/pilots.txt".into(), file("Ada\nBo\nChen\n"));
    tree.insert("srv/cache/monday.bin".into(), Entry::File(0o644, soundings(61, 40_000)));
    tree.insert("srv/cache/tuesday.bin".into(), Entry::File(0o644, soundings(62, 40_000)));
    tree
}

/// One changed file of the base, one changed and one deleted file of the layer below, and a directory whose old content
/// is hidden as a whole (image-spec `layer.md`, "Whiteouts").
fn changes() -> Tree {
    let mut tree = Tree::new();
    for path in ["etc", "srv", "srv/cache", "srv/notes"] {
        tree.insert(path.into(), Entry::Directory(0o755));
    }
    tree.insert("etc/motd".into(), file(text::CHANGED_MOTD));
    tree.insert("srv/notes/.wh.draft.txt".into(), Entry::File(0o644, Vec::new()));
    tree.insert("srv/notes/pilots.txt".into(), file("Ada\nBo\nChen\nDima\n"));
    tree.insert("srv/cache/.wh..wh..opq".into(), Entry::File(0o644, Vec::new()));
    tree.insert("srv/cache/wednesday.bin".into(), Entry::File(0o644, soundings(63, 40_000)));
    tree
}

fn file(content: &str) -> Entry {
    Entry::File(0o644, content.into())
}

fn script(content: &str) -> Entry {
    Entry::File(0o755, content.into())
}

/// SplitMix64 (Steele, Lea, Flood 2014): numbers that look random and are the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Made-up depth soundings: bytes with six random bits each, so gzip takes about a quarter off, as it does of many
/// real programs' data.
fn soundings(seed: u64, size: usize) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        let eight = (numbers.next() & 0x3f3f_3f3f_3f3f_3f3f) + 0x2020_2020_2020_2020;
        bytes.extend_from_slice(&eight.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// A made-up tide table of so many lines.
fn tides(seed: u64, lines: u64) -> Vec<u8> {
    use std::io::Write as _;
    let mut numbers = Numbers(seed);
    let mut table = b"hour,gauge,level_cm\n".to_vec();
    for line in 0..lines {
        let random = numbers.next();
        let level = 180 + (line % 25) * 11 + random % 40;
        writeln!(table, "{},{},{level}", line / 4, ["north", "south", "mole", "lock"][(line % 4) as usize])
            .expect("writing to memory does not fail");
    }
    table
}
