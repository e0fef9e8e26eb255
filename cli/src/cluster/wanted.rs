//! What a file wants of a cluster: resources that are checked, and whose images are verified and pinned.

use std::path::PathBuf;

use mesh_filter_mesh::declared::{Code, Declared};
use mesh_filter_mesh::lint::Level;
use mesh_filter_mesh::{Kind, Resource, Target, crd};
use serde_json::Value;

use super::kubectl::Kubectl;
use super::{MANAGED_BY, MANAGER, objects};
use crate::failure::{Failure, Result};
use crate::image::accept;
use crate::image::digest::Digest;
use crate::image::open::{self, RegistryOptions};
use crate::image::reference::Reference;
use crate::image::signature::{self, PublicKey, Unverified};
use crate::mesh::lint::{self as rules, Lint};
use crate::output::Output;

/// What is to be deployed, as `deploy` and `diff` have it.
#[derive(Debug, clap::Args)]
pub(crate) struct Wanted {
    /// Files with resources, as YAML or JSON
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Take this image in place of the one that the resource names
    #[arg(long, value_name = "REF")]
    image: Option<String>,
    /// The public key that has to have signed the image: a file, or `env://NAME`
    #[arg(long, value_name = "FILE", conflicts_with = "no_verify")]
    key: Option<String>,
    /// Do without a signature, and without the warning
    #[arg(long)]
    no_verify: bool,
    /// What runs there, such as istio=1.29, for the rules of `check`; may be repeated [default: the newest known]
    #[arg(long, value_name = "PRODUCT=VERSION", value_parser = rules::target)]
    target: Vec<Target>,
    /// Do without the rules of `check`
    #[arg(long)]
    no_check: bool,
    #[command(flatten)]
    registry: RegistryOptions,
}

impl Wanted {
    /// Reads, pins and checks; nothing is changed anywhere.
    pub(crate) fn read(&self, output: &Output) -> Result<Vec<Resource>> {
        let mut resources = Vec::new();
        for file in &self.files {
            let (found, others) = Resource::load_all(file)?;
            if !others.is_empty() {
                output.warning(&format!("`{}`: left out: {}", file.display(), others.join(", ")));
            }
            resources.extend(found);
        }
        if resources.is_empty() {
            let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            return Err(Failure::usage("the files have no resource that declares a plugin")
                .help(format!("the kinds are {}", kinds.join(", "))));
        }
        let key = match &self.key {
            Some(from) => Some(PublicKey::read(&open::key(from)?).map_err(|error| {
                Failure::usage(format!("`{from}` cannot be used to verify")).because(&error)
            })?),
            None => None,
        };
        if key.is_none() && !self.no_verify {
            output.warning(
                "no signature is verified: `--key FILE` verifies, `--no-verify` says that this is meant",
            );
        }
        for resource in &mut resources {
            self.check(resource)?;
            self.pin(resource, key.as_ref(), output)?;
        }
        Ok(resources)
    }

    /// Applies the rules of `check` to what was read: warnings are shown, errors refuse.
    pub(crate) fn lint(&self, resources: &[Resource], mesh_wide: bool, output: &Output) -> Result<()> {
        if self.no_check {
            return Ok(());
        }
        let wanted = Lint {
            resources: resources.to_vec(),
            others: rules::others(&self.files)?,
            targets: self.target.clone(),
            mesh_wide,
            key: self.key.clone(),
            ..Lint::default()
        };
        let mut errors = Vec::new();
        for finding in rules::lint(wanted, &self.registry, output)? {
            // Pinned, it is not the text of the file any more: lines would mislead.
            let place = match &finding.place.resource {
                Some(resource) => format!("{resource}: {}", finding.place.path),
                None => finding.place.to_string(),
            };
            let text = format!("{}: {place}: {}", finding.rule, finding.message);
            match finding.level {
                Level::Error => errors.push(text),
                Level::Warning => output.warning(&text),
                Level::Info => {}
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        let mut failure = Failure::failed("proxies would refuse or ignore this")
            .help("`cargo mesh-filter check FILE` shows where, `check --explain ID` why; `--no-check` deploys it all the same");
        failure.causes = errors;
        Err(failure)
    }

    fn check(&self, resource: &Resource) -> Result<()> {
        if let [first, rest @ ..] = crd::validate(resource).as_slice() {
            let mut failure = Failure::from(resource.violation(first));
            failure.causes.extend(rest.iter().map(|one| resource.violation(one).to_string()));
            return Err(failure);
        }
        let label = resource.json.pointer("/metadata/labels").and_then(|labels| labels.get(MANAGED_BY));
        match label.filter(|label| label.as_str() != Some(MANAGER)) {
            Some(other) => Err(resource
                .error(
                    "metadata.labels",
                    format!("`{MANAGED_BY}` is {other}: somebody else manages this resource"),
                )
                .into()),
            None => Ok(()),
        }
    }

    fn pin(&self, resource: &mut Resource, key: Option<&PublicKey>, output: &Output) -> Result<()> {
        let plugins = resource.declared();
        if self.image.is_some() && plugins.len() != 1 {
            return Err(Failure::usage(format!(
                "`--image` is for resources with one plugin, and `{}` has {}",
                resource.name,
                plugins.len()
            )));
        }
        for plugin in plugins {
            let named = match (&self.image, &plugin.code) {
                (Some(image), _) => image.clone(),
                (None, Code::Image(image)) => format!("oci://{image}"),
                (None, _) if key.is_some() => {
                    return Err(resource
                        .error(&plugin.path, "only images can be verified, and this plugin is none")
                        .into());
                }
                (None, _) => continue,
            };
            let digest = self.verified(resource, &plugin, &named, key, output)?;
            let Reference::Registry(repository, _) = open::reference(&named)? else {
                return Err(Failure::usage(format!("proxies cannot pull `{named}`: it is in a folder"))
                    .help("`cargo mesh-filter push` or `copy` takes it to a registry"));
            };
            let url = format!("oci://{}/{}@{digest}", repository.registry, repository.name);
            let pinned = resource.pinned(&plugin, &url, digest.hex()).ok_or_else(|| {
                Failure::usage(format!("`{}` has no place for an image at `{}`", resource.name, plugin.path))
            })?;
            output.progress("Pinned", &format!("{named} to {digest}"));
            *resource = Resource::from_json(&resource.name, &pinned)?;
        }
        Ok(())
    }

    /// The digest to pin, once the image is what the resource says and is signed.
    fn verified(
        &self,
        resource: &Resource,
        plugin: &Declared,
        named: &str,
        key: Option<&PublicKey>,
        output: &Output,
    ) -> Result<Digest> {
        let reference = open::reference(named)?;
        let store = self.registry.open(&reference)?;
        let mut told = |so_far| open::show(output, "Pulling", named, so_far, so_far);
        let accepted = accept::accept(&*store, &reference.which(), &mut told);
        output.live(None);
        let accepted = accepted.map_err(|error| open::refused(&reference, &error))?;
        let digest = accepted.digest;
        // A new image brings a new digest; one that stands in the file has to hold.
        if let Some(stated) =
            plugin.pinned_by().filter(|stated| self.image.is_none() && *stated != digest.hex())
        {
            return Err(Failure::from(resource.error(
                &plugin.path,
                format!("pinned to sha256:{stated}, but proxies take {digest} from `{named}`"),
            ))
            .help(
                "an index cannot be pinned: pin the image in it that proxies take, or leave `sha256` out",
            ));
        }
        let Some(key) = key else { return Ok(digest) };
        let signed = |digest: &Digest| signature::verify(&*store, digest, key);
        let mut verified = signed(&digest);
        if let (Err(Unverified::Unsigned(_)), Some(index)) = (&verified, &accepted.index) {
            verified = signed(index);
        }
        match verified {
            Ok(_) => Ok(digest),
            Err(Unverified::Store(error)) => Err(open::failed(&reference, &error)),
            Err(error) => Err(Failure::failed(format!("`{named}` is not signed by the key")).because(&error)),
        }
    }
}

/// One resource and its cluster.
pub(crate) struct Plan {
    pub(crate) resource: Resource,
    /// What is in the cluster now.
    pub(crate) live: Option<Value>,
    /// What the cluster would make of it.
    pub(crate) after: Value,
}

impl Plan {
    /// Asks the cluster what it would make of a resource: defaults, conflicts and webhooks included.
    pub(crate) fn ask(kubectl: &Kubectl, resource: Resource, force: bool, output: &Output) -> Result<Self> {
        let namespace = resource.namespace.as_deref().or(kubectl.namespace());
        let live = objects::get(kubectl, resource.kind, namespace, &resource.name)?;
        let object = objects::with_history(&resource.json, live.as_ref(), false, output)?;
        let after = objects::apply(kubectl, &object, force, true)?;
        Ok(Self { resource, live, after })
    }

    /// Whether the cluster would change.
    pub(crate) fn changes(&self) -> bool {
        self.live.as_ref().is_none_or(|live| objects::essence(live) != objects::essence(&self.after))
    }

    /// Kind, namespace and name, for people.
    pub(crate) fn title(&self) -> String {
        let namespace = self.after.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        format!("{} {namespace}/{}", self.resource.kind, self.resource.name)
    }
}
