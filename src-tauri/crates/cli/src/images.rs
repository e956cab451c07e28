//! `images`: what the store has, the newest first.

use engine::store::{ContentStore, StoredImage};
use jiff::Timestamp;
use oci::{Platform, Reference, RepositoryName};
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, shown};
use crate::stored::{self, Stored};

const NONE: &str = "<none>";
/// More platforms are counted, not named.
const PLATFORMS_SHOWN: usize = 3;

/// Runs the verb.
pub fn run(args: &args::Images, context: &Context) -> Result<(), Failure> {
    let filter = args.filter.as_deref().map(Filter::parse).transpose()?;
    let images = match context.existing_store()? {
        None => Vec::new(),
        Some(store) => list(&store, filter.as_ref())?,
    };
    if context.json() {
        let objects: Vec<Value> = images.iter().map(Listed::to_json).collect();
        return Ok(output::json(&objects)?);
    }
    if args.quiet {
        let mut told: Vec<&str> = Vec::new();
        for image in &images {
            let id = image.entry.descriptor.digest.short();
            if !told.contains(&id) {
                told.push(id);
                output::line(id)?;
            }
        }
        return Ok(());
    }
    let mut heading = vec!["REPOSITORY", "TAG"];
    heading.extend(args.digests.then_some("DIGEST"));
    heading.extend(["IMAGE ID", "PLATFORMS", "SIZE", "PULLED"]);
    let mut rows = vec![heading.into_iter().map(str::to_owned).collect()];
    let now = Timestamp::now();
    rows.extend(images.iter().map(|image| image.row(args.digests, now)));
    Ok(output::table(&rows)?)
}

/// What of the store is listed: a repository, or one name.
enum Filter {
    Repository(RepositoryName),
    Name(Reference),
}

impl Filter {
    fn parse(input: &str) -> Result<Self, Failure> {
        match input.parse() {
            Ok(repository) => Ok(Self::Repository(repository)),
            Err(_) => Ok(Self::Name(crate::find::reference(input)?)),
        }
    }

    fn fits(&self, name: Option<&Reference>, entry: &StoredImage) -> bool {
        match (self, name) {
            (Self::Repository(repository), Some(name)) => name.repository() == repository,
            (Self::Name(wanted), Some(name)) if name == wanted => true,
            (Self::Name(wanted), _) => wanted.digest() == Some(&entry.descriptor.digest),
            (Self::Repository(_), None) => false,
        }
    }
}

struct Listed {
    entry: StoredImage,
    /// The name, where it is a reference of ours.
    name: Option<Reference>,
    stored: Stored,
}

fn list(store: &ContentStore, filter: Option<&Filter>) -> Result<Vec<Listed>, Failure> {
    let mut images: Vec<Listed> = Vec::new();
    for entry in store.images()? {
        // Another tool may have written a tag alone, which would read as an image on Docker Hub.
        let full = entry.name.as_deref().filter(|name| name.contains(['/', ':', '@']));
        let name = full.and_then(|name| name.parse().ok());
        if filter.is_none_or(|filter| filter.fits(name.as_ref(), &entry)) {
            let stored = stored::look(store, &entry.descriptor);
            images.push(Listed { entry, name, stored });
        }
    }
    // Times are RFC 3339 in UTC: their text sorts as they do. Those of the same second stay as they were stored.
    images.sort_by(|one, other| other.entry.pulled_at().cmp(&one.entry.pulled_at()));
    Ok(images)
}

impl Listed {
    fn to_json(&self) -> Value {
        let descriptor = &self.entry.descriptor;
        json!({
            "name": self.entry.name,
            "repository": self.name.as_ref().map(|name| name.repository().to_string()),
            "tag": self.name.as_ref().and_then(Reference::tag).map(oci::Tag::as_str),
            "digest": descriptor.digest.as_str(),
            "id": descriptor.digest.short(),
            "media_type": descriptor.media_type,
            "platforms": self.stored.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "size": self.stored.size,
            "created": self.stored.created,
            "pulled_at": self.entry.pulled_at(),
            "complete": self.stored.complete,
            "partial": self.stored.partial,
        })
    }

    fn row(&self, digests: bool, now: Timestamp) -> Vec<String> {
        let none = || NONE.to_owned();
        let (repository, tag) = match (&self.name, &self.entry.name) {
            (Some(name), _) => {
                (name.repository().familiar(), name.tag().map_or_else(none, ToString::to_string))
            }
            (None, Some(name)) => (shown(name).into_owned(), none()),
            (None, None) => (none(), none()),
        };
        let mut row = vec![repository, tag];
        if digests {
            row.push(self.entry.descriptor.digest.to_string());
        }
        row.push(self.entry.descriptor.digest.short().to_owned());
        row.push(self.platforms());
        row.push(output::size(self.stored.size, 3));
        row.push(match self.entry.pulled_at().map(str::parse::<Timestamp>) {
            Some(Ok(pulled)) => ago(now.as_second() - pulled.as_second()),
            _ => "-".to_owned(),
        });
        row
    }

    fn platforms(&self) -> String {
        let platforms = &self.stored.platforms;
        if platforms.is_empty() {
            return if self.stored.complete { "-".to_owned() } else { "incomplete".to_owned() };
        }
        some_of(platforms)
    }
}

/// The first platforms of a list, and how many more there are.
pub fn some_of(platforms: &[Platform]) -> String {
    let mut names: Vec<String> = platforms
        .iter()
        .take(PLATFORMS_SHOWN)
        .map(|platform| shown(&platform.to_string()).into_owned())
        .collect();
    if platforms.len() > PLATFORMS_SHOWN {
        names.push(format!("{} more", platforms.len() - PLATFORMS_SHOWN));
    }
    names.join(", ")
}

/// How long ago a time was, as Docker words it; the text itself where it is none.
pub fn age(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(then) => ago(Timestamp::now().as_second() - then.as_second()),
        Err(_) => shown(time).into_owned(),
    }
}

/// A time that has passed, as Docker words it. One that lies ahead counts as now.
fn ago(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    match seconds.max(0) {
        0 => "Less than a second ago".to_owned(),
        1 => "1 second ago".to_owned(),
        2..MINUTE => format!("{seconds} seconds ago"),
        MINUTE..120 => "About a minute ago".to_owned(),
        120..HOUR => format!("{} minutes ago", seconds / MINUTE),
        HOUR..7200 => "About an hour ago".to_owned(),
        7200..172_800 => format!("{} hours ago", seconds / HOUR),
        172_800..1_209_600 => format!("{} days ago", seconds / DAY),
        1_209_600..5_184_000 => format!("{} weeks ago", seconds / (7 * DAY)),
        5_184_000..63_072_000 => format!("{} months ago", seconds / (30 * DAY)),
        _ => format!("{} years ago", seconds / (365 * DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_worded_as_docker_words_them() {
        let rows = [
            (-5, "Less than a second ago"),
            (1, "1 second ago"),
            (59, "59 seconds ago"),
            (60, "About a minute ago"),
            (120, "2 minutes ago"),
            (3_599, "59 minutes ago"),
            (3_600, "About an hour ago"),
            (7_200, "2 hours ago"),
            (172_800, "2 days ago"),
            (1_209_600, "2 weeks ago"),
            (5_184_000, "2 months ago"),
            (63_072_000, "2 years ago"),
        ];
        for (seconds, want) in rows {
            assert_eq!(ago(seconds), want, "{seconds}");
        }
    }
}
