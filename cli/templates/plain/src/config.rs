//! The settings, as they stand in the plugin's configuration.

use serde::Deserialize;

/// Which header to add. Both keys may be left out.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Its name, in lower case.
    pub header: String,
    /// Its value.
    pub value: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            header: "x-served-by".to_owned(),
            value: env!("CARGO_PKG_NAME").to_owned(),
        }
    }
}

impl Config {
    /// Reads JSON; nothing at all means the defaults.
    ///
    /// # Errors
    /// Says what is wrong, and where.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let config: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let token = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        };
        if config.header.is_empty() || !config.header.bytes().all(token) {
            return Err(format!(
                "`header` is `{}`, and a header name in lower case was expected",
                config.header
            ));
        }
        if config.value.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("`value` has a control character".to_owned());
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn without_configuration_there_are_defaults() {
        assert_eq!(Config::parse(b""), Ok(Config::default()));
    }

    #[test]
    fn both_keys_can_be_set() {
        let config = Config::parse(br#"{"header": "x-by", "value": "me"}"#).unwrap();
        assert_eq!(
            (config.header.as_str(), config.value.as_str()),
            ("x-by", "me")
        );
    }

    #[test]
    fn what_cannot_be_a_header_is_refused() {
        for text in [
            r#"{"header": ""}"#,
            r#"{"header": "a b"}"#,
            r#"{"value": "a\nb"}"#,
            r#"{"name": "x"}"#,
            "[",
        ] {
            assert!(Config::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
