//! A folder of its own for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-mesh-filter");

/// An empty folder that only one test uses.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, without what an earlier run has left.
    pub(crate) fn new(test: &str) -> Self {
        // Not below this workspace, whose settings for cargo, rustfmt and clippy would apply.
        let folder = std::env::temp_dir().join(format!("mesh-filter-cli-{}", std::process::id())).join(test);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder.canonicalize().unwrap())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, with the folders above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Reads a file.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.0.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The program, to be run in a folder below this one.
    pub(crate) fn command(&self, below: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.join(below));
        // Cargo sets these for its tests; the program is to find its own.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION", "OUT_DIR", "RUSTFLAGS"] {
            command.env_remove(name);
        }
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What a failed test has left is worth a look.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
            let _ = fs::remove_dir(self.0.parent().unwrap());
        }
    }
}

/// Runs a command that has to succeed.
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
