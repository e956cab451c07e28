//! What files are said to be.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use engine::Code;
use engine::archive::{Advice, Candidate, Identified, Kind, Piece, Reading, identify, identify_stream};
use engine::compression::Compression;
use engine::job::Job;
use serde_json::json;
use testkit::image::{Family, Image};
use testkit::real::run;

use crate::scene::{Scene, image, named, tar};

fn look(path: &Path) -> Identified {
    identify(path, &Job::silent()).unwrap()
}

/// A tar of a folder, by GNU tar, with these options before it.
fn tar_of(folder: &Path, path: &Path, options: &[&str]) {
    run(Command::new("tar").args(options).arg("-C").arg(folder).arg("-cf").arg(path).arg("."));
}

#[tokio::test]
async fn every_kind_of_archive_is_told_with_its_images() {
    let scene = Scene::new();
    let image = image(1);
    let layout = scene.layout(&image, "docker.io/team/app:1");
    let source = format!("oci:{}:docker.io/team/app:1", layout.display());
    let skopeo = |transport: &str| {
        let path = scene.path(transport);
        let target = format!("{transport}:{}:docker.io/team/app:1", path.display());
        scene.skopeo.run(&["copy", "--quiet", &source, &target]);
        path
    };
    let hybrid = scene.path("hybrid");
    let from = std::sync::Arc::new(scene.open(&layout).unwrap());
    let name = "docker.io/team/app:1";
    scene.save(from, &[(named(name), name)], engine::archive::Format::Hybrid, &hybrid).await.unwrap();
    let rows = [
        ("skopeo's OCI archive", skopeo("oci-archive"), Kind::Oci, Candidate::Oci),
        ("skopeo's Docker archive", skopeo("docker-archive"), Kind::Docker, Candidate::Docker),
        ("a hybrid", hybrid, Kind::Hybrid, Candidate::Oci),
        ("a folder", layout, Kind::Oci, Candidate::Oci),
    ];
    for (what, path, kind, candidate) in rows {
        let found = look(&path);
        assert_eq!(found.kind, kind, "{what}");
        assert_eq!(found.compression, Compression::None, "{what}");
        assert_eq!(found.advice, Advice::Load, "{what}: {found:?}");
        assert_eq!(found.reading, Reading::Whole, "{what}");
        assert!(found.evidence[0].holds && found.evidence[0].candidate == candidate, "{what}: {found:?}");
        let filesystem = found.evidence.iter().find(|it| it.candidate == Candidate::Filesystem).unwrap();
        assert_eq!(filesystem.missing, ["bin", "etc", "usr"], "{what}");
        let [one] = &found.images[..] else { panic!("{what}: {found:?}") };
        assert_eq!(one.names, [name], "{what}");
        assert_eq!(one.missing, [], "{what}");
        let [variant] = &one.variants[..] else { panic!("{what}: {found:?}") };
        assert_eq!(variant.platform.as_ref().unwrap().to_string(), "linux/amd64", "{what}");
        assert!(variant.complete && variant.layers.len() == 2, "{what}: {variant:?}");
        assert_eq!(variant.config.as_ref().unwrap().digest, image.blobs[0].digest, "{what}");
        // The digests are those that loading gives.
        let outcome = scene.load(&path, named(name), name).await.unwrap();
        assert_eq!(one.root.as_ref().unwrap().digest, outcome.root.digest, "{what}");
        assert_eq!(one.made, kind == Kind::Docker, "{what}");
        let length = fs::metadata(&path).unwrap();
        assert_eq!(found.file_size, length.is_file().then_some(length.len()), "{what}");
    }
}

#[test]
fn what_is_compressed_or_piped_is_listed_without_a_copy() {
    let scene = Scene::new();
    let image = image(2);
    let layout = scene.layout(&image, "team/app:1");
    let plain = scene.path("plain");
    tar_of(&layout, &plain, &["--sort=name"]);
    let bytes = fs::read(&plain).unwrap();
    let gzip = scene.path("a.zip");
    let mut encoder =
        flate2::write::GzEncoder::new(fs::File::create(&gzip).unwrap(), flate2::Compression::fast());
    encoder.write_all(&bytes).unwrap();
    encoder.finish().unwrap();
    let zstd = scene.path("a.tar");
    fs::write(&zstd, zstd::encode_all(bytes.as_slice(), 1).unwrap()).unwrap();
    let whole = look(&plain);
    for (path, compression) in [(&gzip, Compression::Gzip), (&zstd, Compression::Zstd)] {
        let found = look(path);
        assert_eq!((found.kind, found.compression), (Kind::Oci, compression));
        assert_eq!(format!("{:?}", found.images), format!("{:?}", whole.images));
        assert_eq!(found.inside, whole.inside);
        assert!(found.checked && found.damaged.is_empty());
        assert_eq!(found.file_size, Some(fs::metadata(path).unwrap().len()));
    }
    let piped = identify_stream(bytes.as_slice(), "standard input", &Job::silent()).unwrap();
    assert_eq!((piped.kind, piped.file_size, piped.checked), (Kind::Oci, None, true));
    assert_eq!(piped.images[0].root.as_ref().unwrap().digest, *image.digest());

    // A blob that is another is told, since it passed by.
    let layer = &image.blobs[2].bytes;
    let at = bytes.windows(layer.len()).position(|window| window == &layer[..]).unwrap();
    let mut other = bytes.clone();
    other[at + 100] ^= 1;
    let found = identify_stream(other.as_slice(), "standard input", &Job::silent()).unwrap();
    assert_eq!(found.damaged, [format!("blobs/sha256/{}", image.blobs[2].digest.hex())]);
    assert_eq!(found.advice, Advice::GetAgain);

    let stopped = Job::silent();
    stopped.cancel();
    let error = identify(&gzip, &stopped).unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
}

/// A Docker archive says the digests of uncompressed layers alone; those of others are those of their bytes there.
#[test]
fn compressed_layers_of_a_docker_archive_have_digests() {
    let scene = Scene::new();
    let image = image(6);
    let (config, layers) = (&image.blobs[0], &image.blobs[1..3]);
    let manifest =
        serde_json::json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": ["1.tar.gz", "2.tar.gz"] }])
            .to_string();
    let path = scene.path("gzip.tar");
    let files: [(&str, &[u8]); 4] = [
        ("manifest.json", manifest.as_bytes()),
        ("c.json", &config.bytes),
        ("1.tar.gz", &layers[0].bytes),
        ("2.tar.gz", &layers[1].bytes),
    ];
    tar(&path, &files);
    let found = look(&path);
    let [one] = &found.images[..] else { panic!("{found:?}") };
    let digests: Vec<_> = one.variants[0].layers.iter().map(|layer| layer.digest.clone().unwrap()).collect();
    assert_eq!(digests, [layers[0].digest.clone(), layers[1].digest.clone()]);
    let loaded = scene.open(&path).unwrap();
    assert_eq!(one.root.as_ref(), Some(&loaded.images()[0].root), "it is what a load makes");
}

#[test]
fn filesystems_layers_and_charts_are_told() {
    let scene = Scene::new();
    let root = scene.path("root");
    for folder in ["bin", "etc", "usr/bin", "var"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::copy("/bin/sh", root.join("bin/busybox")).unwrap();
    std::os::unix::fs::symlink("busybox", root.join("bin/sh")).unwrap();
    fs::write(root.join("etc/passwd"), "root").unwrap();
    // A file of this name makes no Docker archive of it.
    fs::write(root.join("manifest.json"), "{\"name\": \"my web app\"}").unwrap();
    let path = scene.path("a");
    for options in [&[][..], &["--transform=s,^\\./,,"], &["--format=posix"], &["-z"], &["--zstd"]] {
        tar_of(&root, &path, options);
        let found = look(&path);
        assert_eq!((found.kind, found.advice), (Kind::Filesystem, Advice::Import), "{options:?}: {found:?}");
        let files = found.filesystem.unwrap();
        assert_eq!(files.platform, Some(oci::Platform::host()), "{options:?}");
        assert_eq!(files.read_from.as_deref(), Some("bin/busybox"), "{options:?}");
        assert_eq!((files.command, files.files), (vec!["/bin/sh".to_owned()], 4), "{options:?}");
        let mut tops = files.tops;
        tops.sort();
        assert_eq!(tops, ["bin", "etc", "manifest.json", "usr", "var"], "{options:?}");
        assert!(found.evidence[0].candidate == Candidate::Filesystem && found.evidence[0].holds);
        assert_eq!(found.evidence[1].missing, ["oci-layout", "index.json"], "{options:?}");
    }
    fs::write(root.join("etc/.wh.shadow"), "").unwrap();
    tar_of(&root, &path, &[]);
    let found = look(&path);
    assert_eq!((found.kind, found.advice), (Kind::Layer, Advice::ImportLayer));

    tar(&path, &[("mychart/Chart.yaml", b"name: mychart"), ("mychart/values.yaml", b"a: 1")]);
    let found = look(&path);
    assert_eq!((found.kind, found.advice), (Kind::Chart, Advice::Chart));
    assert_eq!(found.evidence[0].found, ["mychart/Chart.yaml"]);
}

#[test]
fn a_filesystem_is_recognised_without_reading_all_of_it() {
    let scene = Scene::new();
    let path = scene.path("many.tar");
    let mut builder = tar::Builder::new(std::io::BufWriter::new(fs::File::create(&path).unwrap()));
    let mut add = |name: &str| {
        let mut header = tar::Header::new_ustar();
        header.set_size(0);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &b""[..]).unwrap();
    };
    add("bin/x");
    add("etc/x");
    for at in 0..20_000 {
        add(&format!("usr/share/{at}"));
    }
    builder.finish().unwrap();
    drop(builder);
    let bytes = fs::read(&path).unwrap();
    let mut input = bytes.as_slice();
    let found = identify_stream(&mut input, "x", &Job::silent()).unwrap();
    assert_eq!((found.kind, found.reading), (Kind::Filesystem, Reading::Enough));
    assert!(input.len() > 1_000_000, "{} bytes are left unread", input.len());
    // Where nothing is read between the headers, all of them are counted.
    let found = look(&path);
    assert_eq!((found.entries, found.reading), (20_002, Reading::Whole));
}

#[test]
fn large_archives_are_told_by_their_headers() {
    let scene = Scene::new();
    let image = image(3);
    let layout = scene.layout(&image, "x:1");
    // Ten gigabytes in a sparse file: reading them would take many seconds, and the counter of reads tells.
    let path = scene.path("large.tar");
    tar_of(&layout, &path, &["--sort=name"]);
    let whole = fs::read(&path).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_path("aaa-large").unwrap();
    header.set_size(10 << 30);
    header.set_cksum();
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len(512 + (10 << 30)).unwrap();
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).unwrap();
    file.write_all(&whole).unwrap();
    let read = || -> u64 {
        let io = fs::read_to_string("/proc/self/io").unwrap();
        io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
    };
    let before = read();
    let found = look(&path);
    let read = read() - before;
    assert_eq!((found.kind, found.images.len()), (Kind::Oci, 1));
    assert!(found.inside > 10 << 30 && read < 64 << 20, "{read} bytes were read");
}

#[test]
fn foreign_and_broken_files_are_said_to_be_what_they_are() {
    let scene = Scene::new();
    let path = scene.path("x.tar");
    let mut iso = vec![0_u8; 40_000];
    iso[32_769..32_774].copy_from_slice(b"CD001");
    let rows: [(&[u8], &str); 6] = [
        (b"", "an empty file"),
        (b"PK\x03\x04 and so on", "a ZIP file"),
        (&iso, "an ISO image"),
        (b"just some words\n", "plain text"),
        (b"{\"errors\": []}", "JSON"),
        (b"<html>404</html>", "HTML or XML, as a server sends it in place of a file"),
    ];
    for (bytes, want) in rows {
        fs::write(&path, bytes).unwrap();
        let found = look(&path);
        assert_eq!(found.kind, Kind::Foreign(want));
        assert!(matches!(found.advice, Advice::Nothing | Advice::GetAgain));
        let piped = identify_stream(bytes, "standard input", &Job::silent()).unwrap();
        assert_eq!(piped.kind, Kind::Foreign(want), "from a pipe");
        if !bytes.is_empty() {
            fs::write(&path, zstd::encode_all(bytes, 1).unwrap()).unwrap();
            let found = look(&path);
            assert_eq!((found.kind, found.compression), (Kind::Foreign(want), Compression::Zstd));
        }
    }
    let error = identify(&scene.path("nothing"), &Job::silent()).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);

    // Cut: what it was is told, and that it was cut.
    let layout = scene.layout(&image(4), "x:1");
    tar_of(&layout, &path, &["--sort=name"]);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let found = look(&path);
    assert!(matches!(found.reading, Reading::Broken { .. }), "{found:?}");
    assert_eq!(found.advice, Advice::GetAgain);
    let packed = zstd::encode_all(whole.as_slice(), 1).unwrap();
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    assert!(matches!(look(&path).reading, Reading::Broken { .. }));
}

#[test]
fn missing_pieces_are_named_for_each_image() {
    let scene = Scene::new();
    let (one, two) = (image(5), image(6));
    let both = Image::index(Family::Oci, &[&one, &two]);
    let layout = scene.layout(&both, "team/both:1");
    let blob = |image: &Image, at: usize| layout.join("blobs/sha256").join(image.blobs[at].digest.hex());
    fs::remove_file(blob(&two, 2)).unwrap();
    let found = look(&layout);
    let image = &found.images[0];
    assert_eq!(image.variants.iter().map(|it| it.complete).collect::<Vec<_>>(), [true, false]);
    let [missing] = &image.missing[..] else { panic!("{image:?}") };
    assert_eq!((missing.piece, missing.digest.as_ref()), (Piece::Layer, Some(&two.blobs[2].digest)));
    // One platform is whole: it can be loaded.
    assert_eq!(found.advice, Advice::Load);

    let path = scene.path("docker.tar");
    let config = &one.blobs[0].bytes;
    let manifest =
        json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": ["1.tar", "2.tar"] }]).to_string();
    tar(&path, &[("manifest.json", manifest.as_bytes()), ("c.json", config), ("1.tar", b"x")]);
    let found = look(&path);
    let image = &found.images[0];
    assert_eq!((image.missing[0].piece, image.missing[0].entry.as_str()), (Piece::Layer, "2.tar"));
    assert_eq!(found.advice, Advice::GetAgain);
    tar(&path, &[("manifest.json", b"[{]")]);
    assert!(look(&path).problem.unwrap().contains("malformed"));
}
