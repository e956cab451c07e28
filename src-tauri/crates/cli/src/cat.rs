//! `cat`: one file of an image.

use std::io::{self, Read, Write};

use engine::job::Job;
use engine::layers::FileReader;
use engine::{Code, Error};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::inside::Inside;
use crate::interrupt::{self, Threads};
use crate::output;

/// Runs the verb.
pub fn run(args: &args::Cat, context: &Context) -> Result<(), Failure> {
    let job = Job::new(|event| output::note_event(&event));
    let work = async {
        let inside = Inside::open(&args.look, context, &job).await?;
        let layers = inside.count(args.layer)?;
        let path = args.path.clone();
        let copied = {
            let job = job.clone();
            tokio::task::spawn_blocking(move || copy(&inside, &path, layers, &job)).await
        };
        copied.map_err(|panic| Error::new(Code::Internal, "reading the file failed").with_source(panic))?
    };
    interrupt::run(Threads::Several, &job, work)
}

fn copy(inside: &Inside, path: &str, layers: usize, job: &Job) -> Result<(), Failure> {
    let stack = &inside.stack;
    let at = stack.follow(path.as_bytes(), layers, true)?;
    let version = stack.at(at, layers);
    let (layer, node) = version
        .map(|version| stack.bytes_of(&version).unwrap_or((version.layer, version.node.number())))
        .unwrap_or_default();
    let mut reader = FileReader::open(&inside.layers, layer, &stack.layers()[layer], node, job)?;
    let mut stdout = io::stdout().lock();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = reader.read(&mut buffer).map_err(|error| unreadable(path, error))?;
        if count == 0 {
            return Ok(stdout.flush()?);
        }
        match stdout.write_all(&buffer[..count]) {
            // Whoever read had enough of it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            other => other?,
        }
    }
}

fn unreadable(path: &str, error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(own) => own,
        Err(error) => Error::new(Code::LayerInvalid, format!("`{path}` can't be read to its end"))
            .with_hint("Its layer is damaged: pull the image again")
            .with_source(error),
    }
}
