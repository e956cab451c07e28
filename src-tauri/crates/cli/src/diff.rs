//! `diff`: two images side by side.

mod files;

use engine::compare::{ComparedField, ComparedLayer, Comparison, Side, compare};
use engine::job::Job;
use serde_json::{Value, json};

use crate::args;
use crate::context::Context;
use crate::failure::Failure;
use crate::find::{self, Found};
use crate::inside::Inside;
use crate::interrupt::{self, Threads};
use crate::output::{self, shown};

/// A value longer than this many characters is cut; `--json` has all of it.
const VALUE: usize = 160;

/// Runs the verb.
pub fn run(args: &args::Diff, context: &Context) -> Result<(), Failure> {
    let job = Job::new(|event| output::note_event(&event));
    let look = async |input: &str| find::look_in(input, false, args.platform.as_ref(), context, &job).await;
    let both = async { Ok((look(&args.a).await?, look(&args.b).await?)) };
    if args.files {
        let opened = async {
            let (a, b): (Found, Found) = both.await?;
            Ok::<_, Failure>((Inside::of(a, context, &job).await?, Inside::of(b, context, &job).await?))
        };
        let (a, b) = interrupt::run(Threads::Several, &job, opened)?;
        return files::run(args, &a, &b, context.json());
    }
    let (a, b) = interrupt::run(Threads::One, &job, both)?;
    let comparison = compare(&a.image, &b.image);
    if context.json() {
        return Ok(output::json(&to_json(&a, &b, &comparison))?);
    }
    for found in [&a, &b] {
        found.image.flags.iter().for_each(|flag| output::warning(flag));
    }
    output::bytes(heading(&a, &b, &comparison).as_bytes())?;
    if comparison.same {
        return Ok(());
    }
    let mut rows = vec![["", "A", "B", "SIZE", "DIGEST", "INSTRUCTION"].map(str::to_owned).to_vec()];
    rows.extend(comparison.layers.iter().map(row));
    output::table(&rows)?;
    Ok(output::bytes(differences(&comparison).as_bytes())?)
}

fn heading(a: &Found, b: &Found, comparison: &Comparison) -> String {
    let mut text = String::new();
    for (side, found) in [("A", a), ("B", b)] {
        let manifest = found.image.manifest.as_ref();
        let digest =
            manifest.map_or(&found.image.root.descriptor, |it| &it.document.descriptor).digest.short();
        let platform = manifest.and_then(|it| it.platform.as_ref()).map(ToString::to_string);
        let size = manifest.map_or(0, engine::image::ImageManifest::transfer_size);
        text += &format!(
            "{side}: {} ({}), {digest}, {}, {}\n",
            shown(found.name.as_deref().unwrap_or("<none>")),
            found.place.as_str(),
            shown(&platform.unwrap_or_else(|| "no platform".to_owned())),
            output::size(size, 3)
        );
    }
    if comparison.same {
        return text + "They are the same image.\n";
    }
    let count = |side: Side| comparison.layers.iter().filter(|layer| layer.side == side).count();
    text + &format!(
        "Layers: {} in both ({}), {} only in A ({}), {} only in B ({})\n",
        count(Side::Both),
        output::size(comparison.shared_bytes, 3),
        count(Side::A),
        output::size(comparison.only_a_bytes, 3),
        count(Side::B),
        output::size(comparison.only_b_bytes, 3)
    )
}

fn row(layer: &ComparedLayer) -> Vec<String> {
    let number = |number: Option<usize>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let mark = match layer.side {
        Side::Both => "=",
        Side::A => "-",
        Side::B => "+",
    };
    vec![
        mark.to_owned(),
        number(layer.number_a),
        number(layer.number_b),
        output::size(layer.descriptor.size, 3),
        layer.descriptor.digest.short().to_owned(),
        one_line(&layer.instruction),
    ]
}

/// The fields that differ, by group: `-` what A has, `+` what B has.
fn differences(comparison: &Comparison) -> String {
    let (mut text, mut group) = (String::new(), "");
    let fields = comparison.config.iter().chain(&comparison.platforms);
    for field in fields.filter(|field| field.differs()) {
        if field.group != group {
            group = field.group;
            text += &format!("{group}:\n");
        }
        for (mark, value) in [("-", &field.a), ("+", &field.b)] {
            if let Some(value) = value {
                text += &format!("  {mark} {}\n", one_line(&named(field, value)));
            }
        }
    }
    text
}

fn named(field: &ComparedField, value: &str) -> String {
    match field.group {
        "Environment" | "Labels" => format!("{}={value}", field.name),
        "Ports" | "Volumes" => value.to_owned(),
        _ => format!("{}: {value}", field.name),
    }
}

fn one_line(text: &str) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    output::cut(&shown(&line.join(" ")), VALUE)
}

fn to_json(a: &Found, b: &Found, comparison: &Comparison) -> Value {
    let layers: Vec<Value> = comparison
        .layers
        .iter()
        .map(|layer| {
            json!({
                "side": layer.side.as_str(),
                "digest": layer.descriptor.digest.as_str(),
                "size": layer.descriptor.size,
                "media_type": layer.descriptor.media_type,
                "number_a": layer.number_a,
                "number_b": layer.number_b,
                "instruction": layer.instruction,
            })
        })
        .collect();
    let fields = |fields: &[ComparedField]| {
        let one = |field: &ComparedField| json!({ "group": field.group, "name": field.name, "a": field.a, "b": field.b, "differs": field.differs() });
        fields.iter().map(one).collect::<Vec<_>>()
    };
    json!({
        "a": side_json(a),
        "b": side_json(b),
        "same": comparison.same,
        "shared_bytes": comparison.shared_bytes,
        "only_a_bytes": comparison.only_a_bytes,
        "only_b_bytes": comparison.only_b_bytes,
        "layers": layers,
        "config": fields(&comparison.config),
        "platforms": fields(&comparison.platforms),
    })
}

fn side_json(found: &Found) -> Value {
    let manifest = found.image.manifest.as_ref();
    json!({
        "name": found.name,
        "source": found.place.as_str(),
        "digest": found.image.root.descriptor.digest.as_str(),
        "manifest_digest": manifest.map(|it| it.document.descriptor.digest.as_str()),
        "platform": manifest.and_then(|it| it.platform.as_ref()).map(ToString::to_string),
        "size": manifest.map(engine::image::ImageManifest::transfer_size),
        "created": manifest.and_then(|it| it.config.as_ref()?.created.as_deref()),
        "flags": found.image.flags,
        "warnings": found.warnings,
    })
}
