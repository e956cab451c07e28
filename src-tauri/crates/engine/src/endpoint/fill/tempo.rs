//! Whether more connections would help: only where each brings less than the machine can take, and only for as long
//! as each new one brings about what the others do.

use std::time::{Duration, Instant};

/// A connection that brings more than this is not the bottleneck, bytes a second.
const FAST: f64 = 150e6;
/// As many slow measurements in a row make a slow connection.
const SLOW_ENOUGH: u32 = 2;
/// How long nothing is added after it was seen not to help.
const HOLD: Duration = Duration::from_secs(5);

pub(crate) struct Tempo {
    since: Instant,
    before: u64,
    /// Speed of each connection before the last ones came, and how many there were then.
    trial: Option<Trial>,
    hold_until: Option<Instant>,
    last: (f64, usize),
    /// Slow measurements in a row: one alone may be this computer's own doing.
    slow: u32,
}

struct Trial {
    each: f64,
    connections: usize,
    settled_at: Instant,
}

impl Tempo {
    /// How often it is asked.
    pub(crate) const TICK: Duration = Duration::from_millis(120);

    pub(crate) fn new(arrived: u64) -> Self {
        Self {
            since: Instant::now(),
            before: arrived,
            trial: None,
            hold_until: None,
            last: (0.0, 0),
            slow: 0,
        }
    }

    /// How many connections to add to those `working` now.
    pub(crate) fn more(&mut self, arrived: u64, working: usize, now: Instant) -> usize {
        let elapsed = now.duration_since(self.since);
        if elapsed < Self::TICK / 2 || working == 0 {
            return 0;
        }
        let each = arrived.saturating_sub(self.before) as f64 / elapsed.as_secs_f64() / working as f64;
        if self.trial.as_ref().is_some_and(|trial| now < trial.settled_at) {
            // The new ones are still getting up to speed: their beginning is not counted.
            return 0;
        }
        self.since = now;
        self.before = arrived;
        if let Some(trial) = self.trial.take() {
            // On a full line, more connections share what fewer had; on a free one each keeps its speed.
            let shared = trial.each * trial.connections as f64 / working.max(trial.connections) as f64;
            if working > trial.connections && each < (trial.each + shared) / 2.0 {
                self.hold_until = Some(now + HOLD);
            }
        }
        self.last = (each, working);
        let held = self.hold_until.is_some_and(|until| now < until);
        self.slow = if each < FAST && arrived > 0 { self.slow + 1 } else { 0 };
        if held || self.slow < SLOW_ENOUGH { 0 } else { working }
    }

    /// So many were added on the last answer.
    pub(crate) fn added(&mut self, connections: usize) {
        if connections > 0 {
            let (each, working) = self.last;
            let settled_at = Instant::now() + Self::TICK * 2;
            self.trial = Some(Trial { each, connections: working, settled_at });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a second of a line on which each connection may bring `each` and all together `line` bytes a second.
    fn connections_after(each: f64, line: f64, seconds: f64) -> usize {
        let begin = Instant::now();
        let (mut tempo, mut working, mut arrived, mut at) = (Tempo::new(0), 1, 0.0, 0.0);
        while at < seconds {
            at += Tempo::TICK.as_secs_f64();
            arrived += (each * working as f64).min(line) * Tempo::TICK.as_secs_f64();
            let now = begin + Duration::from_secs_f64(at);
            let added = tempo.more(arrived as u64, working, now).min(8 - working);
            working += added;
            if added > 0 {
                let (each, before) = tempo.last;
                tempo.trial = Some(Trial { each, connections: before, settled_at: now + Tempo::TICK });
            }
        }
        working
    }

    #[test]
    fn connections_are_added_where_each_is_the_bottleneck() {
        assert_eq!(connections_after(60e6, 1e12, 2.0), 8, "a far registry with room on the line");
        assert_eq!(connections_after(1e9, 1e9, 2.0), 1, "a near one");
        assert!(connections_after(12e6, 12e6, 2.0) <= 2, "a slow line that one connection fills");
    }
}
