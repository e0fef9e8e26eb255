//! New configurations and new VMs for filters that run.

use super::{FilterError, TestFilter};

impl TestFilter {
    /// Configures the filter anew, as a proxy does at an update: a new plugin in its VM. Exchanges that
    /// are open go on in the old one.
    ///
    /// # Errors
    /// When the filter refuses the configuration, or panics: then the old one stays in force.
    #[expect(clippy::needless_pass_by_value, reason = "so that `json!` stands in the call")]
    pub fn reload(&self, config: serde_json::Value) -> Result<(), FilterError> {
        let mut setup = self.setup.borrow().clone();
        setup.configuration = if config.is_null() { Vec::new() } else { config.to_string().into_bytes() };
        self.replace(setup, false)
    }

    /// Gives the filter a new VM on each worker, with the same configuration. Shared data, queues and
    /// metrics stay; what it kept in memory, its timers and its callouts are gone.
    ///
    /// # Errors
    /// When the filter does not start a second time.
    pub fn restart_vm(&self) -> Result<(), FilterError> {
        let setup = self.setup.borrow().clone();
        self.replace(setup, true)
    }

    fn replace(&self, setup: crate::sim::Setup, new_vm: bool) -> Result<(), FilterError> {
        let before = self.sim.mark();
        let replaced = self.sim.state.engine.borrow_mut().replace(self.filter, &self.world, &setup, new_vm);
        replaced.map_err(|error| FilterError { error, logs: self.sim.logs_since(before) })?;
        self.setup.replace(setup);
        Ok(())
    }
}
