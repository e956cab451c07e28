//! The measured comparison with peers: whole programs, the same registry, in turn, several rounds; medians and
//! ratios. It judges nothing: the figures are for people.

mod archive;
mod images;
mod inside;
mod measure;
mod push;
mod report;

use std::path::{Path, PathBuf};

use clap::Parser;
use testkit::proxy::{Link, Proxy};
use testkit::real::DockerRegistry;

use images::BenchImage;
use inside::{Inside, Look};
use measure::{Contender, Job};
use push::{Pusher, Way};
use report::Report;

/// Measures Longshore beside skopeo and umoci, and crane and dive where they are on PATH.
#[derive(Parser)]
struct Options {
    /// Rounds that count; one more goes first and does not. The registry is the `docker-registry` on PATH.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only the jobs whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// The `longshore` to measure.
    #[arg(long, default_value = "target/release/longshore")]
    longshore: PathBuf,
    /// Where images are kept from run to run, on a disk.
    #[arg(long, default_value = "target/bench")]
    work: PathBuf,
    /// Where the results go as JSON.
    #[arg(long, default_value = "target/bench/results.json")]
    results: PathBuf,
}

fn main() {
    let options = Options::parse();
    assert!(options.longshore.is_file(), "`{}` is missing: run `make bench`", options.longshore.display());
    std::fs::create_dir_all(&options.work).expect("the work folder can be made");
    let small = BenchImage::make(&options.work, "small", 5, 39 << 20, None);
    let large = BenchImage::make(&options.work, "large", 8, 1_166 << 20, Some(578 << 20));
    let many = BenchImage::make_many(&options.work, "manyfiles", 3, 115_000);
    let registry = DockerRegistry::open();
    for image in [&small, &large, &many] {
        image.upload(&registry.host());
    }
    let far = Proxy::with_link(&registry.host(), Link::far());
    let mut report = Report::new(options.rounds);
    for (image, disk) in [(&small, false), (&small, true), (&large, false), (&large, true)] {
        let at = if disk { "disk" } else { "shm" };
        let name = format!("pull {}, {at}", image.name);
        run(&options, &mut report, &name, image, &registry.host(), disk, false);
    }
    run(&options, &mut report, "pull small, far", &small, &far.host(), false, false);
    run(&options, &mut report, "pull large, far", &large, &far.host(), false, false);
    eprintln!("far: {} connections open at most", far.most_open());
    run(&options, &mut report, "pull large again, shm", &large, &registry.host(), false, true);
    for (image, way, name) in [
        (&small, Way::Empty, "push small, empty registry"),
        (&large, Way::Empty, "push large, empty registry"),
        (&large, Way::Again, "push large, everything there"),
        (&large, Way::Copy, "copy large, registry to registry"),
    ] {
        run_push(&options, &mut report, name, image, &registry.host(), way);
    }
    for (image, look, name) in [
        (&large, Look::Index, "list all files of large"),
        (&large, Look::Again, "list all files of large again"),
        (&large, Look::Raw, "list all files of large, a Docker archive"),
        (&many, Look::Index, "list all files of manyfiles"),
        (&many, Look::Again, "list all files of manyfiles again"),
        (&many, Look::Raw, "list all files of manyfiles, a Docker archive"),
        (&large, Look::Export, "export large"),
        (&many, Look::Export, "export manyfiles"),
    ] {
        run_inside(&options, &mut report, name, image, &registry.host(), look);
    }
    for (way, name) in [
        (archive::Way::Save, "save large from the store"),
        (archive::Way::LoadOci, "load large, an OCI archive, shm"),
        (archive::Way::LoadDocker, "load large, a Docker archive, compressing, shm"),
        (archive::Way::Pull, "pull large straight to an archive"),
    ] {
        run_archive(&options, &mut report, name, &large, &registry.host(), way);
    }
    if "files at scale".contains(&options.only) {
        scale(&options.work);
    }
    report.print();
    report.save(&options.results);
}

/// Trees of many files, which no other program shows: figures of time and memory alone.
fn scale(work: &Path) {
    let program = std::env::current_exe().expect("the program knows itself").with_file_name("scale");
    for (entries, layers) in [("300000", "20"), ("10000000", "20")] {
        println!("\nan image of {entries} entries in {layers} layers:");
        let mut command = std::process::Command::new(&program);
        command.args(["--entries", entries, "--layers", layers, "--work"]).arg(work);
        assert!(command.status().is_ok_and(|status| status.success()), "`{}` failed", program.display());
    }
}

fn run(
    options: &Options,
    report: &mut Report,
    name: &str,
    image: &BenchImage,
    host: &str,
    disk: bool,
    again: bool,
) {
    if !name.contains(&options.only) {
        return;
    }
    let base: &Path = if disk { &options.work } else { Path::new("/dev/shm") };
    let folder =
        tempfile::Builder::new().prefix("longshore-bench-").tempdir_in(base).expect("a folder for the pulls");
    let job = Job {
        reference: format!("{host}/{}:latest", image.name),
        folder: folder.path().to_owned(),
        disk,
        again,
    };
    let contenders = Contender::all(&options.longshore);
    for round in 0..=options.rounds {
        for contender in &contenders {
            let figures = contender.measure(&job);
            image.check(contender, &job);
            if round > 0 {
                report.add(name, contender.name(), figures);
            }
        }
    }
    report.print_job(name);
}

fn run_push(options: &Options, report: &mut Report, name: &str, image: &BenchImage, full: &str, way: Way) {
    if !name.contains(&options.only) {
        return;
    }
    let folder = tempfile::Builder::new()
        .prefix("longshore-bench-")
        .tempdir_in(&options.work)
        .expect("a folder for the store");
    let longshore = std::path::absolute(&options.longshore).expect("the working folder is known");
    let pusher = Pusher::new(image, &longshore, folder.path(), full);
    let contenders = Contender::all(&options.longshore);
    for round in 0..=options.rounds {
        for contender in &contenders {
            let figures = pusher.measure(contender, way);
            if round > 0 {
                report.add(name, contender.name(), figures);
            }
        }
    }
    report.print_job(name);
}

fn run_inside(
    options: &Options,
    report: &mut Report,
    name: &str,
    image: &BenchImage,
    host: &str,
    look: Look,
) {
    if !name.contains(&options.only) {
        return;
    }
    let folder = tempfile::Builder::new()
        .prefix("longshore-bench-")
        .tempdir_in(&options.work)
        .expect("a folder for the store");
    let longshore = std::path::absolute(&options.longshore).expect("the working folder is known");
    let inside = Inside::new(image, &longshore, folder.path(), host);
    for round in 0..=options.rounds {
        for (contender, figures) in inside.measure(look) {
            if round > 0 {
                report.add(name, contender, figures);
            }
        }
    }
    report.print_job(name);
}

fn run_archive(
    options: &Options,
    report: &mut Report,
    name: &str,
    image: &BenchImage,
    host: &str,
    way: archive::Way,
) {
    if !name.contains(&options.only) {
        return;
    }
    // What is compared is the programs, not the disk.
    let folder = tempfile::Builder::new().prefix("longshore-bench-").tempdir_in("/dev/shm");
    let folder = folder.expect("a folder for the archives");
    let longshore = std::path::absolute(&options.longshore).expect("the working folder is known");
    let archives = archive::Archives::new(image, &longshore, folder.path(), host, way);
    for round in 0..=options.rounds {
        for (contender, figures, bytes) in archives.measure(way) {
            if round > 0 {
                report.add(name, contender, figures);
            } else {
                eprintln!("{name}: {contender} wrote {bytes} bytes");
            }
        }
    }
    report.print_job(name);
}
