//! Credentials as docker and podman keep them: in their files, or with a helper.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential};

use crate::image::reference::Repository;
use crate::image::store::StoreError;

/// What is known about a registry.
pub(super) enum Credentials {
    None,
    Password { user: String, password: String },
    IdentityToken(String),
}

/// The user by which helpers say that what follows is an identity token.
const TOKEN: &str = "<token>";

/// Looks in docker's file, then in podman's; the first that knows the registry counts.
pub(super) fn find(repository: &Repository) -> Result<Credentials, StoreError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    for path in files(variable) {
        if let Some(credential) = read(&path, repository.credentials_key())? {
            return Ok(match credential {
                DockerCredential::UsernamePassword(user, token) if user == TOKEN => {
                    Credentials::IdentityToken(token)
                }
                DockerCredential::UsernamePassword(user, password) => {
                    Credentials::Password { user, password }
                }
                DockerCredential::IdentityToken(token) => Credentials::IdentityToken(token),
            });
        }
    }
    Ok(Credentials::None)
}

/// `config.json` in `$DOCKER_CONFIG` or `~/.docker`; `$REGISTRY_AUTH_FILE`, or `containers/auth.json` in `$XDG_RUNTIME_DIR` or
/// `~/.config`.
fn files(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let home = |below: &str| variable("HOME").map(|home| home.join(below));
    let docker =
        variable("DOCKER_CONFIG").or_else(|| home(".docker")).map(|folder| folder.join("config.json"));
    let podman = match variable("REGISTRY_AUTH_FILE") {
        Some(file) => vec![Some(file)],
        None => [variable("XDG_RUNTIME_DIR"), home(".config")]
            .map(|folder| folder.map(|folder| folder.join("containers/auth.json")))
            .into(),
    };
    [docker].into_iter().chain(podman).flatten().collect()
}

/// What a file, or the helper that it names, knows about the registry of this name.
fn read(path: &Path, registry: &str) -> Result<Option<DockerCredential>, StoreError> {
    let file = match std::fs::File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => {
            opened.map_err(|error| StoreError::File { what: format!("read `{}`", path.display()), error })?
        }
    };
    match docker_credential::get_credential_from_reader(file, registry) {
        Ok(credential) => Ok(Some(credential)),
        Err(CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound) => {
            Ok(None)
        }
        // How helpers say that they have none.
        Err(CredentialRetrievalError::HelperFailure { stdout, .. })
            if stdout.contains("credentials not found") =>
        {
            Ok(None)
        }
        Err(error) => {
            let what = format!("usable credential for {registry} in `{}`: {}", path.display(), told(&error));
            Err(StoreError::Missing { what })
        }
    }
}

/// What went wrong, without what a helper printed: it may be a secret.
fn told(error: &CredentialRetrievalError) -> String {
    match error {
        CredentialRetrievalError::HelperFailure { helper, .. } => {
            format!("the helper `docker-credential-{helper}` failed")
        }
        CredentialRetrievalError::ConfigReadError => "it is not the JSON of such a file".to_owned(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))
        };
        files(variable).iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn files_are_where_docker_and_podman_have_them() {
        assert_eq!(found(&[("HOME", "/h")]), ["/h/.docker/config.json", "/h/.config/containers/auth.json"]);
        let all = [
            ("HOME", "/h"),
            ("DOCKER_CONFIG", "/d"),
            ("XDG_RUNTIME_DIR", "/x"),
            ("REGISTRY_AUTH_FILE", "/r"),
        ];
        assert_eq!(found(&all), ["/d/config.json", "/r"]);
        assert_eq!(
            found(&all[..3]),
            ["/d/config.json", "/x/containers/auth.json", "/h/.config/containers/auth.json"]
        );
        assert!(found(&[]).is_empty());
    }
}
