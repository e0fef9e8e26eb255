//! The module of the crate under test: built by `cargo mesh-filter build`, once per test program.

use crate::api::fail;
use crate::world::World;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

/// The program that builds modules, for those who have it elsewhere than in PATH; `cargo mesh-filter
/// test` names itself by it.
const CLI: &str = "MESH_FILTER_CLI";
const PROGRAM: &str = "cargo-mesh-filter";

/// The module of a crate, ready to run.
#[derive(Debug)]
pub(crate) struct CrateModule {
    /// Name of the crate in code.
    pub(crate) name: String,
    pub(crate) world: World,
}

impl CrateModule {
    /// Fails the test where the filter of this type cannot be the module's.
    #[track_caller]
    pub(crate) fn assert_has(&self, filter: &str) {
        let home = filter.split("::").next().unwrap_or_default();
        if home != self.name {
            let name = &self.name;
            fail(&format!(
                "`{filter}` is no filter of the crate `{name}`, on whose module this test plays\n\
                 help: `#[mesh_filter_test::test(engine = \"native\")]` plays it natively alone"
            ));
        }
    }
}

/// Builds and compiles the module of the crate in this folder; the second time it is there already.
pub(crate) fn of_crate(folder: &Path) -> Result<Arc<CrateModule>, String> {
    static BUILT: Mutex<Option<Result<Arc<CrateModule>, String>>> = Mutex::new(None);
    // A test that failed meanwhile has not broken it: it is written in one go.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.get_or_insert_with(|| load(folder).map(Arc::new)).clone()
}

fn load(folder: &Path) -> Result<CrateModule, String> {
    let artifact = build(folder)?;
    let text = |member: &str| artifact.get(member).and_then(serde_json::Value::as_str);
    let path = text("wasm").map(PathBuf::from).ok_or("`cargo mesh-filter build` named no module")?;
    let package = text("package").unwrap_or_default();
    let cannot =
        |path: &Path, error: &dyn std::fmt::Display| format!("cannot load `{}`: {error}", path.display());
    let read = |path: &Path| std::fs::read(path).map_err(|error| cannot(path, &error));
    let symbols = text("symbols").map(|path| read(Path::new(path))).transpose()?;
    let world =
        World::wasm(&read(&path)?, package, symbols.as_deref()).map_err(|error| cannot(&path, &error))?;
    Ok(CrateModule { name: package.replace('-', "_"), world })
}

/// What `cargo mesh-filter build` tells about the module of this crate.
fn build(folder: &Path) -> Result<serde_json::Value, String> {
    let mut command = Command::new(program().as_deref().unwrap_or(OsStr::new(PROGRAM)));
    command.args(["mesh-filter", "build", "--format", "json", "--manifest-path"]);
    let output = command.arg(folder.join("Cargo.toml")).output().map_err(|error| {
        format!(
            "the module cannot be built: `{PROGRAM}` cannot be run: {error}\nhelp: install it, put it into \
             PATH, or name it by {CLI}"
        )
    })?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the module cannot be built: `cargo mesh-filter build` failed\n{why}"));
    }
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("`cargo mesh-filter build` has printed no JSON: {error}"))?;
    let artifact = report.get("artifacts").and_then(|artifacts| artifacts.get(0)).cloned();
    artifact.ok_or_else(|| "`cargo mesh-filter build` has built nothing".to_owned())
}

/// Where the program is; `None` where the system looks for it.
fn program() -> Option<std::ffi::OsString> {
    std::env::var_os(CLI).filter(|program| !program.is_empty()).or_else(|| {
        // In the workspace of the CLI itself it lies beside the test programs, which are in `deps`.
        let here = std::env::current_exe().ok()?;
        let beside = here.parent()?.parent()?.join(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
        beside.is_file().then(|| beside.into_os_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Kind;

    #[test]
    #[should_panic(
        expected = "`api::Probe` is no filter of the crate `hello`, on whose module this test plays"
    )]
    fn a_filter_of_another_crate_than_the_modules_fails_the_test() {
        let world = World::new(Kind::Wasm, |_| Err("never made".to_owned()));
        let module = CrateModule { name: "hello".to_owned(), world };
        module.assert_has("hello::Hello");
        module.assert_has("api::Probe");
    }
}
