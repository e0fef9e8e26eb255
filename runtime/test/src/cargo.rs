//! Scenario files inside `cargo test`: what [`scenarios!`](crate::scenarios) expands to.

use crate::api::fail;
use crate::report::Report;
use crate::scenario;
use crate::world::{FILTER_VARIABLE, World};
use std::path::{Path, PathBuf};

/// Plays scenario files natively, as a test named `scenarios`.
///
/// The pattern names files relative to the crate's folder; its last part may have one `*`. To play
/// only some cases, set `MESH_FILTER_SCENARIO` to a part of their names.
///
/// ```no_run
/// # struct Hello;
/// # impl mesh_filter::Filter for Hello {
/// #     type Config = ();
/// #     fn new((): (), _: &mut mesh_filter::Setup) -> mesh_filter::Result<Self> { Ok(Self) }
/// #     async fn handle(&self, request: mesh_filter::Request, next: mesh_filter::Next)
/// #         -> mesh_filter::Result<mesh_filter::Response> { next.run(request).await }
/// # }
/// mesh_filter_test::scenarios!("tests/*.test.yaml", Hello);
/// ```
#[macro_export]
macro_rules! scenarios {
    ($pattern:literal, $filter:ty) => {
        #[test]
        fn scenarios() {
            $crate::private::play(
                &$crate::World::native::<$filter>(),
                ::core::env!("CARGO_MANIFEST_DIR"),
                $pattern,
            );
        }
    };
}

/// Plays all files of the pattern and fails with the report.
#[track_caller]
pub fn play(world: &World, folder: &str, pattern: &str) {
    let wanted = std::env::var(FILTER_VARIABLE).unwrap_or_default();
    let mut report = Report::default();
    let files = match files(Path::new(folder), pattern) {
        Ok(files) if files.is_empty() => fail(&format!("no file matches `{pattern}` in `{folder}`")),
        Ok(files) => files,
        Err(error) => fail(&format!("cannot list `{pattern}` in `{folder}`: {error}")),
    };
    for file in files {
        match scenario::load(&file) {
            Ok(suite) => report.extend(suite.run_where(world, |name| name.contains(&wanted))),
            Err(error) => fail(&error.render()),
        }
    }
    if report.failed() > 0 {
        fail(&format!("\n{report}"));
    }
    if report.cases.is_empty() {
        fail(&format!("no case of `{pattern}` is named `{wanted}`"));
    }
}

/// The files of a pattern, by name.
fn files(folder: &Path, pattern: &str) -> std::io::Result<Vec<PathBuf>> {
    // Cargo runs tests in the crate's folder; then messages name files as one would type them.
    let here = std::env::current_dir().is_ok_and(|current| current == folder);
    let base = if here { Path::new("") } else { folder };
    let path = base.join(pattern);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some((start, end)) = name.split_once('*') else { return Ok(vec![path]) };
    let parent = path.parent().unwrap_or(Path::new("")).to_owned();
    let listed = if parent.as_os_str().is_empty() { Path::new(".") } else { parent.as_path() };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(listed)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let long_enough = name.len() >= start.len() + end.len();
        if long_enough && name.starts_with(start) && name.ends_with(end) {
            files.push(parent.join(name));
        }
    }
    files.sort();
    Ok(files)
}
