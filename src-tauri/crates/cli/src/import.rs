//! `import`: a flat filesystem becomes an image of one layer.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex};

use engine::endpoint::Target;
use engine::job::{Job, TransferEvent};
use engine::rootfs::import::{self, Changes, Input, Options};
use engine::store::StoreSink;
use engine::transfer::{Platforms, Request, transfer};
use engine::{Code, Error};
use jiff::Timestamp;
use oci::Platform;
use serde_json::json;

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::interrupt::{self, Threads};
use crate::output;

/// Runs the verb.
pub fn run(args: &args::Import, context: &Context) -> Result<(), Failure> {
    let from_stdin = args.file == Path::new("-");
    if from_stdin && std::io::stdin().is_terminal() {
        return Err(Failure::Usage {
            message: "there is nothing to import on standard input".to_owned(),
            hint: "Name the file, or pipe it: `docker export CONTAINER | longshore import - NAME`".to_owned(),
        });
    }
    let name = crate::find::reference(&args.name)?;
    if name.digest().is_some() {
        let error = Error::new(Code::ReferenceInvalid, format!("`{name}` names a digest, not a tag"));
        return Err(error.with_hint("Write it as `team/app:imported`").into());
    }
    let options = Options {
        platform: args.platform.clone().unwrap_or_else(Platform::host),
        changes: Changes::parse(&args.change)?,
        message: args.message.clone(),
        created: source_date()?,
    };
    let store = context.store()?;
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let told = warnings.clone();
    let job = Job::new(move |event| {
        if let TransferEvent::Warned { message } = event {
            output::warning(&message);
            told.lock().expect("nobody panics while it is held").push(message);
        }
    });
    let input = match from_stdin {
        true => Input::Stream { bytes: Box::new(std::io::stdin()), name: "-".to_owned() },
        false => Input::File(args.file.clone()),
    };
    interrupt::run(Threads::Several, &job, async {
        let (spool, reading, chosen) = (store.ingest_dir(), job.clone(), options.clone());
        let read = tokio::task::spawn_blocking(move || import::read(input, &spool, &chosen, &reading));
        let panicked = |panic| Error::new(Code::Internal, "reading was broken off").with_source(panic);
        let source = job.run(async { read.await.map_err(panicked)? }).await?;
        let (layer, config) = (source.layer().clone(), source.config().digest.clone());
        let sink = Arc::new(StoreSink::open(&store).await?);
        let request = Request::new(Target::Sole, Platforms::All, Some(name.clone()));
        let outcome = transfer(Arc::new(source), sink, &request, &job).await?;
        let digest = &outcome.root.digest;
        if context.json() {
            let previous = outcome.previous.as_ref().filter(|previous| *previous != digest);
            output::json(&json!({
                "reference": name.canonical(),
                "familiar": name.familiar(),
                "digest": digest,
                "config": config,
                "layer": { "digest": layer.digest, "size": layer.size, "media_type": layer.media_type },
                "platform": options.platform.to_string(),
                "previous": previous,
                "warnings": *warnings.lock().expect("nobody panics while it is held"),
            }))?;
        } else {
            output::line(digest.as_str())?;
        }
        Ok(())
    })
}

/// `SOURCE_DATE_EPOCH`, as the reproducible-builds specification has it: seconds since 1970.
fn source_date() -> Result<Option<Timestamp>, Failure> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map(Some).ok_or_else(|| {
        let why = format!("`SOURCE_DATE_EPOCH={}` is no time", text.to_string_lossy());
        Error::new(Code::ConfigInvalid, why).with_hint("Give seconds since 1970, or unset it").into()
    })
}
