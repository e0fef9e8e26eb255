//! Who we are: answers to what a registry asks for (RFC 9110, section 11; distribution's token authentication).

use std::cell::RefCell;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::Agent;
use ureq::http::Request;

use super::credentials::{self, Credentials};
use super::request::{Action, Failed, Reply};
use crate::image::reference::Repository;
use crate::image::store::StoreError;

/// What a token server is asked for, in messages.
const WHAT: &str = "get a token";
/// The largest answer of a token server, in bytes.
const LARGEST_TOKEN: u64 = 1024 * 1024;

/// What is told to the registry with each request.
pub(super) struct Login {
    repository: Repository,
    known: RefCell<Known>,
}

#[derive(Default)]
struct Known {
    /// The value of `authorization`, and for what it is good.
    value: Option<(String, Action)>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Login {
    pub(super) fn new(repository: &Repository) -> Self {
        Self { repository: repository.clone(), known: RefCell::default() }
    }

    /// The value of `authorization`, where one is known that is good for this.
    pub(super) fn authorization(&self, action: Action) -> Option<String> {
        let known = self.known.borrow();
        let (value, good_for) = known.value.as_ref()?;
        (*good_for == Action::Push || action == Action::Pull).then(|| value.clone())
    }

    /// Gets what the challenge asks for; `false` where nothing more can be said than before.
    pub(super) fn answer(&self, agent: &Agent, challenge: &str, action: Action) -> Result<bool, Failed> {
        let before = self.authorization(action);
        let challenges = http_auth::parse_challenges(challenge).unwrap_or_default();
        let find = |scheme: &str| challenges.iter().find(|one| one.scheme.eq_ignore_ascii_case(scheme));
        let credentials = credentials::find(&self.repository)?;
        let value = if let Some(bearer) = find("bearer") {
            let parameter = |name: &str| {
                let parameters = bearer.params.iter();
                parameters
                    .clone()
                    .find(|(known, _)| known.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.to_unescaped())
            };
            let realm = parameter("realm").ok_or_else(|| self.protocol("a challenge without `realm`"))?;
            self.token(agent, &realm, parameter("service"), action, &credentials)?
        } else if find("basic").is_some() {
            match credentials {
                Credentials::Password { user, password } => basic(&user, &password),
                Credentials::None | Credentials::IdentityToken(_) => return Ok(false),
            }
        } else {
            return Ok(false);
        };
        // The same again would be refused again.
        let is_new = before.as_ref() != Some(&value);
        self.known.borrow_mut().value = Some((value, action));
        Ok(is_new)
    }

    fn token(
        &self,
        agent: &Agent,
        realm: &str,
        service: Option<String>,
        action: Action,
        credentials: &Credentials,
    ) -> Result<String, Failed> {
        self.check_realm(realm, credentials)?;
        let actions = if action == Action::Push { "pull,push" } else { "pull" };
        let scope = format!("repository:{}:{actions}", self.repository.name);
        // Without a repository only the credentials are asked about.
        let scope = (!self.repository.name.is_empty()).then_some(("scope", scope));
        let mut fields: Vec<_> = scope.into_iter().collect();
        fields.extend(service.map(|service| ("service", service)));
        let request = match credentials {
            // An identity token is a refresh token of OAuth 2 (RFC 6749, section 6).
            Credentials::IdentityToken(token) => {
                fields.push(("grant_type", "refresh_token".to_owned()));
                fields.push(("refresh_token", token.clone()));
                fields.push(("client_id", "mesh-filter".to_owned()));
                let form = Request::builder().method("POST").uri(realm);
                form.header("content-type", "application/x-www-form-urlencoded").body(form_of(&fields))
            }
            _ => {
                let mark = if realm.contains('?') { '&' } else { '?' };
                let mut get =
                    Request::builder().method("GET").uri(format!("{realm}{mark}{}", form_of(&fields)));
                if let Credentials::Password { user, password } = credentials {
                    get = get.header("authorization", basic(user, password));
                }
                get.body(String::new())
            }
        };
        let registry = &self.repository.registry;
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| StoreError::Connection {
            registry: registry.clone(),
            what: WHAT.to_owned(),
            error,
        };
        let passing = |error: Box<dyn std::error::Error + Send + Sync>| Failed::Passing(broken(error), None);
        let request = request.map_err(|error| broken(error.into()))?;
        let response =
            if request.method() == "GET" { agent.run(request.map(|_| ())) } else { agent.run(request) };
        let mut reply = Reply(response.map_err(|error| passing(error.into()))?);
        if reply.status() != 200 {
            return Err(Failed::refused(registry, WHAT, &mut reply));
        }
        let mut text = Vec::new();
        reply.body().take(LARGEST_TOKEN).read_to_end(&mut text).map_err(|error| passing(error.into()))?;
        let token: Token = serde_json::from_slice(&text)
            .map_err(|error| StoreError::Malformed { what: "the token server's answer".to_owned(), error })?;
        let token = token.token.or(token.access_token).filter(|token| !token.is_empty());
        Ok(token.map(|token| format!("Bearer {token}")).ok_or_else(|| self.protocol("no token"))?)
    }

    /// A registry may name any server, but credentials leave this machine by TLS only.
    fn check_realm(&self, realm: &str, credentials: &Credentials) -> Result<(), StoreError> {
        let plain =
            realm.strip_prefix("http://").map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
        match plain {
            None if realm.starts_with("https://") => Ok(()),
            None => Err(self.protocol("a challenge whose `realm` is no URL")),
            Some(_) if matches!(credentials, Credentials::None) => Ok(()),
            Some(host) => {
                let server = Repository { registry: host.to_owned(), name: String::new() };
                match server.is_loopback() {
                    true => Ok(()),
                    false => Err(self.protocol(&format!(
                        "a token server without TLS (`{realm}`), which gets no credentials: expected `https://`"
                    ))),
                }
            }
        }
    }

    fn protocol(&self, what: &str) -> StoreError {
        StoreError::Protocol { registry: self.repository.registry.clone(), what: what.to_owned() }
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// `application/x-www-form-urlencoded`.
fn form_of(fields: &[(&str, String)]) -> String {
    let escaped = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        text.bytes()
            .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect::<String>()
    };
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    fields.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_to_token_servers_with_tls_only() {
        let registry =
            Repository { registry: "registry.example.com".to_owned(), name: "team/filter".to_owned() };
        let login = Login::new(&registry);
        let password = Credentials::Password { user: "u".to_owned(), password: "p".to_owned() };
        for realm in
            ["https://auth.example.com/token", "http://127.0.0.1:5001/token", "http://localhost/token?a=b"]
        {
            assert!(login.check_realm(realm, &password).is_ok(), "{realm}");
        }
        for realm in
            ["http://auth.example.com/token", "http://127.0.0.1.example.com", "ftp://auth.example.com", ""]
        {
            assert!(login.check_realm(realm, &password).is_err(), "{realm}");
        }
        assert!(login.check_realm("http://auth.example.com/token", &Credentials::None).is_ok());
    }

    #[test]
    fn forms_are_escaped() {
        let scope = "repository:a/b:pull,push".to_owned();
        assert_eq!(
            form_of(&[("scope", scope), ("service", "a b&ä".to_owned())]),
            "scope=repository%3Aa%2Fb%3Apull%2Cpush&service=a%20b%26%C3%A4"
        );
    }
}
