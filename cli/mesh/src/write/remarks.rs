//! What an author should know about a resource, although it is right.

use crate::declared::{Code, Phase};

use super::{Form, Manifest, envoy_filter};

impl Manifest {
    /// What to know about the resource in this form, a sentence each.
    #[must_use]
    pub fn remarks(&self, form: Form) -> Vec<String> {
        let mut remarks = Vec::new();
        let plugin = &self.plugin;
        let istio = form != Form::EnvoyExtensionPolicy;
        if istio && self.selector.is_empty() && self.target_refs.is_empty() {
            remarks.push(
                "it names neither pods nor targets: it is for every proxy of its namespace, and in Istio's root namespace for the whole \
                 mesh; `--selector` and `--target-ref` narrow it"
                    .to_owned(),
            );
        }
        if !istio && (plugin.phase != Phase::Unspecified || plugin.priority.is_some()) {
            remarks.push(
                "Envoy Gateway has no phases and priorities of plugins: they run after authentication, in the order of the policy's list; \
                 `filterOrder` of an EnvoyProxy changes that"
                    .to_owned(),
            );
        }
        for cluster in &self.clusters {
            remarks.push(match istio && !cluster.starts_with("outbound|") {
                true => format!(
                    "the filter calls the cluster `{cluster}`, which has to exist in the proxies; Istio's own are named \
                     `outbound|PORT||HOST`, and the configuration has to name that one"
                ),
                false => format!("the filter calls the cluster `{cluster}`, which has to exist in the proxies"),
            });
        }
        if let (Form::EnvoyFilterInline, Code::Http(url)) = (form, &plugin.code) {
            remarks.push(format!(
                "Envoy fetches the module from the cluster `{}`, which a Service or ServiceEntry has to make; after one more attempt it gives up",
                envoy_filter::cluster_of(url)
            ));
        }
        remarks
    }
}
