//! The layer: a gzipped archive with `plugin.wasm`, and `runtime-config.json` after it.

use std::io::Read;

use flate2::Compression;
use flate2::GzBuilder;
use flate2::read::GzDecoder;

use super::digest::Digest;

/// The module's name in the archive. Consumers take the first entry of this name, in whatever folder.
pub(crate) const MODULE: &str = "plugin.wasm";
/// What the image says about the plugin.
pub(crate) const RUNTIME_CONFIG: &str = "runtime-config.json";
/// The largest archive that is unpacked, in bytes: proxies take no larger one.
pub(crate) const LARGEST_ARCHIVE: u64 = 256 * 1024 * 1024;

/// A packed layer.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The compressed archive.
    pub(crate) bytes: Vec<u8>,
    /// The digest of the archive before it was compressed.
    pub(crate) diff_id: Digest,
}

/// What stands in a layer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) module: Vec<u8>,
    pub(crate) runtime_config: Option<Vec<u8>>,
}

/// Why a layer cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayerError {
    #[error("the layer is no gzipped archive")]
    Broken(#[from] std::io::Error),
    #[error("the layer's archive has more than {} MiB", LARGEST_ARCHIVE / 1024 / 1024)]
    TooLarge,
    #[error("the layer's archive has no file `{MODULE}`")]
    NoModule,
}

/// Packs a module and what is said about it. Nothing of this machine or moment gets into the bytes.
pub(crate) fn pack(module: &[u8], runtime_config: &[u8]) -> Layer {
    let mut archive = Vec::new();
    for (name, contents) in [(MODULE, module), (RUNTIME_CONFIG, runtime_config)] {
        entry(&mut archive, name, contents);
    }
    // Two empty blocks end an archive.
    archive.resize(archive.len() + 1024, 0);
    let diff_id = Digest::of(&archive);
    Layer { bytes: compress(&archive), diff_id }
}

fn entry(archive: &mut Vec<u8>, name: &str, contents: &[u8]) {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    // The names are short: they fit.
    let _ = header.set_path(name);
    header.set_size(contents.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(contents);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

fn compress(archive: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let written = encoder.write_all(archive).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

/// Unpacks a layer as the agents of proxies do.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Contents, LayerError> {
    let mut archive = Vec::new();
    GzDecoder::new(bytes).take(LARGEST_ARCHIVE + 1).read_to_end(&mut archive)?;
    if archive.len() as u64 > LARGEST_ARCHIVE {
        return Err(LayerError::TooLarge);
    }
    let (mut module, mut runtime_config) = (None, None);
    for entry in tar::Archive::new(archive.as_slice()).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let place = match path.file_name().and_then(|name| name.to_str()) {
            Some(MODULE) => &mut module,
            Some(RUNTIME_CONFIG) => &mut runtime_config,
            _ => continue,
        };
        if place.is_none() {
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents)?;
            *place = Some(contents);
        }
    }
    Ok(Contents { module: module.ok_or(LayerError::NoModule)?, runtime_config })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked() {
        for size in [0, 1, 511, 512, 513, 100_000] {
            let module = vec![7; size];
            let contents = unpack(&pack(&module, b"{}").bytes).unwrap();
            assert_eq!(contents, Contents { module, runtime_config: Some(b"{}".to_vec()) });
        }
    }

    #[test]
    fn the_same_contents_give_the_same_bytes() {
        let layer = pack(b"\0asm", b"{}");
        assert_eq!(layer.bytes, pack(b"\0asm", b"{}").bytes);
        // No time, no name, no operating system in gzip's header.
        assert_eq!(layer.bytes[3..8], [0, 0, 0, 0, 0]);
    }

    #[test]
    fn the_first_module_counts_in_whatever_folder() {
        let mut archive = Vec::new();
        for (name, contents) in [("README", "x"), ("a/plugin.wasm", "first"), ("plugin.wasm", "second")] {
            entry(&mut archive, name, contents.as_bytes());
        }
        assert_eq!(unpack(&compress(&archive)).unwrap().module, b"first");
    }

    #[test]
    fn what_is_no_layer_is_refused() {
        assert!(matches!(unpack(b"\0asm"), Err(LayerError::Broken(_))));
        let mut archive = Vec::new();
        entry(&mut archive, "filter.wasm", b"x");
        assert!(matches!(unpack(&compress(&archive)), Err(LayerError::NoModule)));
        let packed = pack(&[7; 10_000], b"{}").bytes;
        for cut in [1, 20, packed.len() / 2, packed.len() - 1] {
            assert!(matches!(unpack(&packed[..cut]), Err(LayerError::Broken(_))), "{cut}");
        }
    }
}
