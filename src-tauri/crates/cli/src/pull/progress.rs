//! What happens to each layer, as Docker words it: in place on a terminal, else one line for each layer that is done.

use std::sync::{Arc, Mutex, MutexGuard};

use engine::job::{NodeKind, PlannedBlob, Settlement, TransferEvent};
use oci::Digest;

use super::bars::Bars;
use crate::output;

/// Watches a job and prints.
pub struct Progress {
    mode: Mode,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// No lines for layers.
    Silent,
    /// A line for each layer that is done.
    Lines,
    /// A line for each layer, rewritten as it changes.
    Bars,
}

/// Of one image.
#[derive(Default)]
struct State {
    layers: Vec<Layer>,
    bars: Option<Bars>,
}

struct Layer {
    digest: Digest,
    id: String,
    size: u64,
    present: bool,
}

impl Progress {
    /// Tells of layers where `layers` is set, in place where stdout is a terminal.
    pub fn new(layers: bool, terminal: bool) -> Arc<Self> {
        let mode = match (layers, terminal) {
            (false, _) => Mode::Silent,
            (true, false) => Mode::Lines,
            (true, true) => Mode::Bars,
        };
        Arc::new(Self { mode, state: Mutex::default() })
    }

    /// Takes one event of the job.
    pub fn observe(&self, event: TransferEvent) {
        let mut state = self.state();
        match event {
            TransferEvent::Planned { blobs, .. } if self.mode != Mode::Silent => {
                self.planned(&mut state, &blobs);
            }
            TransferEvent::Advanced { digest, done } => state.each(&digest, |bars, at, layer| {
                bars.downloading(at, done.min(layer.size), layer.size);
            }),
            TransferEvent::Verifying { digest } => {
                state.each(&digest, |bars, at, _| bars.say(at, "Verifying Checksum"));
            }
            TransferEvent::Settled { digest, settlement: Settlement::Complete } => match self.mode {
                Mode::Silent => {}
                // A closed pipe shows when the result is printed.
                Mode::Lines => state.find(&digest).into_iter().for_each(|(_, layer)| {
                    let _ = output::line(&format!("{}: Pull complete", layer.id));
                }),
                Mode::Bars => {
                    state.each(&digest, |bars, at, _| bars.done(at, "Download complete", "Pull complete"));
                }
            },
            TransferEvent::Retrying { digest: Some(digest), wait, .. }
                if self.mode == Mode::Bars && state.find(&digest).is_some() =>
            {
                let seconds = wait.as_secs().max(1);
                let word = if seconds == 1 { "second" } else { "seconds" };
                state.each(&digest, |bars, at, _| bars.say(at, &format!("Retrying in {seconds} {word}")));
            }
            other => match &state.bars {
                Some(bars) => bars.aside(|| output::note_event(&other)),
                None => output::note_event(&other),
            },
        }
    }

    /// The image is done, or failed: what is on the screen stays there.
    pub fn end(&self, complete: bool) {
        let mut state = self.state();
        let State { layers, bars } = std::mem::take(&mut *state);
        let Some(bars) = bars else { return };
        for (at, layer) in layers.iter().enumerate() {
            if complete && !layer.present {
                bars.complete(at);
            }
        }
        bars.end();
    }

    fn planned(&self, state: &mut State, blobs: &[PlannedBlob]) {
        state.layers.clear();
        // As Docker: an image that is here whole has no lines for its layers.
        if blobs.iter().all(|blob| blob.present) {
            return;
        }
        let layer = |blob: &PlannedBlob| Layer {
            digest: blob.descriptor.digest.clone(),
            id: blob.descriptor.digest.short().to_owned(),
            size: blob.descriptor.size,
            present: blob.present,
        };
        state.layers = blobs.iter().filter(|blob| blob.kind == NodeKind::Layer).map(layer).collect();
        match self.mode {
            Mode::Silent => {}
            Mode::Lines => {
                for layer in state.layers.iter().filter(|layer| layer.present) {
                    let _ = output::line(&format!("{}: Already exists", layer.id));
                }
            }
            Mode::Bars => {
                let bars = Bars::new(state.layers.iter().map(|layer| layer.id.clone()));
                for (at, layer) in state.layers.iter().enumerate() {
                    if layer.present {
                        bars.done(at, "Already exists", "Already exists");
                    } else {
                        bars.say(at, "Waiting");
                    }
                }
                state.bars = Some(bars);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the progress")
    }
}

impl State {
    fn find(&self, digest: &Digest) -> Option<(usize, &Layer)> {
        self.layers.iter().enumerate().find(|(_, layer)| layer.digest == *digest)
    }

    fn each(&self, digest: &Digest, tell: impl FnOnce(&Bars, usize, &Layer)) {
        if let (Some(bars), Some((at, layer))) = (&self.bars, self.find(digest)) {
            tell(bars, at, layer);
        }
    }
}
