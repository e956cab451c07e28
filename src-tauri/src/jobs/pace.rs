//! How fast bytes arrive: an average over the last three seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(3);
/// Samples nearer than this are one: the window then has at most thirty.
const STEP: Duration = Duration::from_millis(100);

/// Bytes over time. The counter may fall: a damaged download begins anew.
#[derive(Debug, Default)]
pub struct Pace(VecDeque<(Instant, u64)>);

impl Pace {
    /// Forgets what was: the clock begins at `now`.
    pub fn restart(&mut self, now: Instant, bytes: u64) {
        self.0.clear();
        self.0.push_back((now, bytes));
    }

    /// `bytes` have arrived altogether.
    pub fn sample(&mut self, now: Instant, bytes: u64) {
        // A sample counts for a whole step; the one that the clock began with stays as it is.
        let first = self.0.len() <= 1;
        match self.0.back_mut() {
            Some((at, last)) if !first && now.saturating_duration_since(*at) < STEP => *last = bytes,
            _ => self.0.push_back((now, bytes)),
        }
        // One sample before the window stays, so that its edge is known.
        while self.0.len() > 2 && now.saturating_duration_since(self.0[1].0) >= WINDOW {
            self.0.pop_front();
        }
    }

    /// Bytes a second over the window that ends at `now`.
    pub fn rate(&self, now: Instant) -> u64 {
        let Some((_, last)) = self.0.back() else { return 0 };
        let inside = |(at, _): &&(Instant, u64)| now.saturating_duration_since(*at) <= WINDOW;
        let Some((from, first)) = self.0.iter().find(inside).or(self.0.back()) else { return 0 };
        let time = now.saturating_duration_since(*from).as_secs_f64();
        let bytes = last.saturating_sub(*first);
        if time < 0.001 || bytes == 0 {
            return 0;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let rate = (bytes as f64 / time) as u64;
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_three_seconds() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut pace = Pace::default();
        pace.restart(start, 0);
        for step in 1..=50u64 {
            pace.sample(at(step * 100), step * 1_000);
        }
        assert_eq!(pace.rate(at(5_000)), 10_000, "steady");
        for step in 51..=80u64 {
            pace.sample(at(step * 100), 50_000 + (step - 50) * 4_000);
        }
        assert_eq!(pace.rate(at(8_000)), 40_000, "the slow past is forgotten");
        assert_eq!(pace.rate(at(11_500)), 0, "nothing arrives");
    }

    #[test]
    fn a_burst_of_samples_is_bounded_and_a_counter_may_fall() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.restart(start, 0);
        for step in 0..10_000u64 {
            pace.sample(start + Duration::from_millis(step), step);
        }
        assert!(pace.0.len() <= 64, "{} samples", pace.0.len());
        pace.sample(start + Duration::from_secs(11), 5);
        assert_eq!(pace.rate(start + Duration::from_secs(11)), 0);
    }
}
