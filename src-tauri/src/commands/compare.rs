//! Two images side by side, wherever each is.

use std::sync::Arc;

use engine::compare::{self, Side, compare};
use engine::image::Image;
use engine::{Code, Error, Result};
use oci::Reference;

use super::image::find;
use crate::settings;
use crate::state::{Longshore, parse_reference};
use crate::wire::{
    CompareSide, ComparedField, ComparedImage, ComparedLayer, ComparedSide, Comparison, Whence,
};

/// Looks both up and compares them. Where one can't be had, the fault says which.
pub async fn compare_images(app: &Arc<Longshore>, a: CompareSide, b: CompareSide) -> Result<Comparison> {
    let (a, b) = futures_util::future::try_join(look_up(app, a), look_up(app, b)).await?;
    let told = compare(&a.image, &b.image);
    let fields = |fields: &[compare::ComparedField]| fields.iter().map(ComparedField::from).collect();
    Ok(Comparison {
        a: a.shown()?,
        b: b.shown()?,
        same: told.same,
        layers: told.layers.iter().map(ComparedLayer::from).collect(),
        shared_bytes: told.shared_bytes,
        only_a_bytes: told.only_a_bytes,
        only_b_bytes: told.only_b_bytes,
        config: fields(&told.config),
        platforms: fields(&told.platforms),
    })
}

struct Found {
    reference: Reference,
    whence: Whence,
    image: Image,
}

async fn look_up(app: &Arc<Longshore>, side: CompareSide) -> Result<Found> {
    let reference = parse_reference(&side.input)?;
    let wanted = side.platform.as_deref().map(settings::parse_platform).transpose()?;
    let (image, whence) = find(app, &reference, side.from, wanted.as_ref()).await?;
    Ok(Found { reference, whence, image })
}

impl Found {
    fn shown(&self) -> Result<ComparedImage> {
        let Some(manifest) = &self.image.manifest else {
            let name = self.reference.familiar();
            let error = Error::new(Code::ManifestUnsupported, format!("`{name}` has nothing to compare"));
            return Err(error.with_hint("Open it to see its manifest as it is"));
        };
        Ok(ComparedImage {
            title: self.reference.familiar(),
            reference: self.reference.canonical(),
            from: self.whence,
            platform: manifest.platform.as_ref().map(ToString::to_string).unwrap_or_default(),
            digest: manifest.document.descriptor.digest.to_string(),
            size: manifest.manifest.transfer_size(),
            layers: manifest.manifest.layers.len() as u64,
            created: manifest.config.as_ref().and_then(|config| config.created.clone()),
        })
    }
}

impl From<&compare::ComparedLayer> for ComparedLayer {
    fn from(layer: &compare::ComparedLayer) -> Self {
        Self {
            digest: layer.descriptor.digest.to_string(),
            size: layer.descriptor.size,
            instruction: layer.instruction.clone(),
            side: match layer.side {
                Side::Both => ComparedSide::Both,
                Side::A => ComparedSide::A,
                Side::B => ComparedSide::B,
            },
            number_a: layer.number_a.map(|number| number as u64),
            number_b: layer.number_b.map(|number| number as u64),
        }
    }
}

impl From<&compare::ComparedField> for ComparedField {
    fn from(field: &compare::ComparedField) -> Self {
        Self {
            group: field.group.to_owned(),
            name: field.name.clone(),
            a: field.a.clone(),
            b: field.b.clone(),
        }
    }
}
