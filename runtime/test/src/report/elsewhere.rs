//! What test programs have played, handed to the program that has run them: a file for each case.

use super::{CaseReport, Record};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// The environment variable that names the folder for these files.
pub const RECORDS_VARIABLE: &str = "MESH_FILTER_RECORDS";

/// The folder, where somebody wants the files.
pub(crate) fn wanted() -> Option<PathBuf> {
    std::env::var_os(RECORDS_VARIABLE).map(PathBuf::from)
}

impl CaseReport {
    /// Writes what it did into a folder. Without the file the case is not compared, no more.
    pub(crate) fn leave(&self, folder: &Path) {
        let file = Path::new(&self.file).canonicalize().unwrap_or_else(|_| PathBuf::from(&self.file));
        let value = json!({
            "file": file,
            "line": self.line,
            "name": self.name,
            "world": self.world,
            "not_portable": self.not_portable,
            "record": self.record.as_ref().map(Record::to_json),
        });
        let mut hash = DefaultHasher::new();
        (&self.file, self.line, &self.name, std::process::id()).hash(&mut hash);
        let _uncompared =
            std::fs::write(folder.join(format!("{:016x}.json", hash.finish())), value.to_string());
    }

    /// What test programs have left in a folder, as far as it is about this scenario file, which
    /// reports call `file`.
    #[must_use]
    pub fn left_in(folder: &Path, file: &str) -> Vec<Self> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let Ok(wanted) = Path::new(file).canonicalize() else { return Vec::new() };
        let read = |path: PathBuf| {
            let value: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
            let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
            (Path::new(&text("file")?) == wanted).then_some(())?;
            Some(Self {
                file: file.to_owned(),
                line: usize::try_from(value.get("line")?.as_u64()?).ok()?,
                name: text("name")?,
                world: text("world")?,
                failure: None,
                not_portable: text("not_portable"),
                record: value.get("record").and_then(Record::from_json),
            })
        };
        entries.filter_map(|entry| read(entry.ok()?.path())).collect()
    }
}
