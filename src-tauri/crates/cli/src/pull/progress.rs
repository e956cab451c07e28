//! What happens to each layer, as Docker words it: in place on a terminal, else one line for each layer that is done.

use std::sync::{Arc, Mutex, MutexGuard};

use engine::job::{NodeKind, PlannedBlob, Settlement, TransferEvent};
use oci::Digest;

use super::bars::Bars;
use crate::output;

/// What each thing that happens to a layer is called.
#[derive(Clone, Copy)]
pub struct Words {
    /// It is asked about; none where that goes without saying.
    pub preparing: Option<&'static str>,
    /// It was there.
    pub exists: &'static str,
    /// Its bytes move.
    pub moving: &'static str,
    /// Its bytes are compared with the digest.
    pub verifying: Option<&'static str>,
    /// Its bytes are there.
    pub moved: &'static str,
    /// It is done, as a line that stands alone says it.
    pub done: &'static str,
}

impl Words {
    /// As `docker pull` has them.
    pub const PULL: Self = Self {
        preparing: None,
        exists: "Already exists",
        moving: "Downloading",
        verifying: Some("Verifying Checksum"),
        moved: "Download complete",
        done: "Pull complete",
    };
    /// As `docker push` has them.
    pub const PUSH: Self = Self {
        preparing: Some("Preparing"),
        exists: "Layer already exists",
        moving: "Pushing",
        verifying: None,
        moved: "Pushed",
        done: "Pushed",
    };
    /// For a copy, which Docker has not.
    pub const COPY: Self = Self {
        preparing: None,
        exists: "Already exists",
        moving: "Copying",
        verifying: None,
        moved: "Copied",
        done: "Copied",
    };

    /// As `docker load` has them, near enough.
    pub const LOAD: Self = Self {
        preparing: None,
        exists: "Already exists",
        moving: "Loading layer",
        verifying: Some("Verifying Checksum"),
        moved: "Loaded",
        done: "Loaded",
    };
    /// For a save, of which Docker says nothing.
    pub const SAVE: Self = Self {
        preparing: None,
        exists: "Saved with another image",
        moving: "Saving layer",
        verifying: None,
        moved: "Saved",
        done: "Saved",
    };

    /// A pull of what is here whole has no lines for its layers; a push always says what it found.
    fn tells_of_nothing(self) -> bool {
        self.preparing.is_some()
    }
}

/// Watches a job and prints.
pub struct Progress {
    words: Words,
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
    pub fn new(words: Words, layers: bool, terminal: bool) -> Arc<Self> {
        let mode = match (layers, terminal) {
            (false, _) => Mode::Silent,
            (true, false) => Mode::Lines,
            (true, true) => Mode::Bars,
        };
        Arc::new(Self { words, mode, state: Mutex::default() })
    }

    /// Takes one event of the job.
    pub fn observe(&self, event: TransferEvent) {
        let mut state = self.state();
        let words = self.words;
        match event {
            TransferEvent::Reading { done, total } if self.mode == Mode::Bars => {
                if done < total {
                    let one = || Bars::new(std::iter::once("Archive".to_owned()));
                    state.bars.get_or_insert_with(one).moving(0, "Reading", done, total);
                } else if let Some(bars) = state.bars.take() {
                    bars.clear();
                }
            }
            TransferEvent::Preparing { blobs } if self.mode != Mode::Silent => {
                if let Some(preparing) = words.preparing {
                    self.preparing(&mut state, &blobs, preparing);
                }
            }
            TransferEvent::Planned { blobs, .. } if self.mode != Mode::Silent => {
                self.planned(&mut state, &blobs);
            }
            TransferEvent::Advanced { digest, done } => state.each(&digest, |bars, at, layer| {
                bars.moving(at, words.moving, done.min(layer.size), layer.size);
            }),
            TransferEvent::Verifying { digest } => {
                if let Some(verifying) = words.verifying {
                    state.each(&digest, |bars, at, _| bars.say(at, verifying));
                }
            }
            TransferEvent::Settled { digest, settlement: Settlement::Complete } => match self.mode {
                Mode::Silent => {}
                // A closed pipe shows when the result is printed.
                Mode::Lines => state.find(&digest).into_iter().for_each(|(_, layer)| {
                    let _ = output::line(&format!("{}: {}", layer.id, words.done));
                }),
                Mode::Bars => {
                    state.each(&digest, |bars, at, _| bars.done(at, words.moved, words.done));
                }
            },
            TransferEvent::Settled { digest, settlement: Settlement::Mounted { from } } => {
                let what = format!("Mounted from {}", from.path());
                match self.mode {
                    Mode::Silent => {}
                    Mode::Lines => state.find(&digest).into_iter().for_each(|(_, layer)| {
                        let _ = output::line(&format!("{}: {what}", layer.id));
                    }),
                    Mode::Bars => state.each(&digest, |bars, at, _| bars.done(at, &what, &what)),
                }
            }
            TransferEvent::Settled { digest, settlement: Settlement::Exists } if words.tells_of_nothing() => {
                match self.mode {
                    Mode::Silent => {}
                    Mode::Lines => state.find(&digest).into_iter().for_each(|(_, layer)| {
                        let _ = output::line(&format!("{}: {}", layer.id, words.exists));
                    }),
                    Mode::Bars => {
                        state.each(&digest, |bars, at, _| bars.done(at, words.exists, words.exists));
                    }
                }
            }
            TransferEvent::Retrying { digest: Some(digest), wait, .. }
                if self.mode == Mode::Bars && state.find(&digest).is_some() =>
            {
                let seconds = wait.as_secs().max(1);
                let wait = output::count(seconds, "second", "seconds");
                state.each(&digest, |bars, at, _| bars.say(at, &format!("Retrying in {wait}")));
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
                bars.complete(at, self.words.done);
            }
        }
        bars.end();
    }

    /// The layers are known, and none was asked about.
    fn preparing(&self, state: &mut State, blobs: &[PlannedBlob], word: &str) {
        state.layers = layers(blobs);
        if self.mode == Mode::Bars {
            state.bars = Some(Bars::new(state.layers.iter().map(|layer| layer.id.clone())));
        }
        for (at, layer) in state.layers.iter().enumerate() {
            match &state.bars {
                Some(bars) => bars.say(at, word),
                None => {
                    let _ = output::line(&format!("{}: {word}", layer.id));
                }
            }
        }
    }

    fn planned(&self, state: &mut State, blobs: &[PlannedBlob]) {
        if self.words.preparing.is_some() {
            state.layers = layers(blobs);
            for (at, _) in state.layers.iter().enumerate().filter(|(_, layer)| !layer.present) {
                if let Some(bars) = &state.bars {
                    bars.say(at, "Waiting");
                }
            }
            return;
        }
        state.layers.clear();
        // As Docker: an image that is here whole has no lines for its layers.
        if blobs.iter().all(|blob| blob.present) {
            return;
        }
        state.layers = layers(blobs);
        match self.mode {
            Mode::Silent => {}
            Mode::Lines => {
                for layer in state.layers.iter().filter(|layer| layer.present) {
                    let _ = output::line(&format!("{}: {}", layer.id, self.words.exists));
                }
            }
            Mode::Bars => {
                let bars = Bars::new(state.layers.iter().map(|layer| layer.id.clone()));
                for (at, layer) in state.layers.iter().enumerate() {
                    if layer.present {
                        bars.done(at, self.words.exists, self.words.exists);
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

fn layers(blobs: &[PlannedBlob]) -> Vec<Layer> {
    let layer = |blob: &PlannedBlob| Layer {
        digest: blob.descriptor.digest.clone(),
        id: blob.descriptor.digest.short().to_owned(),
        size: blob.descriptor.size,
        present: blob.present,
    };
    blobs.iter().filter(|blob| blob.kind == NodeKind::Layer).map(layer).collect()
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
