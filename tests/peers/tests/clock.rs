//! Row 25: a computer whose clock is a year off. libfaketime moves the clock of the whole program; the monotonic one
//! goes on as it is, as on such a computer.

use std::path::PathBuf;
use std::process::Command;

use peers::{Finished, Longshore, Running};
use testkit::auth::{Guard, Signer, TokenServer};
use testkit::front::Front;
use testkit::image::Image;
use testkit::real::DockerRegistry;
use testkit::registry::Registry;
use testkit::server::On;
use testkit::tls::Authority;

/// Runs a command with its clock moved by so many days.
fn run(mut command: Command, days: &str) -> Finished {
    let libraries =
        std::fs::read_dir("/usr/lib").expect("a folder").map(|entry| entry.expect("an entry").path());
    let library: PathBuf = libraries
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|file| file.is_file())
        .expect("libfaketime is installed (Debian: apt install libfaketime)");
    command.env("LD_PRELOAD", library).env("FAKETIME", format!("{days}d"));
    for name in ["DONT_FAKE_MONOTONIC", "FAKETIME_DONT_FAKE_MONOTONIC"] {
        command.env(name, "1");
    }
    Running::start(&mut command).wait()
}

#[test]
fn f025_tokens_live_by_the_monotonic_clock() {
    let front = Front::start();
    let tokens = TokenServer::builder()
        .account("ann", "secret")
        .no_anonymous()
        .signed(Signer::new("testkit"))
        .realm(&front.url("/token"))
        .start();
    let registry = DockerRegistry::builder().tokens(&tokens, Some(("ann", "secret"))).start();
    front.route("/token", &tokens.host());
    front.route("/", &registry.host());
    registry.put("team/app", "1", &Image::tiny("behind tokens"));
    for days in ["-365", "+365"] {
        let longshore = Longshore::new();
        longshore.log_in(&front.host(), "ann", "secret");
        tokens.clear_log();
        let pull = longshore.command(&["pull", "--json", &format!("{}/team/app:1", front.host())]);
        run(pull, days).ok();
        assert_eq!(longshore.blobs().len(), 3, "{days}");
        assert_eq!(tokens.count(&On::any("/token")), 1, "{days}: one token for all of it");
    }
}

#[test]
fn f025_a_certificate_that_the_clock_makes_invalid_points_at_the_clock() {
    let authority = Authority::new();
    let registry = Registry::start_tls(&authority.short_lived(), Guard::Open);
    registry.put("team/app", "1", &Image::tiny("behind TLS"));
    let reference = registry.reference("team/app", "1");
    for (days, says) in [("+0", None), ("+365", Some("has expired")), ("-365", Some("is not valid yet"))] {
        let longshore = Longshore::new();
        let roots = authority.write(longshore.dir()).expect("written");
        let mut pull = longshore.command(&["pull", &reference]);
        pull.env("SSL_CERT_FILE", roots);
        let run = run(pull, days);
        let Some(says) = says else {
            run.ok();
            registry.clear_log();
            continue;
        };
        assert_eq!(run.status, Some(1), "{days}: {}", run.stdout);
        let named = run.stderr.contains(&format!("the certificate of `{}` {says}", registry.host()));
        assert!(
            named && run.stderr.contains("hint: Check the clock of this computer"),
            "{days}: {}",
            run.stderr
        );
        assert!(longshore.blobs().is_empty(), "{days}");
        assert_eq!(registry.count(&On::any("*")), 0, "{days}: nothing was asked over such a connection");
    }
}
