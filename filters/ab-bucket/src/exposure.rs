//! A line in the log for who has met which variation, with a pseudonym in place of the id.

use crate::assign::{Algorithm, place};
use crate::metrics::How;
use crate::seal::{Seal, pseudonym};
use mesh_filter::log;
use std::rc::Rc;

/// Which exposures are logged.
pub(crate) struct ExposureLog {
    /// Of which share of all ids; of an id all or nothing.
    sample: f64,
    seal: Option<Rc<Seal>>,
}

impl ExposureLog {
    pub(crate) fn new(sample: f64, seal: Option<Rc<Seal>>) -> Self {
        Self { sample, seal }
    }

    /// Logs an exposure, if it is one of those.
    pub(crate) fn write(&self, experiment: &str, variation: &str, how: How, id: Option<&str>) {
        let sampled = place(Algorithm::GrowthbookV2, "exposure_log", id.unwrap_or_default()) < self.sample;
        if !sampled {
            return;
        }
        let unit = id.map_or_else(|| "-".to_owned(), |id| pseudonym(self.seal.as_deref(), id));
        let by = how.name();
        log::info!("exposure experiment={experiment} variation={variation} by={by} unit={unit}");
    }
}
