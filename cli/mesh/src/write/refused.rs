//! Why a resource cannot be written.

use crate::crd::Violation;
use crate::declared::FailurePolicy;
use crate::{Product, Version};

use super::{Form, Manifest};

/// Why a resource cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// The kind has no words for it.
    #[error("a resource of the form `{form}` cannot say: {what}")]
    Inexpressible {
        /// The form that was wanted.
        form: Form,
        /// What it was to say.
        what: String,
        /// The way out.
        help: String,
    },
    /// The release does not know it.
    #[error("{what} is not known to {target}")]
    Unknown {
        /// The kind or value.
        what: String,
        /// The release.
        target: String,
        /// The way out.
        help: String,
    },
    /// Its definition refuses what was to be written.
    #[error("the API server would refuse this {form}")]
    Invalid {
        /// The form that was wanted.
        form: Form,
        /// What it would say.
        violations: Vec<Violation>,
    },
    /// What was written cannot be read.
    #[error("the resource cannot be read back")]
    Unreadable(#[from] mesh_filter_runtime::document::Error),
}

impl Unwritable {
    pub(super) fn new(form: Form, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Inexpressible { form, what: what.into(), help: help.into() }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Inexpressible { help, .. } | Self::Unknown { help, .. } => Some(help),
            Self::Invalid { .. } | Self::Unreadable(_) => None,
        }
    }
}

impl Manifest {
    /// Whether the release that it is for knows the form, and what is said in it.
    pub(super) fn check_target(&self, form: Form) -> Result<(), Unwritable> {
        let Some(target) = self.target else { return Ok(()) };
        let unknown = |what: &str, help: &str| {
            Err(Unwritable::Unknown {
                what: what.to_owned(),
                target: target.to_string(),
                help: help.to_owned(),
            })
        };
        let product = if form == Form::EnvoyExtensionPolicy { Product::EnvoyGateway } else { Product::Istio };
        if target.product != product {
            return unknown(
                &format!("the kind {}", form.kind()),
                match target.product {
                    Product::Istio => {
                        "Istio has `wasm-plugin`, `traffic-extension`, `envoy-filter` and `envoy-filter-inline`"
                    }
                    Product::EnvoyGateway => "Envoy Gateway has `envoy-extension-policy`",
                    Product::Envoy => "Envoy by itself has `bootstrap`",
                },
            );
        }
        if product == Product::EnvoyGateway {
            return Ok(());
        }
        let older = |minor| target.version < Version::new(1, minor);
        if form == Form::TrafficExtension && older(30) {
            return unknown(
                "the kind TrafficExtension",
                "it came with Istio 1.30; `--kind wasm-plugin` works before and after",
            );
        }
        if self.plugin.failure == FailurePolicy::Reload && older(27) {
            return unknown("`--fail reload`", "it came with Istio 1.27; use `closed` or `open`");
        }
        if form.kind() == crate::Kind::EnvoyFilter && !self.target_refs.is_empty() && older(27) {
            return unknown(
                "`targetRefs` of an EnvoyFilter",
                "before Istio 1.27 it is ignored and the filter goes to the whole namespace: use `--selector`",
            );
        }
        Ok(())
    }
}
