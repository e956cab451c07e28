//! With no verb the window opens.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use support::{Ran, World, script};

/// The program where no window lies beside it, whatever was built before.
fn alone(world: &World, args: &[&str]) -> Command {
    let folder = world.path("alone");
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("longshore");
    if !program.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_longshore"), &program).unwrap();
    }
    let usual = world.command(args);
    let mut command = Command::new(program);
    command.env_clear().args(usual.get_args()).stdin(std::process::Stdio::null());
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(world.path("."));
    command
}

#[test]
fn no_verb_becomes_the_window() {
    let world = World::new();
    let missing = Ran::of(alone(&world, &[]).output().unwrap());
    assert_eq!(missing.status, 1, "{missing:?}");
    assert!(
        missing.stderr.starts_with("error: `longshore-desktop`, the window, is not installed here\nhint: ")
    );

    let bin = world.path("bin");
    std::fs::create_dir(&bin).unwrap();
    script(
        &bin.join("longshore-desktop"),
        "#!/bin/sh\necho window $$ \"$LONGSHORE_STORE\" \"$DOCKER_CONFIG\"\nexit 7\n",
    );
    let mut command = alone(&world, &["--store", "/images", "--docker-config", "/accounts"]);
    let child = command.env("PATH", &bin).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    // The same process: signals and the exit status are the window's.
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("window {id} /images /accounts\n"));
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn files_open_in_the_window_and_a_slip_of_the_pen_does_not() {
    let world = World::new();
    let bin = world.path("bin");
    std::fs::create_dir(&bin).unwrap();
    script(&bin.join("longshore-desktop"), "#!/bin/sh\necho \"window $@\"\n");
    std::fs::write(world.path("a b.tar"), "").unwrap();
    let run = |args: &[&str]| Ran::of(alone(&world, args).env("PATH", &bin).output().unwrap());
    let opened = run(&["a b.tar", "bin"]);
    assert_eq!((opened.status, opened.stdout.as_str()), (0, "window a b.tar bin\n"), "{opened:?}");
    for args in [&["pul"][..], &["absent.tar"], &["a b.tar", "absent.tar"], &["a b.tar", "--json"]] {
        let refused = run(args);
        assert_eq!((refused.status, refused.stdout.as_str()), (2, ""), "{args:?}: {refused:?}");
    }
}

#[test]
fn the_working_directory_does_not_decide_what_runs() {
    let world = World::new();
    script(&world.path("longshore-desktop"), "#!/bin/sh\necho planted\n");
    for path in [".", "", "bin:"] {
        let output = alone(&world, &[]).env("PATH", path).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(output.stdout.is_empty(), "{path}");
    }
}

#[test]
fn options_of_verbs_need_a_verb() {
    let world = World::new();
    for args in [&["--json"][..], &["--plain-http", "x"], &["--trust-realm", "x"]] {
        assert_eq!(world.run(args).status, 2, "{args:?}");
    }
}
