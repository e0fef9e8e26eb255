//! The folder in which test programs leave what their cases did, for as long as it is compared.

use std::path::{Path, PathBuf};

use mesh_filter_test::report::{CaseReport, Report};

use crate::failure::{Failure, Result};

use super::scenarios::TestFile;

/// An own folder; it goes with this.
pub(crate) struct Records(PathBuf);

impl Records {
    /// An empty folder in one for temporary files.
    pub(crate) fn new() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("mesh-filter-records-{}", std::process::id()));
        std::fs::create_dir(&folder).map_err(|error| {
            Failure::usage(format!("cannot make the folder `{}`", folder.display())).because(&error)
        })?;
        Ok(Self(folder))
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// What has been left of the cases of these files, put beside the report.
    pub(crate) fn add_to(&self, report: &mut Report, files: &[TestFile], wanted: &str) {
        for file in files {
            let cases = CaseReport::left_in(&self.0, file.file());
            report.elsewhere.extend(cases.into_iter().filter(|case| case.name.contains(wanted)));
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        // What stays is in a folder that the system empties.
        let _left = std::fs::remove_dir_all(&self.0);
    }
}
