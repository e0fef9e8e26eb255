//! Conditions on text and on requests, as Envoy's `StringMatcher` and `RouteMatch` have them.

use crate::Problem;
use crate::route::{Named, PathMatch, RouteMatch};
use crate::{Text, TextMatch};
use mesh_filter::HeaderName;
use serde::Deserialize;

/// Envoy's `StringMatcher`: one of the conditions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextConfig {
    exact: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
    contains: Option<String>,
    safe_regex: Option<RegexConfig>,
    #[serde(default)]
    ignore_case: bool,
}

/// Envoy's `RegexMatcher`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegexConfig {
    regex: String,
}

impl RegexConfig {
    /// An expression that matches texts as a whole; `ignore_case`: whether ASCII letters have no case.
    ///
    /// # Errors
    /// Where it is none, or this build has no expressions.
    pub fn build(&self, ignore_case: bool) -> Result<TextMatch, Problem> {
        TextMatch::regex(&self.regex, ignore_case).map_err(|error| Problem::new("safe_regex.regex", error))
    }
}

impl TextConfig {
    /// What is asked for each text.
    ///
    /// # Errors
    /// Unless there is exactly one condition that can be meant.
    pub fn build(&self) -> Result<Text, Problem> {
        let text = |text: &String| match self.ignore_case {
            true => text.to_ascii_lowercase(),
            false => text.clone(),
        };
        let plain = [
            self.exact.as_ref().map(|exact| TextMatch::Exact(text(exact))),
            self.prefix.as_ref().map(|prefix| TextMatch::Prefix(text(prefix))),
            self.suffix.as_ref().map(|suffix| TextMatch::Suffix(text(suffix))),
            self.contains.as_ref().map(|part| TextMatch::Contains(text(part))),
            self.safe_regex.as_ref().map(|regex| regex.build(false)).transpose()?,
        ];
        if self.safe_regex.is_some() && self.ignore_case {
            return Err(Problem::new(
                "ignore_case",
                "it says nothing about `safe_regex`: write `(?i)` into the expression",
            ));
        }
        let condition = one(plain, "`exact`, `prefix`, `suffix`, `contains` or `safe_regex`")?;
        Ok(Text::new(condition, self.ignore_case))
    }
}

/// Envoy's `RouteMatch`, as far as a filter sees what it is about; and methods.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchConfig {
    prefix: Option<String>,
    path: Option<String>,
    path_separated_prefix: Option<String>,
    safe_regex: Option<RegexConfig>,
    #[serde(default = "yes")]
    case_sensitive: bool,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    headers: Vec<HeaderConfig>,
    #[serde(default)]
    query_parameters: Vec<ParameterConfig>,
}

fn yes() -> bool {
    true
}

/// Envoy's `HeaderMatcher`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderConfig {
    name: HeaderName,
    string_match: Option<TextConfig>,
    present_match: Option<bool>,
    #[serde(default)]
    invert_match: bool,
}

/// Envoy's `QueryParameterMatcher`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParameterConfig {
    name: String,
    string_match: Option<TextConfig>,
    present_match: Option<bool>,
}

impl MatchConfig {
    /// What is asked for each request.
    ///
    /// # Errors
    /// Where it cannot be meant, with the place.
    pub fn build(&self) -> Result<RouteMatch, Problem> {
        let ignore_case = !self.case_sensitive;
        let text = |place: &'static str, text: &String| {
            if text.contains(['?', '#']) || !text.starts_with('/') {
                let expected = "expected a path that begins with `/`, without `?` and `#`: the query has matchers of its own";
                return Err(Problem::new(place, expected));
            }
            Ok(if ignore_case { text.to_ascii_lowercase() } else { text.clone() })
        };
        let plain = |condition| PathMatch::Text(Text::new(condition, ignore_case));
        let path = |place, make: fn(String) -> TextMatch, value: &Option<String>| {
            value.as_ref().map(|value| text(place, value).map(|value| plain(make(value)))).transpose()
        };
        let separated = self.path_separated_prefix.as_ref().map(|prefix| {
            let prefix = text("path_separated_prefix", prefix)?;
            match prefix.ends_with('/') {
                true => Err(Problem::new("path_separated_prefix", "expected no `/` at its end")),
                false => Ok(PathMatch::Separated(prefix, ignore_case)),
            }
        });
        let regex = self.safe_regex.as_ref().map(|regex| {
            let condition = regex.build(ignore_case)?;
            Ok(PathMatch::Text(Text::new(condition, false)))
        });
        let paths = [
            path("prefix", TextMatch::Prefix, &self.prefix)?,
            path("path", TextMatch::Exact, &self.path)?,
            separated.transpose()?,
            regex.transpose()?,
        ];
        if let Some(index) = self.methods.iter().position(|method| HeaderName::new(method).is_err()) {
            return Err(Problem::new(format!("methods[{index}]"), "expected a method such as `GET`"));
        }
        let headers = self.headers.iter().enumerate().map(|(index, header)| {
            let named = named(header.name.clone(), header.string_match.as_ref(), header.present_match);
            let mut named = named.map_err(|problem| problem.inside(&format!("headers[{index}]")))?;
            named.invert ^= header.invert_match;
            Ok(named)
        });
        let parameters = self.query_parameters.iter().enumerate().map(|(index, parameter)| {
            let named =
                named(parameter.name.clone(), parameter.string_match.as_ref(), parameter.present_match);
            named.map_err(|problem| problem.inside(&format!("query_parameters[{index}]")))
        });
        Ok(RouteMatch {
            path: one(paths, "`prefix`, `path`, `path_separated_prefix` or `safe_regex`")?,
            methods: self.methods.clone(),
            headers: headers.collect::<Result<_, Problem>>()?,
            parameters: parameters.collect::<Result<_, _>>()?,
        })
    }
}

fn named<N>(name: N, text: Option<&TextConfig>, present: Option<bool>) -> Result<Named<N>, Problem> {
    match (text, present) {
        (Some(text), None) => {
            let value = text.build().map_err(|problem| problem.inside("string_match"))?;
            Ok(Named { name, value: Some(value), invert: false })
        }
        (None, present) => Ok(Named { name, value: None, invert: present == Some(false) }),
        (Some(_), Some(_)) => Err(Problem::new("", "expected one of `string_match` and `present_match`")),
    }
}

/// The one that is there.
fn one<T>(all: impl IntoIterator<Item = Option<T>>, names: &str) -> Result<T, Problem> {
    let mut found = all.into_iter().flatten();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(Problem::new("", format!("expected exactly one of {names}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refusal(config: Value) -> String {
        let config: MatchConfig = serde_json::from_value(config).unwrap();
        config.build().unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        assert!(refusal(json!({})).contains("exactly one of `prefix`"));
        assert!(refusal(json!({"prefix": "/", "path": "/"})).contains("exactly one of `prefix`"));
        assert!(refusal(json!({"prefix": "api"})).starts_with("at `prefix`"));
        assert!(refusal(json!({"path_separated_prefix": "/a/"})).starts_with("at `path_separated_prefix`"));
        assert!(refusal(json!({"prefix": "/", "methods": ["GET", "a b"]})).starts_with("at `methods[1]`"));
        let header = json!({"prefix": "/", "headers": [{"name": "x", "string_match": {}}]});
        assert!(refusal(header).starts_with("at `headers[0].string_match`"));
        let both = json!({"name": "x", "present_match": true, "string_match": {"exact": "a"}});
        assert!(
            refusal(json!({"prefix": "/", "query_parameters": [both]}))
                .starts_with("at `query_parameters[0]`")
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        let error =
            serde_json::from_value::<MatchConfig>(json!({"prefix": "/", "method": "GET"})).unwrap_err();
        assert!(error.to_string().contains("unknown field `method`"));
    }
}
