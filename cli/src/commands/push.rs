//! `push`: packed filters to a registry, and files about them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::package::{self, Pack, annotation};
use crate::failure::{Failure, Result};
use crate::image::attachment::{self, Attachment};
use crate::image::delivery::Delivery;
use crate::image::folder::Folder;
use crate::image::open::{self, REF, RegistryOptions, failed};
use crate::image::reference::Reference;
use crate::image::store::{Store, Stored, Which};
use crate::image::{accept, transfer};
use crate::output::{Format, Output};
use crate::project::workspace::Selection;

const HELP: &str = "\
Examples:
  cargo mesh-filter push                      this crate, to where it says
  cargo mesh-filter push --workspace          every filter, each to where it says
  cargo mesh-filter push registry.example.com/team/jwt:1.2
  cargo mesh-filter push --image jwt.oci localhost:5000/jwt
  cargo mesh-filter push registry.example.com/team/jwt:1.2 \\
    --attach bom.json --artifact-type application/vnd.cyclonedx+json

Builds and packs the crate as `package` does, and sends what the registry does
not have yet. Nothing is sent that proxies would not load.

A file that is attached refers to the image, whose digest stays: `inspect` and
`list --referrers` show it, `pull --artifact-type` fetches it, `copy` takes it
along. Registries that do not list referrers get the tag sha256-<hex> for that.

Exit codes: 0 pushed, 1 the build or the registry failed, 2 wrong usage,
3 a tool is missing";

/// Push filters' images to a registry, or attach a file to an image there
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{REF}\n\n{HELP}"))]
pub(crate) struct Args {
    /// Where to; without a tag the crate's version is taken [default: `image` of the crate's metadata]
    #[arg(value_name = "REF")]
    reference: Option<String>,
    /// Push this packed image instead of a crate
    #[arg(long, value_name = "DIR", conflicts_with_all = ["package", "workspace", "manifest_path"])]
    image: Option<PathBuf>,
    /// Push this package; may be repeated
    #[arg(long, short, value_name = "NAME")]
    package: Vec<String>,
    /// Push every filter crate of the workspace
    #[arg(long, conflicts_with = "package")]
    workspace: bool,
    /// Cargo.toml of the crate or workspace
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Attach this file to the image that is at REF, a list of its parts for example
    #[arg(
        long,
        value_name = "FILE",
        requires = "reference",
        requires = "artifact_type",
        conflicts_with_all = ["image", "package", "workspace", "manifest_path"]
    )]
    attach: Option<PathBuf>,
    /// What the attached file is, as a media type
    #[arg(long, value_name = "TYPE", requires = "attach", value_parser = media_type)]
    artifact_type: Option<String>,
    /// Say more about the attached file; may be repeated
    #[arg(long, value_name = "NAME=TEXT", requires = "attach", value_parser = annotation)]
    annotation: Vec<(String, String)>,
    #[command(flatten)]
    registry: RegistryOptions,
    /// How to print what was pushed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

fn media_type(text: &str) -> std::result::Result<String, String> {
    match attachment::is_media_type(text) {
        true => Ok(text.to_owned()),
        false => Err("expected a media type such as application/vnd.cyclonedx+json".to_owned()),
    }
}

/// A packed image, and where it is to go.
struct Parcel {
    from: Folder,
    stored: Stored,
    target: Reference,
}

/// A packed image, and what its crate says about its place.
struct Source {
    name: Option<String>,
    folder: PathBuf,
    repository: Option<String>,
    version: Option<String>,
}

impl Args {
    /// Packs where there is something to pack, and pushes.
    pub(crate) fn exec(self, output: &Output) -> Result<()> {
        if let (Some(file), Some(artifact_type), Some(reference)) =
            (&self.attach, &self.artifact_type, &self.reference)
        {
            return self.attach(file, artifact_type, reference, output);
        }
        // All that can be wrong on this side is found before the first is sent.
        let sources = self.sources(output)?;
        if sources.len() > 1 && self.reference.is_some() {
            let names: Vec<_> = sources.iter().filter_map(|source| source.name.as_deref()).collect();
            return Err(Failure::usage(format!("REF is for one image, and there are {}", sources.len()))
                .help(format!(
                    "choose one with `-p NAME` ({}), or leave out REF: each goes where its `image` in \
                     `[package.metadata.mesh-filter]` says",
                    names.join(", ")
                )));
        }
        let parcels: Vec<_> = sources.iter().map(|source| self.parcel(source)).collect::<Result<_>>()?;
        different(&parcels)?;
        let mut sent = Vec::new();
        let mut ended = Ok(());
        for parcel in &parcels {
            match self.send(parcel, output) {
                Ok(delivery) => {
                    if self.format == Format::Text {
                        output.data(&delivery.text());
                    }
                    sent.push(delivery);
                }
                Err(failure) => {
                    if !sent.is_empty() {
                        let (done, all) = (sent.len(), parcels.len());
                        output.warning(&format!("{done} of {all} images were pushed, and then it failed"));
                    }
                    ended = Err(failure);
                    break;
                }
            }
        }
        // Also what has gone before a failure.
        if self.format == Format::Json && !(sent.is_empty() && ended.is_err()) {
            output.json(&serde_json::json!({ "images": sent }))?;
        }
        ended
    }

    /// The folders with images, and what the crates say about their places.
    fn sources(&self, output: &Output) -> Result<Vec<Source>> {
        if let Some(folder) = &self.image {
            if !Folder::new(folder).is_layout() {
                return Err(Failure::usage(format!("`{}` is no folder with an image", folder.display()))
                    .help("`cargo mesh-filter package` makes one"));
            }
            return Ok(vec![Source { name: None, folder: folder.clone(), repository: None, version: None }]);
        }
        let selection = Selection { packages: self.package.clone(), workspace: self.workspace };
        let packed = package::pack_crates(&Pack::of(selection, self.manifest_path.clone()), output)?;
        let source = |packed: package::Packed| Source {
            name: Some(packed.name().to_owned()),
            folder: packed.folder,
            repository: packed.repository,
            version: packed.version,
        };
        Ok(packed.into_iter().map(source).collect())
    }

    fn parcel(&self, source: &Source) -> Result<Parcel> {
        let text = self.reference.as_ref().or(source.repository.as_ref()).ok_or_else(|| {
            let message = match &source.name {
                Some(name) => format!("there is no REF to push `{name}` to"),
                None => "there is no REF to push to".to_owned(),
            };
            Failure::usage(message)
                .help("name one, or set `image` in `[package.metadata.mesh-filter]` of Cargo.toml")
        })?;
        let target = open::reference(text)?.or_tag(source.version.as_deref().unwrap_or("latest"));
        if let Which::Digest(_) = target.which() {
            return Err(Failure::usage(format!("`{target}` has a digest: images are pushed to tags")));
        }
        let place = open::reference(&format!("oci:{}", source.folder.display()))?;
        let from = Folder::new(&source.folder);
        let only = place.which();
        accept::accept(&from, &only, &mut |_| ()).map_err(|error| open::refused(&place, &error))?;
        let stored = from.manifest(&only).map_err(|error| failed(&place, &error))?;
        Ok(Parcel { from, stored, target })
    }

    fn send(&self, parcel: &Parcel, output: &Output) -> Result<Delivery> {
        let Parcel { from, stored, target } = parcel;
        let to = self.registry.open(target)?;
        let mut told = |digest: &str, so_far, size| open::show(output, "Pushing", digest, so_far, size);
        let copied = transfer::copy(from, stored, &*to, &target.which(), &mut told);
        output.live(None);
        let copied = copied.map_err(|error| failed(target, &error))?;
        Ok(Delivery::new(target, stored.digest(), copied))
    }

    fn attach(&self, file: &Path, artifact_type: &str, reference: &str, output: &Output) -> Result<()> {
        let title = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let annotations: BTreeMap<_, _> = self.annotation.iter().cloned().collect();
        let attachment = Attachment {
            artifact_type: artifact_type.to_owned(),
            title,
            bytes: contents(file)?,
            annotations,
        };
        let target = open::reference(reference)?;
        let store = self.registry.open(&target)?;
        let subject = store.manifest(&target.which()).map_err(|error| failed(&target, &error))?;
        let mut told = |digest: &str, so_far, size| open::show(output, "Pushing", digest, so_far, size);
        let attached = attachment::attach(&*store, &subject, attachment, &mut told);
        output.live(None);
        let (digest, copied) = attached.map_err(|error| failed(&target, &error))?;
        let delivery = Delivery::new(&target.with_digest(&digest), digest, copied).about(subject.digest());
        match self.format {
            Format::Json => output.json(&delivery),
            Format::Text => {
                output.data(&delivery.text());
                Ok(())
            }
        }
    }
}

/// Two crates that name one place would replace each other there.
fn different(parcels: &[Parcel]) -> Result<()> {
    let mut known = BTreeMap::new();
    for parcel in parcels {
        let digest = parcel.stored.digest();
        let place = parcel.target.to_string();
        if known.insert(place.clone(), digest.clone()).is_some_and(|other| other != digest) {
            return Err(Failure::usage(format!("two crates are to be pushed to `{place}`"))
                .help("each needs its own `image` in `[package.metadata.mesh-filter]` of Cargo.toml"));
        }
    }
    Ok(())
}

fn contents(file: &Path) -> Result<Vec<u8>> {
    let unread = |error: &dyn std::error::Error| {
        Failure::usage(format!("cannot read `{}`", file.display())).because(error)
    };
    let size = std::fs::metadata(file).map_err(|error| unread(&error))?.len();
    if size > attachment::LARGEST {
        return Err(Failure::usage(format!(
            "`{}` has {size} bytes: files up to {} can be attached",
            file.display(),
            attachment::LARGEST
        )));
    }
    std::fs::read(file).map_err(|error| unread(&error))
}
