//! Schemes as configurations describe them, for verifying and for signing.

use crate::mac::Hash;
use crate::scheme::custom::{Component as Part, Custom, Unit};
use crate::scheme::rfc9421::{Component, Rfc9421};
use crate::scheme::sigv4::SigV4;
use crate::scheme::{DigestRule, Scheme};
use mesh_filter::HeaderName;
use mesh_filter_policy::{Encoding, Problem};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use std::fmt;

/// What is covered unless the configuration says otherwise: what the request is about.
const COMPONENTS: [&str; 4] = ["@method", "@authority", "@path", "@query"];

/// The schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SchemeName {
    Rfc9421,
    AwsSigv4,
    Github,
    Stripe,
    Slack,
    StandardWebhooks,
    Custom,
}

/// What of a rule describes its scheme.
pub(super) struct Description<'a> {
    pub(super) scheme: SchemeName,
    /// The field's name, and what stands in it.
    pub(super) components: (&'static str, Option<&'a [String]>),
    pub(super) label: Option<&'a str>,
    pub(super) tag: Option<&'a str>,
    pub(super) region: Option<&'a str>,
    pub(super) service: Option<&'a str>,
    pub(super) normalize_path: Option<bool>,
    pub(super) custom: Option<&'a CustomConfig>,
    pub(super) digest: DigestRule,
}

/// A scheme of the user's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomConfig {
    signature_header: HeaderName,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    encoding: TextEncoding,
    #[serde(default)]
    algorithm: Hash,
    components: Vec<PartConfig>,
    #[serde(default)]
    separator: String,
    key_id_header: Option<HeaderName>,
    timestamp: Option<TimestampConfig>,
    nonce_header: Option<HeaderName>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimestampConfig {
    header: HeaderName,
    #[serde(default)]
    unit: Unit,
}

/// A part of the request by its name, or `{literal: TEXT}`, which always stands there.
#[derive(Debug)]
enum PartConfig {
    Name(String),
    Literal(String),
}

impl<'de> Deserialize<'de> for PartConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Part;

        impl<'de> Visitor<'de> for Part {
            type Value = PartConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a part, or `{literal: TEXT}`")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<PartConfig, E> {
                Ok(PartConfig::Name(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<PartConfig, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Text {
                    literal: String,
                }
                let text = Text::deserialize(MapAccessDeserializer::new(members))?;
                Ok(PartConfig::Literal(text.literal))
            }
        }

        deserializer.deserialize_any(Part)
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TextEncoding {
    #[default]
    Hex,
    Base64,
    Base64url,
}

impl Description<'_> {
    pub(super) fn build(&self) -> Result<Scheme, Problem> {
        self.check()?;
        Ok(match self.scheme {
            SchemeName::Rfc9421 => Scheme::Rfc9421(Box::new(self.rfc9421()?)),
            SchemeName::AwsSigv4 => Scheme::SigV4(Box::new(self.sigv4()?)),
            SchemeName::Github => Scheme::GitHub,
            SchemeName::Stripe => Scheme::Stripe,
            SchemeName::Slack => Scheme::Slack,
            SchemeName::StandardWebhooks => Scheme::Webhooks,
            SchemeName::Custom => {
                let missing = || Problem::new("custom", "the scheme `custom` has to be described here");
                let custom = self.custom.ok_or_else(missing)?;
                Scheme::Custom(Box::new(custom.build().map_err(|problem| problem.inside("custom"))?))
            }
        })
    }

    /// What says nothing about the scheme is a mistake.
    fn check(&self) -> Result<(), Problem> {
        use SchemeName::{AwsSigv4, Custom, Rfc9421};
        let fields: [(&'static str, bool, &[SchemeName]); 7] = [
            (self.components.0, self.components.1.is_some(), &[Rfc9421, AwsSigv4]),
            ("label", self.label.is_some(), &[Rfc9421]),
            ("tag", self.tag.is_some(), &[Rfc9421]),
            ("region", self.region.is_some(), &[AwsSigv4]),
            ("service", self.service.is_some(), &[AwsSigv4]),
            ("normalize_path", self.normalize_path.is_some(), &[AwsSigv4]),
            ("custom", self.custom.is_some(), &[Custom]),
        ];
        let lost = fields.iter().find(|(_, given, schemes)| *given && !schemes.contains(&self.scheme));
        match lost {
            Some((field, ..)) => Err(Problem::new(*field, "it says nothing about this `scheme`")),
            None => Ok(()),
        }
    }

    fn rfc9421(&self) -> Result<Rfc9421, Problem> {
        let (field, given) = self.components;
        let default = COMPONENTS.map(str::to_owned);
        let mut components = Vec::new();
        for (index, name) in given.unwrap_or(&default).iter().enumerate() {
            let component = Component::named(name).ok_or_else(|| {
                let expected = "expected a field's name, `@method`, `@target-uri`, `@authority`, `@scheme`, \
                                `@request-target`, `@path` or `@query`, or with parameters `\"@query-param\";name=\"id\"`";
                Problem::new(format!("{field}[{index}]"), expected)
            })?;
            components.push(component);
        }
        if self.label.is_some_and(|label| !is_key(label)) {
            return Err(Problem::new(
                "label",
                "expected a-z, 0-9, `_`, `-`, `.` and `*`, with a letter or `*` first",
            ));
        }
        if self.tag.is_some_and(|tag| !tag.bytes().all(|byte| matches!(byte, b' '..=b'~'))) {
            return Err(Problem::new("tag", "expected printable ASCII"));
        }
        Ok(Rfc9421 {
            components,
            label: self.label.map(str::to_owned),
            tag: self.tag.map(str::to_owned),
            digest: self.digest,
            lifetime: None,
            nonce: false,
        })
    }

    fn sigv4(&self) -> Result<SigV4, Problem> {
        let text = |place: &'static str, text: Option<&str>| match text {
            Some(text)
                if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/') =>
            {
                Ok(text.to_owned())
            }
            _ => Err(Problem::new(place, "expected a name, such as `eu-west-1` or `execute-api`")),
        };
        let (field, given) = self.components;
        let mut headers = Vec::new();
        for (index, name) in given.unwrap_or_default().iter().enumerate() {
            let name = HeaderName::new(name)
                .map_err(|error| Problem::new(format!("{field}[{index}]"), error.to_string()))?;
            headers.push(name.as_str().to_owned());
        }
        let service = text("service", self.service)?;
        Ok(SigV4 {
            region: text("region", self.region)?,
            normalize: self.normalize_path.unwrap_or(service != "s3"),
            service,
            headers,
            digest: self.digest,
            access_key_id: None,
            session_token: None,
        })
    }
}

impl CustomConfig {
    fn build(&self) -> Result<Custom, Problem> {
        let header = |name: &HeaderName| name.as_str().to_owned();
        let mut components = Vec::new();
        for (index, part) in self.components.iter().enumerate() {
            let part = match part {
                PartConfig::Name(name) => Part::named(name),
                PartConfig::Literal(text) => Some(Part::Literal(text.clone())),
            };
            components.push(part.ok_or_else(|| {
                let expected = "expected `{literal: TEXT}`, a header,  `@method`, `@authority`, `@target`, `@path`, \
                                `@query`, `@key-id`, `@timestamp`, `@nonce` or `@body`";
                Problem::new(format!("components[{index}]"), expected)
            })?);
        }
        let has = |part: &Part| components.contains(part);
        for (part, place, given) in [
            (Part::KeyId, "key_id_header", self.key_id_header.is_some()),
            (Part::Timestamp, "timestamp", self.timestamp.is_some()),
            (Part::Nonce, "nonce_header", self.nonce_header.is_some()),
        ] {
            if has(&part) && !given {
                return Err(Problem::new(
                    "components",
                    format!("what is signed has to stand somewhere: set `{place}`"),
                ));
            }
            // The key is bound to the MAC anyway.
            if given && !has(&part) && part != Part::KeyId {
                return Err(Problem::new(
                    place,
                    "`components` lacks it: what is not signed anybody can change",
                ));
            }
        }
        if components.iter().all(|part| matches!(part, Part::Literal(_))) {
            return Err(Problem::new("components", "nothing of the request is signed"));
        }
        if components.iter().filter(|part| **part == Part::Body).count() > 1 {
            return Err(Problem::new("components", "expected `@body` once at most"));
        }
        let free =
            components.iter().filter(|part| !matches!(part, Part::Literal(_) | Part::Timestamp)).count();
        if free > 1 && self.separator.is_empty() {
            let text = "without it the same bytes can be other parts: `/a` and `b` are `/` and `ab`";
            return Err(Problem::new("separator", text));
        }
        if !self.prefix.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Problem::new("prefix", "expected printable ASCII"));
        }
        let encoding = match self.encoding {
            TextEncoding::Hex => Encoding::Hex,
            TextEncoding::Base64 => Encoding::Base64,
            TextEncoding::Base64url => Encoding::Base64url,
        };
        let custom = Custom {
            hash: self.algorithm,
            place: Custom::place(header(&self.signature_header), self.prefix.clone(), encoding),
            components,
            separator: self.separator.clone().into_bytes(),
            key_id_header: self.key_id_header.as_ref().map(header),
            timestamp: self.timestamp.as_ref().map(|timestamp| (header(&timestamp.header), timestamp.unit)),
            nonce_header: self.nonce_header.as_ref().map(header),
        };
        let names = custom.headers();
        if names
            .iter()
            .enumerate()
            .any(|(index, name)| names.iter().skip(index + 1).any(|other| other == name))
        {
            return Err(Problem::new("", "the headers of signature, key, time and nonce are four"));
        }
        if custom.components.contains(&Part::Header(custom.place.header.clone())) {
            return Err(Problem::new("components", "a signature cannot sign itself"));
        }
        Ok(custom)
    }
}

/// Whether this can be a name in a dictionary of RFC 8941.
fn is_key(text: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte == b'*';
    text.bytes().next().is_some_and(first)
        && text.bytes().all(|byte| first(byte) || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.'))
}
