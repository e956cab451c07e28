//! Loads into the store: all chosen images or none, and names that move only where that was agreed to.

use std::fs;
use std::process::Command;

use engine::Code;
use engine::archive::{Archive, ArchiveSource, DigestKept};
use engine::job::Job;
use engine::load::{Chosen, Moving, load, moving};
use engine::transfer::Platforms;
use oci::digest::Digest;
use testkit::image::{Family, Image};
use testkit::real::run;

use crate::scene::{Scene, image, reference, refused, tar};

pub fn chosen(source: &ArchiveSource) -> Vec<Chosen> {
    let all = source.images().iter().map(|image| Chosen {
        root: image.root.digest.clone(),
        names: image.references(),
        platforms: Platforms::Present,
    });
    all.collect()
}

/// What a name of the store stands for.
fn stands_for(scene: &Scene, name: &str) -> Option<Digest> {
    scene.store.resolve(&reference(name)).unwrap().map(|found| found.digest)
}

#[tokio::test]
async fn f107_a_name_that_is_taken_moves_only_when_asked() {
    let scene = Scene::new();
    let (old, new) = (image(1), image(2));
    let name = "docker.io/team/app:1";
    let path = scene.layout(&old, name);
    scene.load(&path, engine::endpoint::Target::Sole, name).await.unwrap();
    fs::remove_dir_all(&path).unwrap();
    scene.layout(&new, name);
    let source = scene.open(&path).unwrap();
    let (job, chosen) = (Job::silent(), chosen(&source));
    let (from, to) = (old.digest().clone(), new.digest().clone());
    let known = moving(&source, &scene.store, &chosen, &job).await.unwrap();
    assert_eq!(known, [Moving { name: reference(name), from: from.clone(), to: to.clone() }]);

    let error = refused(load(&source, &scene.store, &chosen, false, &job).await, Code::Changed, "--replace");
    assert!(error.message().contains("team/app:1") && error.choices() == [name], "{error:?}");
    assert_eq!(stands_for(&scene, name), Some(from.clone()));
    assert!(scene.store.blob_size(&new.blobs[2].digest).unwrap().is_none(), "nothing was moved");

    let loaded = load(&source, &scene.store, &chosen, true, &job).await.unwrap();
    assert_eq!(loaded[0].names, [(reference(name), Some(from))]);
    assert_eq!(loaded[0].digest, DigestKept::Yes);
    assert_eq!(stands_for(&scene, name), Some(to));
    // What it stands for already is no reason to ask.
    assert_eq!(moving(&source, &scene.store, &chosen, &job).await.unwrap(), []);
    load(&source, &scene.store, &chosen, false, &job).await.unwrap();
}

#[tokio::test]
async fn several_images_are_loaded_together_or_not_at_all() {
    let scene = Scene::new();
    let (one, two) = (image(3), image(4));
    scene.layout(&one, "team/one:1");
    let layout = scene.layout(&two, "team/two:1");
    let blob = layout.join("blobs/sha256").join(two.blobs[2].digest.hex());
    let good = fs::read(&blob).unwrap();
    let mut bad = good.clone();
    bad[9] ^= 1;
    fs::write(&blob, bad).unwrap();
    let source = scene.open(&layout).unwrap();
    let job = Job::silent();
    let failed = load(&source, &scene.store, &chosen(&source), false, &job).await;
    refused(failed, Code::ContentMismatch, two.blobs[2].digest.hex());
    assert!(scene.is_empty(), "the whole image has no name either");

    fs::write(&blob, good).unwrap();
    let loaded = load(&source, &scene.store, &chosen(&source), false, &job).await.unwrap();
    assert_eq!(loaded.len(), 2);
    for (name, image) in [("team/one:1", &one), ("team/two:1", &two)] {
        assert_eq!(stands_for(&scene, name).as_ref(), Some(image.digest()), "{name}");
    }
}

#[tokio::test]
async fn what_of_an_index_is_there_is_loaded_and_the_rest_is_said() {
    let scene = Scene::new();
    let of = |platform, seed| {
        Image::builder(Family::Oci)
            .platform(platform)
            .layer(testkit::image::Layer::noise(seed, 9_000))
            .build()
    };
    let (here, away) = (of("linux/amd64", 1), of("linux/arm64/v8", 2));
    let both = Image::index(Family::Oci, &[&here, &away]);
    let layout = scene.layout(&both, "team/app:1");
    for digest in [away.digest(), &away.blobs[1].digest] {
        fs::remove_file(layout.join("blobs/sha256").join(digest.hex())).unwrap();
    }
    let source = scene.open(&layout).unwrap();
    let loaded = load(&source, &scene.store, &chosen(&source), false, &Job::silent()).await.unwrap();
    assert_eq!(loaded[0].outcome.root.digest, *here.digest());
    let DigestKept::LeftOut(left) = &loaded[0].digest else { panic!("{loaded:?}") };
    assert_eq!(left.iter().map(ToString::to_string).collect::<Vec<_>>(), ["linux/arm64/v8"]);
}

/// A pipe is read once; a file that changes on its way is refused.
#[tokio::test]
async fn f110_pipes_and_files_that_change_are_read_once_or_refused() {
    let scene = Scene::new();
    let image = image(5);
    let layout = scene.layout(&image, "team/app:1");
    let path = scene.path("whole.tar");
    run(Command::new("tar").arg("-C").arg(&layout).arg("-cf").arg(&path).arg("."));
    let pipe = scene.path("pipe");
    run(Command::new("mkfifo").arg(&pipe));
    let mut feeder = Command::new("cp").arg(&path).arg(&pipe).spawn().unwrap();
    let loaded = scene.load(&pipe, engine::endpoint::Target::Sole, "team/app:1").await.unwrap();
    assert_eq!(loaded.root.digest, *image.digest());
    assert!(feeder.wait().unwrap().success(), "all of it was taken");
    // Identified from a pipe as well.
    let mut feeder = Command::new("cp").arg(&path).arg(&pipe).spawn().unwrap();
    let found = engine::archive::identify(&pipe, &Job::silent()).unwrap();
    assert_eq!((found.kind, found.file_size), (engine::archive::Kind::Oci, None));
    assert!(feeder.wait().unwrap().success());

    // Between being opened and being read a layer is overwritten, and then the end goes.
    let second = Scene::new();
    let whole = fs::read(&path).unwrap();
    let job = Job::silent();
    let source = ArchiveSource::new(&Archive::open(&path, &scene.path(""), &job).unwrap(), &job).unwrap();
    let layer = &image.blobs[2].bytes;
    let at = whole.windows(layer.len()).position(|window| window == &layer[..]).unwrap();
    let mut changed = whole.clone();
    changed[at + 50] ^= 1;
    fs::write(&path, &changed).unwrap();
    let loaded = load(&source, &second.store, &chosen(&source), false, &job).await;
    refused(loaded, Code::ContentMismatch, image.blobs[2].digest.hex());
    fs::write(&path, &whole[..at + 50]).unwrap();
    assert!(load(&source, &second.store, &chosen(&source), false, &job).await.is_err());
    assert!(second.is_empty());
}

/// Cut anywhere, or with any bit turned over: an error, or the right image.
#[tokio::test]
async fn damaged_archives_give_an_error_or_the_right_image() {
    let scene = Scene::new();
    let image = Image::builder(Family::Oci)
        .layer(testkit::image::Layer::noise(1, 3_000))
        .layer(testkit::image::Layer::noise(2, 500))
        .build();
    let name = "docker.io/team/app:1";
    let layout = scene.layout(&image, name);
    let (oci, docker) = (scene.path("oci.tar"), scene.path("docker.tar"));
    run(Command::new("tar").arg("-C").arg(&layout).args(["--sort=name", "-cf"]).arg(&oci).arg("."));
    let target = format!("docker-archive:{}:{name}", docker.display());
    scene.skopeo.run(&["copy", "--quiet", &format!("oci:{}:{name}", layout.display()), &target]);
    let path = scene.path("damaged.tar");
    const STEPS: usize = 120;
    let job = Job::silent();
    for whole in [fs::read(&oci).unwrap(), fs::read(&docker).unwrap()] {
        fs::write(&path, &whole).unwrap();
        let right = scene.open(&path).unwrap().images()[0].root.digest.clone();
        let mut right_ones = 0;
        let mut second = Scene::new();
        for step in 0..STEPS {
            let at = step * whole.len() / STEPS;
            let mut bytes = whole.clone();
            match step % 3 {
                0 => bytes.truncate(at),
                1 => bytes[at] ^= 1 << (step % 8),
                _ => bytes[at] = bytes[at].wrapping_add(13),
            }
            fs::write(&path, &bytes).unwrap();
            // Whatever is said of it, it is said without a panic.
            let _ = engine::archive::identify(&path, &job);
            let loaded = match scene.open(&path) {
                Ok(source) => load(&source, &second.store, &chosen(&source), false, &job).await,
                Err(error) => Err(error),
            };
            match loaded {
                Ok(loaded) => {
                    for loaded in &loaded {
                        assert!(second.store.is_complete(&loaded.outcome.root), "{step}");
                        // The documents that name images may say something else and be sound.
                        right_ones += u32::from(loaded.outcome.root.digest == right);
                    }
                    second = Scene::new();
                }
                Err(_) => assert!(second.is_empty(), "{step}"),
            }
        }
        assert!(right_ones > 4, "damage to names, padding and times does no harm: {right_ones}");
    }
    tar(&path, &[]);
    refused(scene.open(&path).map(drop), Code::ArchiveInvalid, "without entries");
}
