//! The option `--profile`: which proxy a plugin is meant for.

use mesh_filter_runtime::vm::Profile;

/// The option as every command has it.
#[derive(Debug, clap::Args)]
pub(crate) struct ProfileOption {
    /// What the plugin is meant for: what proxies there refuse is refused
    #[arg(long, value_name = "NAME", value_parser = Profile::ALL.map(Profile::name), default_value = "tolerant")]
    profile: String,
}

impl ProfileOption {
    /// The profile that was named.
    pub(crate) fn profile(&self) -> Profile {
        Profile::from_name(&self.profile).unwrap_or_default()
    }
}
