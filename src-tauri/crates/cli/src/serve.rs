//! `serve`: the embedded registry over a folder, for other tools on this computer.

use std::net::Ipv4Addr;

use engine::job::Job;
use registry_server::{Options, RegistryServer, practice};
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output;

/// Runs the verb, until Ctrl-C: that is its end, not a failure.
pub fn run(args: &args::Serve, context: &Context) -> Result<(), Failure> {
    let store = context.store()?;
    if args.practice {
        practice::fill(&store)?;
    }
    let options = Options { address: (Ipv4Addr::LOCALHOST, args.port).into(), read_only: args.read_only };
    let job = Job::silent();
    interrupt::run(Threads::Several, &job, async {
        let server = RegistryServer::start(store, options).await?;
        let address = server.address();
        if context.json() {
            output::bytes(format!("{}\n", json!({ "address": address.to_string() })).as_bytes())?;
        } else {
            output::line(&format!(
                "Serving {address} until Ctrl-C; try `longshore pull {address}/NAME:TAG`"
            ))?;
        }
        job.cancelled().await;
        server.stop().await;
        Ok(())
    })
}
