#![doc = include_str!("../README.md")]
//!
//! # Within
//! Each verb is a module: it parses its input, calls the engine, and prints results on stdout, everything else on
//! stderr. [`context`] is the composition root. Deliberately absent: prompts but for a password, files of settings, and any logic that the
//! window would want too, which belongs to the engine.

mod accounts;
mod args;
mod cat;
mod catalog;
mod certificates;
mod context;
mod copy;
mod delete;
mod diff;
mod explain;
mod export;
mod failure;
mod files;
mod find;
mod gc;
mod identify;
mod images;
mod import;
mod inside;
mod inspect;
mod interrupt;
mod layers;
mod load;
mod login;
mod logout;
mod output;
mod pull;
mod push;
mod rate;
mod referrers;
mod rmi;
mod save;
mod serve;
mod stored;
mod tag;
mod tags;
mod transport;
mod waste;
mod window;

use std::process::ExitCode;

use args::{Args, Verb};
use clap::Parser;
use clap::error::ErrorKind;
use context::Context;

fn main() -> ExitCode {
    let Args { shared, verb } = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let files = window::files(std::env::args_os().skip(1));
            if error.kind() == ErrorKind::InvalidSubcommand && !files.is_empty() {
                let Err(failure) = window::open(&files);
                return failure.report(false);
            }
            return failure::usage(&error);
        }
    };
    let json = shared.json;
    let context = Context::new(shared);
    let of_this_computer = matches!(
        verb,
        None | Some(
            Verb::Explain(_)
                | Verb::Identify(_)
                | Verb::Import(_)
                | Verb::Images(_)
                | Verb::Rmi(_)
                | Verb::Gc(_)
                | Verb::Logout(_)
                | Verb::Accounts(_)
                | Verb::Serve(_)
        )
    );
    if !of_this_computer && let Err(failure) = context.check_network() {
        return failure.report(json);
    }
    let outcome = match verb {
        None => window::run(&context),
        Some(Verb::Explain(args)) => explain::run(&args, &context),
        Some(Verb::Pull(args)) => pull::run(&args, &context),
        Some(Verb::Push(args)) => push::run(&args, &context),
        Some(Verb::Copy(args)) => copy::run(&args, &context),
        Some(Verb::Save(args)) => save::run(&args, &context),
        Some(Verb::Load(args)) => load::run(&args, &context),
        Some(Verb::Identify(args)) => identify::run(&args, &context),
        Some(Verb::Import(args)) => import::run(&args, &context),
        Some(Verb::Tag(args)) => tag::run(&args, &context),
        Some(Verb::Images(args)) => images::run(&args, &context),
        Some(Verb::Inspect(args)) => inspect::run(&args, &context),
        Some(Verb::Layers(args)) => layers::run(&args, &context),
        Some(Verb::Files(args)) => files::run(&args, &context),
        Some(Verb::Cat(args)) => cat::run(&args, &context),
        Some(Verb::Waste(args)) => waste::run(&args, &context),
        Some(Verb::Export(args)) => export::run(&args, &context),
        Some(Verb::Rmi(args)) => rmi::run(&args, &context),
        Some(Verb::Gc(args)) => gc::run(&args, &context),
        Some(Verb::Login(args)) => login::run(&args, &context),
        Some(Verb::Logout(args)) => logout::run(&args, &context),
        Some(Verb::Accounts(args)) => accounts::run(&args, &context),
        Some(Verb::Tags(args)) => tags::run(&args, &context),
        Some(Verb::Catalog(args)) => catalog::run(&args, &context),
        Some(Verb::Referrers(args)) => referrers::run(&args, &context),
        Some(Verb::Delete(args)) => delete::run(&args, &context),
        Some(Verb::Diff(args)) => diff::run(&args, &context),
        Some(Verb::Certificates(args)) => certificates::run(&args, &context),
        Some(Verb::Serve(args)) => serve::run(&args, &context),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(json),
    }
}
