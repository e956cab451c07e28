//! Images as folders, for programs that read those: OCI image layouts, and skopeo's `dir:`.

use std::path::Path;
use std::{fs, io};

use serde_json::{Value, json};

use super::{Image, Object};

impl Image {
    /// Writes the image into an OCI image layout under the reference name `name`, beside what is there already.
    /// `skopeo copy oci:DIR:NAME docker://…` reads it; an index needs `--all`.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write_layout(&self, dir: &Path, name: &str) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        fs::write(dir.join("oci-layout"), br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        for object in self.manifests.iter().chain(&self.blobs).chain([&self.root]) {
            write_blob(dir, object)?;
        }
        let index_path = dir.join("index.json");
        let mut index: Value = match fs::read(&index_path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                json!({ "schemaVersion": 2, "manifests": [] })
            }
            Err(error) => return Err(error),
        };
        let mut entry = self.root.descriptor_json();
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        if let Some(entries) = index["manifests"].as_array_mut() {
            entries.retain(|entry| entry["annotations"]["org.opencontainers.image.ref.name"] != name);
            entries.push(entry);
        }
        fs::write(index_path, serde_json::to_vec(&index)?)
    }

    /// Writes the image as skopeo's `dir:` transport has it. Unlike a layout it may hold Docker's media types, which
    /// skopeo 1.9 does not find in a layout's index.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn write_directory(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        fs::write(dir.join("version"), "Directory Transport Version: 1.1\n")?;
        fs::write(dir.join("manifest.json"), &self.root.bytes)?;
        for manifest in &self.manifests {
            fs::write(dir.join(format!("{}.manifest.json", manifest.digest.hex())), &manifest.bytes)?;
        }
        self.blobs.iter().try_for_each(|blob| fs::write(dir.join(blob.digest.hex()), &blob.bytes))
    }
}

fn write_blob(dir: &Path, object: &Object) -> io::Result<()> {
    let folder = dir.join("blobs").join(object.digest.algorithm().as_str());
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(object.digest.hex()), &object.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Family, Layer};

    #[test]
    fn two_images_share_a_layout() {
        let dir = tempfile::tempdir().unwrap();
        let one = Image::builder(Family::Oci).layer(Layer::noise(1, 10)).build();
        let two = Image::builder(Family::Docker).layer(Layer::noise(1, 10)).build();
        one.write_layout(dir.path(), "one").unwrap();
        two.write_layout(dir.path(), "two").unwrap();
        two.write_layout(dir.path(), "two").unwrap();
        let index: Value = serde_json::from_slice(&fs::read(dir.path().join("index.json")).unwrap()).unwrap();
        assert_eq!(index["manifests"].as_array().unwrap().len(), 2);
        let blob = dir.path().join("blobs/sha256").join(one.blobs[1].digest.hex());
        assert_eq!(fs::read(blob).unwrap(), one.blobs[1].bytes);
    }
}
