//! No verb: the window, a program of its own.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use engine::{Code, Error};

use crate::context::Context;
use crate::failure::Failure;

const PROGRAM: &str = "longshore-desktop";

/// Becomes the window's program. Returns only where that fails.
pub fn run(context: &Context) -> Result<(), Failure> {
    let shared = &context.shared;
    let of_hosts = [&shared.plain_http, &shared.trust_realm, &shared.skip_tls_verify];
    let said =
        of_hosts.iter().any(|hosts| !hosts.is_empty()) || !shared.ca.is_empty() || !shared.mirror.is_empty();
    if shared.json || said || shared.proxy.is_some() {
        return Err(Failure::Usage {
            message: "`--json` and the options about registries and proxies go with a verb".to_owned(),
            hint: "`longshore --help` lists the verbs; in the window such hosts are in the settings"
                .to_owned(),
        });
    }
    let mut command = program()?;
    // A relative folder means the same to the window: it starts in the same place.
    command.envs(shared.store.iter().map(|dir| ("LONGSHORE_STORE", dir)));
    command.envs(shared.docker_config.iter().map(|dir| ("DOCKER_CONFIG", dir)));
    let Err(failure) = become_it(command);
    Err(failure)
}

/// Becomes the window's program, with files to open. Returns only where that fails.
pub fn open(files: &[OsString]) -> Result<Infallible, Failure> {
    let mut command = program()?;
    command.args(files);
    become_it(command)
}

/// The arguments, where every one of them is a file or a folder that exists; else none: then they are verbs and options.
pub fn files(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let arguments: Vec<OsString> = arguments.collect();
    let exist = arguments
        .iter()
        .all(|argument| !argument.as_encoded_bytes().starts_with(b"-") && Path::new(argument).exists());
    if exist { arguments } else { Vec::new() }
}

fn become_it(mut command: Command) -> Result<Infallible, Failure> {
    let failed = command.exec();
    let program = command.get_program().to_string_lossy().into_owned();
    Err(Error::new(Code::Internal, format!("`{program}` can't be started")).with_source(failed).into())
}

fn program() -> Result<Command, Failure> {
    let Some(program) = find() else {
        return Err(Error::new(Code::ConfigInvalid, format!("`{PROGRAM}`, the window, is not installed here"))
            .with_hint(format!("Put `{PROGRAM}` beside `longshore` or on the PATH; `longshore --help` lists what works without it"))
            .into());
    };
    Ok(Command::new(program))
}

/// Beside this program, else on the PATH.
fn find() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROGRAM)));
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An empty entry would mean the working directory, which must not decide what is run.
    let on_path = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(PROGRAM));
    beside.into_iter().chain(on_path).find(|program| is_executable(program.as_path()))
}

fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    program.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
