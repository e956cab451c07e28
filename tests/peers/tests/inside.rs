//! What is inside layers, beside umoci, tar, Python's tarfile and rpm.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use peers::Longshore;
use serde_json::Value;
use testkit::image::{Entry, Family, Image, Layer, LayerCompression, noise};
use testkit::real::Skopeo;
use testkit::registry::Registry;
use testkit::server::On;

/// Every kind of whiteout and of link that changes from layer to layer.
fn image() -> Image {
    let base = [
        Entry::directory("etc"),
        Entry::file("etc/keep", b"keep").mode(0o600).owner(10, 20),
        Entry::file("etc/gone", b"gone"),
        Entry::file("etc/other", b"one"),
        Entry::directory("var/old").mode(0o700),
        Entry::file("var/old/x", b"x"),
        Entry::directory("opaque"),
        Entry::file("opaque/below", b"below"),
        Entry::directory("opaque/sub"),
        Entry::file("opaque/sub/below", b"below"),
        Entry::directory("swap"),
        Entry::file("swap/in", b"in"),
        Entry::file("plain", b"plain"),
        Entry::file("names/first", b"linked content"),
        Entry::hardlink("names/second", "names/first"),
        Entry::hardlink("names/third", "names/second"),
        Entry::file("other/first", b"another linked content"),
        Entry::hardlink("other/second", "other/first"),
        Entry::symlink("etc/link", "../plain"),
        Entry::symlink("absolute", "/etc/keep"),
        Entry::symlink("dangling", "nowhere"),
        Entry::file("empty", b""),
        Entry::file("suid", b"run").mode(0o4755),
        Entry::directory("tmp").mode(0o1777),
    ];
    let second = [
        Entry::whiteout("etc/gone"),
        Entry::whiteout("var/old"),
        Entry::directory("opaque").mode(0o750),
        Entry::opaque("opaque"),
        Entry::file("opaque/above", b"above"),
        Entry::file("swap", b"a file now"),
        Entry::directory("plain"),
        Entry::file("plain/in", b"a folder now"),
        // The first name goes, the content stays under the others.
        Entry::whiteout("names/first"),
        // The first name is given to something else.
        Entry::file("other/first", b"replaced"),
        Entry::hardlink("other/third", "other/second"),
        Entry::file("etc/other", b"two"),
        // Within one layer the target's name is given away after the link was made.
        Entry::file("again/first", b"before"),
        Entry::hardlink("again/second", "again/first"),
        Entry::file("again/first", b"after"),
    ];
    let third = [
        Entry::directory("var/old"),
        Entry::file("var/old/y", b"y").modified(1_600_000_000),
        Entry::whiteout("dangling"),
        Entry::symlink("empty", "etc"),
        Entry::file(&format!("{}name", "long/".repeat(60)), b"long"),
    ];
    Image::builder(Family::Oci)
        .layer(Layer::new(&base, LayerCompression::Gzip))
        .layer(Layer::new(&second, LayerCompression::Zstd))
        .layer(Layer::new(&third, LayerCompression::None))
        .build()
}

/// As [`image`] for umoci, which does not read zstd.
fn gzipped(image: &Image) -> Image {
    let mut builder = Image::builder(Family::Oci);
    for blob in image.blobs.iter().filter(|blob| blob.media_type.contains("layer")) {
        let tar = match blob.bytes[..4] {
            [0x1f, 0x8b, ..] => tool("gzip", &["-dc"], &blob.bytes),
            [0x28, 0xb5, ..] => tool("zstd", &["-dcq"], &blob.bytes),
            _ => blob.bytes.to_vec(),
        };
        builder = builder.layer(Layer::from_tar(&tar, LayerCompression::Gzip));
    }
    builder.build()
}

fn tool(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().expect("it is there");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it is there");
    let _ = writer.join().expect("it is there");
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Puts an image into the store of a Longshore, from a layout; its name there.
fn stored(longshore: &Longshore, image: &Image) -> String {
    let layout = longshore.dir().join("layout");
    image.write_layout(&layout, "it").expect("it is there");
    let name = "registry.test/team/app:1";
    longshore.run(&["copy", &format!("oci:{}:it", layout.display()), &format!("store:{name}")]).ok();
    name.to_owned()
}

/// A folder on disk, each path with what there is to say of it.
fn on_disk(top: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut names: BTreeMap<(u64, u64), Vec<String>> = BTreeMap::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in
            fs::read_dir(&folder).expect("it is there").map(|entry| entry.expect("it is there").path())
        {
            let facts = path.symlink_metadata().expect("it is there");
            let name = format!("/{}", path.strip_prefix(top).expect("it is there").display());
            let kind = facts.file_type();
            let what = if kind.is_symlink() {
                format!("link {}", path.read_link().expect("it is there").display())
            } else if kind.is_dir() {
                folders.push(path.clone());
                "folder".to_owned()
            } else if kind.is_file() {
                names.entry((facts.dev(), facts.ino())).or_default().push(name.clone());
                format!(
                    "file {} {:?}",
                    facts.mtime(),
                    String::from_utf8_lossy(&fs::read(&path).expect("it is there"))
                )
            } else {
                format!("special {}", kind.is_fifo())
            };
            let mode = if kind.is_symlink() { 0 } else { facts.mode() & 0o7777 };
            found.insert(name, format!("{mode:o} {}:{} {what}", facts.uid(), facts.gid()));
        }
    }
    // Which names are one file.
    for mut same in names.into_values().filter(|names| names.len() > 1) {
        same.sort();
        for name in &same {
            *found.get_mut(name).expect("it is there") += &format!(" = {same:?}");
        }
    }
    found
}

fn umoci_unpacks(image: &Image, dir: &Path) -> PathBuf {
    let layout = dir.join("for-umoci");
    gzipped(image).write_layout(&layout, "it").expect("it is there");
    let bundle = dir.join("bundle");
    let image = format!("{}:it", layout.display());
    run("umoci", &["unpack", "--image", &image, bundle.to_str().expect("it is there")]);
    bundle.join("rootfs")
}

#[test]
fn a_database_that_rpm_made_is_one_of_packages() {
    let database = testkit::real::RpmSystem::new().database();
    let folder = "usr/lib/sysimage/rpm";
    let files = [
        Entry::file(&format!("{folder}/rpmdb.sqlite"), &database),
        Entry::file(&format!("{folder}/rpmdb.sqlite-wal"), b""),
        Entry::file("srv/rpmdb.sqlite", &database),
    ];
    let image = Image::builder(Family::Oci).layer(Layer::new(&files, LayerCompression::Gzip)).build();
    let longshore = Longshore::new();
    let name = stored(&longshore, &image);
    let paths = |content: &str| {
        let listed = longshore.run(&["files", &name, "--content", content, "--json"]).json();
        let rows = listed.as_array().expect("rows").iter();
        rows.map(|row| row["path"].as_str().expect("a path").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths("packages"), [format!("/{folder}/rpmdb.sqlite")]);
    assert_eq!(paths("database"), ["/srv/rpmdb.sqlite"]);
}

#[test]
fn f112_export_gives_what_umoci_unpacks() {
    let longshore = Longshore::new();
    let image = image();
    let name = stored(&longshore, &image);
    let want = on_disk(&umoci_unpacks(&image, longshore.dir()));
    let (tar, flat) = (longshore.dir().join("flat.tar"), longshore.dir().join("flat"));
    fs::create_dir(&flat).unwrap();
    longshore.run(&["export", &name, "-o", tar.to_str().unwrap()]).ok();
    run("tar", &["-xpf", tar.to_str().unwrap(), "--numeric-owner", "-C", flat.to_str().unwrap()]);
    let seen = on_disk(&flat);
    for (path, facts) in &want {
        assert_eq!(seen.get(path), Some(facts), "{path}");
    }
    assert_eq!(seen.len(), want.len(), "nothing else: {:?}", seen.keys());

    let again = longshore.dir().join("again.tar");
    let printed = longshore.run(&["export", &name, "-o", again.to_str().unwrap(), "--json"]).json();
    assert!(fs::read(&tar).unwrap() == fs::read(&again).unwrap(), "the same bytes");
    assert_eq!(printed["size"], fs::metadata(&again).unwrap().len());
    assert_eq!(printed["left_out"], Value::Array(Vec::new()));
    for (compress, program) in [("gzip", "gzip"), ("zstd", "zstd")] {
        let path = longshore.dir().join(compress);
        longshore.run(&["export", &name, "-o", path.to_str().unwrap(), "--compress", compress]).ok();
        assert!(tool(program, &["-dc"], &fs::read(&path).unwrap()) == fs::read(&tar).unwrap(), "{compress}");
    }
}

#[test]
fn the_merged_list_is_what_umoci_leaves_on_disk() {
    let longshore = Longshore::new();
    let image = image();
    let name = stored(&longshore, &image);
    let root = umoci_unpacks(&image, longshore.dir());
    let want = on_disk(&root);
    let rows = longshore.run(&["files", &name, "--merged", "--json"]).json();
    let rows = rows.as_array().unwrap();
    let paths: Vec<&str> = rows.iter().map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(paths.len(), want.len(), "{paths:?}");
    for row in rows {
        let path = row["path"].as_str().unwrap();
        let facts = root.join(&path[1..]).symlink_metadata().unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!((&row["uid"], &row["gid"]), (&facts.uid().into(), &facts.gid().into()), "{path}");
        let kind = facts.file_type();
        let want = match row["type"].as_str().unwrap() {
            "directory" => kind.is_dir(),
            "symlink" => kind.is_symlink(),
            "file" => kind.is_file() && row["size"] == facts.size(),
            "hardlink" => kind.is_file(),
            _ => false,
        };
        assert!(want, "{row}");
        if row["type"] == "symlink" {
            let target = root.join(&path[1..]).read_link().unwrap();
            assert_eq!(row["link"].as_str().unwrap().as_bytes(), target.as_os_str().as_bytes());
        } else {
            assert_eq!(row["mode"], facts.mode() & 0o7777, "{path}");
        }
    }
    for (path, content) in [
        ("/names/third", "linked content"),
        ("/other/second", "another linked content"),
        ("absolute", "keep"),
    ] {
        assert_eq!(longshore.run(&["cat", &name, path]).ok(), content, "{path}");
    }
    assert_eq!(longshore.run(&["cat", &name, "/etc/gone", "--layer", "1"]).ok(), "gone");
    assert_eq!(longshore.run(&["cat", &name, "/etc/gone"]).with_status(1).stdout, "");
}

/// A layer with every odd entry that Python's tarfile writes.
const ODD: &str = r#"
import io, sys, tarfile
t = tarfile.open(sys.argv[1], "w", format=getattr(tarfile, sys.argv[2]), encoding="utf-8", errors="surrogateescape")
def add(name, type=tarfile.REGTYPE, data=b"", **facts):
    m = tarfile.TarInfo(name)
    m.type, m.size, m.mtime = type, len(data), 1700000000
    for key, value in facts.items():
        setattr(m, key, value)
    t.addfile(m, io.BytesIO(data))
add("dir", tarfile.DIRTYPE, mode=0o1777)
add("dir/file", data=b"x" * 1000, mode=0o4755, uid=1000, gid=1001)
add("dir/file", data=b"again")
add("./dot/file", data=b"1")
add("l/" * 80 + "long", data=b"2")
add("link", tarfile.SYMTYPE, linkname="../../outside")
add("longlink", tarfile.SYMTYPE, linkname="t/" * (45 if sys.argv[2] == "USTAR_FORMAT" else 90))
add("hard", tarfile.LNKTYPE, linkname="dir/file")
add("pipe", tarfile.FIFOTYPE)
add("null", tarfile.CHRTYPE, devmajor=1, devminor=3)
add("disk", tarfile.BLKTYPE, devmajor=8, devminor=1)
add("dir/.wh.gone")
add("dir/.wh..wh..opq")
add("é漢")
add("with space ")
add("../up")
add("/absolute")
add("a/../b")
add("owner", uid=2000000, gid=2000000 if sys.argv[2] == "USTAR_FORMAT" else 3000000000)
t.close()
"#;

const LIST: &str = r#"
import json, sys, tarfile
kinds = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "symlink", tarfile.LNKTYPE: "hardlink",
    tarfile.FIFOTYPE: "fifo", tarfile.CHRTYPE: "character", tarfile.BLKTYPE: "block"}
rows = [{"path": m.name, "type": kinds[m.type], "size": m.size, "mode": m.mode, "uid": m.uid, "gid": m.gid,
    "link": m.linkname or None} for m in tarfile.open(sys.argv[1])]
print(json.dumps(rows))
"#;

/// A name as archives have it: without a slash or `./` before it.
fn bare(path: &str) -> &str {
    path.strip_prefix("./").or_else(|| path.strip_prefix('/')).unwrap_or(path)
}

#[test]
fn f088_layers_are_listed_as_pythons_tarfile_and_tar_list_them() {
    for format in ["USTAR_FORMAT", "PAX_FORMAT", "GNU_FORMAT"] {
        let longshore = Longshore::new();
        let tar = longshore.dir().join("odd.tar");
        run("python3", &["-c", ODD, tar.to_str().unwrap(), format]);
        let layer = Layer::from_tar(&fs::read(&tar).unwrap(), LayerCompression::Gzip);
        let name = stored(&longshore, &Image::builder(Family::Oci).layer(layer).build());
        let wanted: Value =
            serde_json::from_str(&run("python3", &["-c", LIST, tar.to_str().unwrap()])).unwrap();
        let facts = |row: &Value| {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let number = |key: &str| row[key].as_u64().unwrap();
            let path = bare(&text("path")).to_owned();
            (path, text("type"), number("size"), number("mode"), number("uid"), number("gid"), text("link"))
        };
        let mut want: Vec<_> = wanted.as_array().unwrap().iter().map(facts).collect();
        want.sort();
        let listed = longshore.run(&["files", &name, "--layer", "1", "--json"]).json();
        let mut seen: Vec<_> = listed.as_array().unwrap().iter().map(facts).collect();
        seen.sort();
        assert_eq!(seen, want, "{format}");
        let lines = run("tar", &["-tf", tar.to_str().unwrap(), "-P", "--quoting-style=literal"]);
        assert_eq!(lines.lines().count(), seen.len(), "{format}");
        let mut keys: Vec<&String> = listed[0].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(
            keys,
            ["change", "content", "gid", "layer", "link", "mode", "path", "size", "type", "uid"]
        );
    }
}

#[test]
fn what_skopeo_writes_as_zstd_chunked_is_listed_by_its_own_tables() {
    let longshore = Longshore::new();
    let big = noise(1, 3 << 20);
    let base = [
        Entry::directory("etc"),
        Entry::file("etc/app.conf", b"one").mode(0o640).owner(10, 20),
        Entry::file("big", &big),
        Entry::symlink("link", "etc/app.conf"),
        Entry::hardlink("again", "etc/app.conf"),
    ];
    let top = [Entry::file("etc/app.conf", b"two"), Entry::whiteout("link"), Entry::file("empty", b"")];
    let layers = [&base[..], &top].map(|entries| Layer::new(entries, LayerCompression::Gzip));
    let layout = longshore.dir().join("layout");
    Image::builder(Family::Oci).layers(layers).build().write_layout(&layout, "it").unwrap();
    let registry = Registry::start();
    let name = registry.reference("team/chunked", "1");
    let (from, to) = (format!("oci:{}:it", layout.display()), format!("docker://{name}"));
    let how = ["copy", "--dest-compress-format", "zstd:chunked", "--dest-tls-verify=false"];
    Skopeo::new().run(&[&how[..], &[&from, &to]].concat());
    registry.clear_log();

    let far = longshore.run(&["files", &to]).ok();
    let fetched = registry.sent(&On::blobs());
    assert!(fetched < 20_000, "the tables of the layers, and not the layers: {fetched}");
    registry.clear_log();
    assert_eq!(longshore.run(&["cat", &to, "/etc/app.conf"]).ok(), "two");
    let fetched = registry.sent(&On::blobs());
    assert!(fetched < 20_000, "the file, and not its layer: {fetched}");
    longshore.run(&["pull", "-q", &name]).ok();
    assert_eq!(longshore.run(&["files", &name]).ok(), far, "the layers say what their tables say");
}
