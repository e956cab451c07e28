//! Podman's service as a container engine: an image goes in, is listed, and comes out again.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use engine::archive::{Archive, ArchiveSource, Format};
use engine::daemon::{Address, Daemon, find};
use engine::job::Job;
use engine::{Code, Error};
use futures_util::{StreamExt, TryStreamExt};
use oci::config::ImageConfig;

use crate::scene::{Scene, image, named};

/// The service, with storage of its own; gone with the test.
struct Podman(Child);

impl Podman {
    fn start(scene: &Scene) -> (Self, Address) {
        let socket = scene.path("podman.sock");
        let child = Command::new("podman")
            .arg("--root")
            .arg(scene.path("podman-root"))
            .arg("--runroot")
            .arg(scene.path("podman-run"))
            .args(["--storage-driver", "vfs", "system", "service", "--time", "0"])
            .arg(format!("unix://{}", socket.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("podman is installed (the Makefile installs it)");
        (Self(child), Address::Socket(socket))
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn connected(address: &Address) -> Daemon {
    for _ in 0..200 {
        let found = find(vec![address.clone()]).await;
        if let Some(daemon) = found.into_iter().find(|daemon| daemon.version().is_some()) {
            return daemon;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the service did not answer within 20 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_goes_to_podman_and_comes_back() {
    let scene = Scene::new();
    let (_podman, address) = Podman::start(&scene);
    let daemon = connected(&address).await;
    assert_eq!((daemon.name(), daemon.address()), ("Podman", &address));
    let job = Job::silent();
    assert_eq!(daemon.images(&job).await.unwrap(), []);

    let store = engine::store::ContentStore::open(scene.layout(&image(1), "docker.io/team/app:1")).unwrap();
    let path = scene.path("app.tar");
    let wanted = [(named("docker.io/team/app:1"), "docker.io/team/app:1")];
    scene.save(Arc::new(store), &wanted, Format::Hybrid, &path).await.unwrap();
    let bytes = bytes::Bytes::from(std::fs::read(&path).unwrap());
    let pieces: Vec<_> = bytes.chunks(10_000).map(|piece| Ok::<_, Error>(bytes.slice_ref(piece))).collect();
    let lines = daemon.give(futures_util::stream::iter(pieces), &job).await.unwrap();
    assert!(lines.iter().any(|line| line.contains("team/app:1")), "{lines:?}");
    let images = daemon.images(&job).await.unwrap();
    assert_eq!(images.len(), 1, "{images:?}");
    assert_eq!(images[0].names, ["docker.io/team/app:1"]);

    let packed: Vec<bytes::Bytes> = daemon.take("docker.io/team/app:1").try_collect().await.unwrap();
    let read = move || {
        let archive = Archive::of_stream(&packed.concat()[..], "podman", Path::new("/tmp"), &Job::silent())?;
        ArchiveSource::new(&archive, &Job::silent())
    };
    let source = tokio::task::spawn_blocking(read).await.unwrap().unwrap();
    assert_eq!(source.images()[0].names, ["docker.io/team/app:1"]);
    let back = engine::image::inspect(&source, &engine::endpoint::Target::Sole, None, &job).await.unwrap();
    let config = back.manifest.unwrap().config_document.unwrap();
    assert_eq!(
        format!("sha256:{}", images[0].id.trim_start_matches("sha256:")),
        config.descriptor.digest.as_str()
    );
    let (config, _) = ImageConfig::parse(&config.bytes).unwrap();
    assert_eq!(config.diff_ids.len(), 2);

    let absent: Vec<_> = daemon.take("docker.io/team/absent:1").collect().await;
    let error = absent.into_iter().find_map(Result::err).expect("there is no such image");
    assert!(matches!(error.code(), Code::NotFound | Code::RegistryFailed), "{error:?}");
    let garbage = futures_util::stream::iter([Ok::<_, Error>(bytes::Bytes::from_static(b"no archive"))]);
    assert!(daemon.give(garbage, &job).await.is_err());
}

#[tokio::test]
async fn where_there_is_no_engine_nothing_is_missed() {
    let scene = Scene::new();
    assert!(find(vec![Address::Socket(scene.path("absent.sock"))]).await.is_empty());
    // A socket that nobody serves is there, and says nothing.
    let silent = scene.path("silent.sock");
    drop(std::os::unix::net::UnixListener::bind(&silent).unwrap());
    let found = find(vec![Address::Socket(silent)]).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].version(), None);
    assert_eq!(found[0].images(&Job::silent()).await.unwrap_err().code(), Code::Unreachable);
}
