//! How proxies reach a registry: L17 with which credentials, L19 over which transport.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::facts::{Subject, Transport};
use super::{Facts, Finding, Level, Other, Rule};
use crate::declared::Code;
use crate::{Kind, Product, Version};

/// The type that a Secret has to have for Istio, and the key in it.
const SECRET_TYPE: &str = "kubernetes.io/dockerconfigjson";
const KEY: &str = ".dockerconfigjson";
/// Docker's own registry, by the name that its configuration files have for it.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

pub(super) const L17: Rule = Rule {
    id: "L17",
    level: Level::Error,
    title: "the Secret with a registry's credentials does not work",
    explanation: "\
istiod reads the Secret of `imagePullSecret` in the namespace of the WasmPlugin, not in that of the pods, and only
one of the type kubernetes.io/dockerconfigjson; if there is none such, it sends no credentials, and the pull is tried without
them. The agent looks up the registry's host in `auths`, as docker does: Docker Hub's entry has to be
`https://index.docker.io/v1/`. `credsStore` and `credHelpers` name programs that the proxy's image does not have. Envoy Gateway
reads `pullSecretRef` from another namespace only where a ReferenceGrant allows it.

Make it with `kubectl create secret docker-registry NAME -n NAMESPACE --docker-server=HOST ...`. The rule sees Secrets of the files
that are named, and of `--pull-secret FILE`.",
    evidence: &["istio/istio#40147", "istio/istio#51288", "Kuadrant/kuadrant-operator#1077"],
    check: secret,
};

pub(super) const L19: Rule = Rule {
    id: "L19",
    level: Level::Warning,
    title: "proxies may not reach the registry as this command did",
    explanation: "\
Istio's agent trusts the authorities in the proxy's image alone. For a registry with another one it needs the registry's
host and port in WASM_INSECURE_REGISTRIES, exactly, and then verifies nothing; Envoy Gateway takes
`code.image.tls.caCertificateRef` from 1.8 on, and has no such list. Plain HTTP is used for loopback and private
addresses, and wherever a registry answers in HTTP: then whoever is on the way can replace a module that is not pinned.
`localhost` is the proxy's own pod. From Istio 1.27.8, 1.28.5 and 1.29.1 on, a registry that sends clients for a token
to a private or local address is refused.

Use a registry with a public certificate, or tell the proxies of it; `--insecure-registry HOST:PORT` tells this rule that they know.",
    evidence: &["istio/istio#36571", "envoyproxy/gateway#4466"],
    check: transport,
};

/// The registry of a reference, as credentials name it.
fn registry(reference: &str) -> &str {
    let first = reference.split('/').next().unwrap_or_default();
    let is_host = reference.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    if is_host { first } else { "docker.io" }
}

fn secret(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        let (Some(name), Code::Image(reference)) = (&subject.declared.pull_secret, &subject.declared.code)
        else {
            continue;
        };
        let is_gateway = subject.resource.kind == Kind::EnvoyExtensionPolicy;
        let path = if is_gateway {
            subject.path("code.image.pullSecretRef")
        } else {
            subject.path("imagePullSecret")
        };
        let own = subject.resource.namespace();
        let namespace = if is_gateway {
            subject.resource.at(&format!("{path}.namespace")).and_then(Value::as_str).unwrap_or(own)
        } else {
            own
        };
        let secrets: Vec<_> = facts.others_of("Secret").filter(|secret| secret.name == *name).collect();
        let mut wrong = |message: String, level: Level, help: String| {
            out.push(L17.at(subject.resource, &path, message).level(level).help(help));
        };
        if namespace != own && !facts.others_of("ReferenceGrant").any(|grant| grant.namespace == namespace) {
            wrong(
                format!(
                    "the Secret is in `{namespace}`, and no ReferenceGrant of the files is there: Envoy Gateway needs one"
                ),
                Level::Warning,
                "put the Secret into the policy's namespace, or write a ReferenceGrant".to_owned(),
            );
        }
        match (secrets.iter().find(|secret| secret.namespace == namespace), secrets.first()) {
            (Some(secret), _) => {
                if let Err((message, help)) = usable(secret, registry(reference), is_gateway) {
                    wrong(format!("the Secret `{name}` {message}"), Level::Error, help);
                }
            }
            (None, Some(elsewhere)) => wrong(
                format!(
                    "the Secret `{name}` is in `{}`, and is looked for in `{namespace}`",
                    elsewhere.namespace
                ),
                Level::Error,
                format!("make it in `{namespace}` too"),
            ),
            (None, None) => wrong(
                format!("the Secret `{name}` is in none of the files, and was not checked"),
                Level::Info,
                "name the file that has it, or `--pull-secret FILE`".to_owned(),
            ),
        }
    }
}

/// What is wrong with a Secret for this registry, and what to do.
fn usable(secret: &Other, registry: &str, is_gateway: bool) -> Result<(), (String, String)> {
    let again = format!(
        "make it with `kubectl create secret docker-registry {} -n {} --docker-server={} ...`",
        secret.name,
        secret.namespace,
        if registry == "docker.io" { DOCKER_HUB } else { registry }
    );
    let wrong = |message: String| Err((message, again.clone()));
    let kind = secret.text("/type").unwrap_or("Opaque");
    if kind != SECRET_TYPE && !is_gateway {
        return wrong(format!("is of the type `{kind}`, and Istio reads `{SECRET_TYPE}` only"));
    }
    let plain = secret.json.get("stringData").and_then(|data| data.get(KEY)).and_then(Value::as_str);
    let encoded = secret.json.get("data").and_then(|data| data.get(KEY)).and_then(Value::as_str);
    let text = match (plain, encoded) {
        (Some(plain), _) => plain.to_owned(),
        (None, Some(encoded)) => {
            let compact: String = encoded.split_whitespace().collect();
            match STANDARD.decode(compact).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => text,
                None => return wrong(format!("has a `{KEY}` that is not base64 of a text")),
            }
        }
        (None, None) => return wrong(format!("has no `{KEY}`")),
    };
    let Ok(config) = serde_json::from_str::<Value>(&text) else {
        return wrong(format!("has a `{KEY}` that is not JSON"));
    };
    let helper = config.get("credHelpers").and_then(|helpers| helpers.get(registry)).and_then(Value::as_str);
    if let Some(helper) =
        helper.or_else(|| config.get("credsStore").and_then(Value::as_str)).filter(|name| !name.is_empty())
    {
        return wrong(format!(
            "leaves the credentials to the program `docker-credential-{helper}`, which proxies do not have"
        ));
    }
    let empty = serde_json::Map::new();
    let auths = config.get("auths").and_then(Value::as_object).unwrap_or(&empty);
    let host = |key: &str| -> String {
        let key = key.split_once("://").map_or(key, |(_, rest)| rest);
        key.split('/').next().unwrap_or_default().to_owned()
    };
    // Docker Hub is looked up by its whole URL, others by their host too.
    let entry = match registry {
        "docker.io" => auths.get(DOCKER_HUB),
        _ => auths
            .get(registry)
            .or_else(|| auths.iter().find(|(key, _)| host(key) == registry).map(|(_, entry)| entry)),
    };
    let Some(entry) = entry else {
        let known: Vec<_> = auths.keys().map(|key| format!("`{key}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let expected = if registry == "docker.io" { DOCKER_HUB } else { registry };
        return wrong(format!("has no entry for `{expected}`; it has {known}"));
    };
    let has = |key: &str| entry.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !(has("auth") || has("username") && has("password") || has("identitytoken") || has("registrytoken")) {
        return wrong(format!("has an entry for `{registry}` without credentials"));
    }
    Ok(())
}

fn transport(facts: &Facts, out: &mut Vec<Finding>) {
    for subject in facts.plugins() {
        let Code::Image(reference) = &subject.declared.code else { continue };
        let registry = registry(reference);
        let path = subject.url_path();
        let mut warn =
            |message: String, help: &str| out.push(L19.at(subject.resource, &path, message).help(help));
        let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
        if host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host.ends_with(".localhost") {
            warn(
                format!("`{registry}` is the proxy itself: in its pod, no registry is there"),
                "write the name by which the registry is reached from the cluster",
            );
            continue;
        }
        if facts.insecure_registries.iter().any(|known| known == registry || known == "*") {
            continue;
        }
        match subject.image.map(|image| image.transport) {
            Some(Transport::OwnAuthority) => own_authority(facts, &subject, registry, &mut warn),
            Some(Transport::Plain) => warn(
                format!("`{registry}` is reached without TLS: whoever is on the way can replace the module"),
                "give the registry a certificate, or pin the image by its digest and say `--insecure-registry`",
            ),
            _ if is_private(host) && subject.declared.sha256.is_none() && !reference.contains('@') => warn(
                format!(
                    "`{registry}` is a private address, which proxies reach without TLS: whoever is on the way can replace the module"
                ),
                "give the registry a name and a certificate, or pin the image by its digest",
            ),
            _ => {}
        }
    }
}

fn own_authority(facts: &Facts, subject: &Subject<'_>, registry: &str, warn: &mut impl FnMut(String, &str)) {
    let is_gateway = subject.resource.kind == Kind::EnvoyExtensionPolicy;
    if is_gateway {
        let told = subject.resource.at(&subject.path("code.image.tls")).is_some();
        let can = facts.versions(Product::EnvoyGateway).all(|version| version >= Version::new(1, 8));
        if !told || !can {
            warn(
                format!(
                    "the certificate of `{registry}` is of an authority of your own, which Envoy Gateway does not know"
                ),
                "name the authority in `code.image.tls.caCertificateRef`, from Envoy Gateway 1.8 on",
            );
        }
    } else {
        warn(
            format!(
                "the certificate of `{registry}` is of an authority of your own, which proxies do not trust"
            ),
            "set WASM_INSECURE_REGISTRIES of the proxies to the registry's host and port, and say `--insecure-registry` here",
        );
    }
}

fn is_private(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private())
}
