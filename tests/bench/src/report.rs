//! Medians and ratios, as text and as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::measure::Figures;

/// All figures so far.
pub struct Report {
    rounds: usize,
    /// Jobs in the order in which they came.
    order: Vec<String>,
    figures: BTreeMap<(String, &'static str), Vec<Figures>>,
}

impl Report {
    pub fn new(rounds: usize) -> Self {
        Self { rounds, order: Vec::new(), figures: BTreeMap::new() }
    }

    pub fn add(&mut self, job: &str, contender: &'static str, figures: Figures) {
        if !self.order.iter().any(|known| known == job) {
            self.order.push(job.to_owned());
        }
        self.figures.entry((job.to_owned(), contender)).or_default().push(figures);
    }

    pub fn print(&self) {
        println!(
            "\nMedians of {} rounds, in turn; ratio: longshore's wall to theirs, round by round.",
            self.rounds
        );
        self.order.iter().for_each(|job| self.print_job(job));
    }

    pub fn print_job(&self, job: &str) {
        println!("{job}");
        for (name, all) in self.of(job) {
            let ratio = self.ratio(job, name).map_or(String::new(), |ratio| format!("  ratio {ratio:.2}"));
            println!(
                "  {name:<10} wall {:>6.3} s  cpu {:>6.2} s  memory {:>6.1} MB{ratio}",
                median(all, |f| f.wall),
                median(all, |f| f.cpu),
                median(all, |f| f.memory)
            );
        }
    }

    fn of<'a>(&'a self, job: &'a str) -> impl Iterator<Item = (&'static str, &'a [Figures])> {
        self.figures
            .iter()
            .filter(move |((of, _), _)| of == job)
            .map(|((_, name), all)| (*name, all.as_slice()))
    }

    fn ratio(&self, job: &str, peer: &'static str) -> Option<f64> {
        let ours = self.figures.get(&(job.to_owned(), "longshore")).filter(|_| peer != "longshore")?;
        let theirs = self.figures.get(&(job.to_owned(), peer))?;
        let mut ratios: Vec<f64> =
            ours.iter().zip(theirs).map(|(ours, theirs)| ours.wall / theirs.wall.max(0.001)).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied()
    }

    pub fn save(&self, path: &Path) {
        let rows: Vec<_> = self
            .figures
            .iter()
            .map(|((job, name), all)| {
                json!({
                    "job": job, "program": name, "rounds": all.len(), "ratio": self.ratio(job, name),
                    "wall_seconds": median(all, |f| f.wall), "cpu_seconds": median(all, |f| f.cpu),
                    "memory_megabytes": median(all, |f| f.memory),
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&rows).expect("figures are JSON");
        std::fs::write(path, text).expect("the results can be written");
    }
}

fn median(all: &[Figures], figure: impl Fn(&Figures) -> f64) -> f64 {
    let mut figures: Vec<f64> = all.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
