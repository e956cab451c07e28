//! How smoothly the page is drawn: the time between animation frames, as the page itself sees it.

use std::fmt;

use crate::window::Window;

/// What was drawn between [`Window::begin_frames`] and [`Window::end_frames`].
#[derive(Clone, Copy, Debug)]
pub struct Frames {
    /// How many.
    pub count: usize,
    /// How many in a second, on the whole.
    pub per_second: f64,
    /// The time that half of them took at most, milliseconds.
    pub median: f64,
    /// The time that 95 of 100 took at most, milliseconds.
    pub most: f64,
    /// The longest time without one, milliseconds.
    pub longest: f64,
    /// Load of the machine over the last minute: how many programs wanted to run.
    pub load: f64,
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, per_second, median, most, longest, load } = self;
        write!(
            f,
            "{count} frames, {per_second:.1} a second; half within {median:.1} ms, 95 of 100 within {most:.1} ms, longest {longest:.1} ms; load {load:.1}"
        )
    }
}

impl Window {
    /// Begins to count frames.
    pub async fn begin_frames(&self) {
        let begin = "window.frameTimes = []; const frame = (now) => { if (!window.frameTimes) return; window.frameTimes.push(now); requestAnimationFrame(frame); }; requestAnimationFrame(frame); return 1";
        self.script(begin, vec![]).await;
    }

    /// What was drawn since they began to be counted.
    pub async fn end_frames(&self) -> Frames {
        let times = self
            .script("const times = window.frameTimes; window.frameTimes = null; return times", vec![])
            .await;
        let times: Vec<f64> =
            times.as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect();
        let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        gaps.sort_by(f64::total_cmp);
        let at = |part: usize| gaps.get(gaps.len() * part / 100).or(gaps.last()).copied().unwrap_or_default();
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        let load = load.and_then(|it| it.split(' ').next()?.parse().ok()).unwrap_or_default();
        let whole: f64 = gaps.iter().sum();
        Frames {
            count: times.len(),
            per_second: if whole > 0.0 { 1000.0 * gaps.len() as f64 / whole } else { 0.0 },
            median: at(50),
            most: at(95),
            longest: gaps.last().copied().unwrap_or_default(),
            load,
        }
    }
}
