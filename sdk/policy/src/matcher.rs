//! Conditions on text and on requests, as Envoy's `StringMatcher` and `RouteMatch` have them.

use crate::Problem;
use crate::{PathMatch, RouteMatch, Text, TextMatch, ValueMatch};
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

    /// Texts that the expression matches as a whole.
    ///
    /// # Errors
    /// Where it is none, or this build has no expressions.
    pub fn whole(&self) -> Result<Text, Problem> {
        let condition = TextMatch::regex(&self.regex, false).map_err(|error| Problem::new("regex", error))?;
        Ok(Text::new(condition, false))
    }

    /// The expression as it stands, which need not match as a whole.
    ///
    /// # Errors
    /// Where it is none, or too large.
    #[cfg(feature = "regex")]
    pub fn part(&self) -> Result<regex_lite::Regex, Problem> {
        crate::expression(&self.regex).map_err(|error| Problem::new("regex", error))
    }
}

impl TextConfig {
    /// What is asked for each text.
    ///
    /// # Errors
    /// Unless there is exactly one condition that can be meant.
    pub fn build(&self) -> Result<Text, Problem> {
        let text = |text: &str| match self.ignore_case {
            true => text.to_ascii_lowercase(),
            false => text.to_owned(),
        };
        let plain = [&self.exact, &self.prefix, &self.suffix, &self.contains];
        let given = plain.iter().filter(|plain| plain.is_some()).count();
        if given + usize::from(self.safe_regex.is_some()) != 1 {
            let expected = "expected exactly one of `exact`, `prefix`, `suffix`, `contains` or `safe_regex`";
            return Err(Problem::new("", expected));
        }
        if self.safe_regex.is_some() && self.ignore_case {
            return Err(Problem::new(
                "ignore_case",
                "it says nothing about `safe_regex`: write `(?i)` into the expression",
            ));
        }
        let condition = match (plain, &self.safe_regex) {
            ([Some(exact), ..], _) => TextMatch::Exact(text(exact)),
            ([_, Some(prefix), ..], _) => TextMatch::Prefix(text(prefix)),
            ([_, _, Some(suffix), _], _) => TextMatch::Suffix(text(suffix)),
            ([.., Some(part)], _) => TextMatch::Contains(text(part)),
            (_, Some(regex)) => regex.build(false)?,
            (_, None) => TextMatch::Contains(String::new()),
        };
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
    headers: Vec<HeaderMatchConfig>,
    #[serde(default)]
    query_parameters: Vec<ParameterMatchConfig>,
}

fn yes() -> bool {
    true
}

/// Envoy's `HeaderMatcher`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderMatchConfig {
    name: String,
    string_match: Option<TextConfig>,
    present_match: Option<bool>,
    #[serde(default)]
    invert_match: bool,
}

impl HeaderMatchConfig {
    /// What is asked for the header's values. Pseudo headers of requests are headers here, as in Envoy.
    ///
    /// # Errors
    /// Where the name is none, or it cannot be meant.
    pub fn build(&self) -> Result<ValueMatch, Problem> {
        let name = match self.name.to_ascii_lowercase() {
            pseudo if matches!(&*pseudo, ":method" | ":path" | ":authority" | ":scheme") => pseudo,
            name => {
                HeaderName::new(&self.name).map_err(|error| Problem::new("name", error.to_string()))?;
                name
            }
        };
        value_match(name, self.string_match.as_ref(), self.present_match, self.invert_match)
    }
}

/// Envoy's `QueryParameterMatcher`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterMatchConfig {
    name: String,
    string_match: Option<TextConfig>,
    present_match: Option<bool>,
}

impl ParameterMatchConfig {
    /// What is asked for the parameter's values.
    ///
    /// # Errors
    /// Where it cannot be meant.
    pub fn build(&self) -> Result<ValueMatch, Problem> {
        value_match(self.name.clone(), self.string_match.as_ref(), self.present_match, false)
    }
}

/// The fields of Envoy's `RouteMatch` that are about the path.
#[derive(Debug, Clone, Copy)]
pub struct PathFields<'c> {
    /// How paths begin.
    pub prefix: Option<&'c str>,
    /// The path itself.
    pub path: Option<&'c str>,
    /// The path itself, or what lies below it.
    pub path_separated_prefix: Option<&'c str>,
    /// What matches paths as a whole.
    pub safe_regex: Option<&'c RegexConfig>,
    /// Whether ASCII letters have case.
    pub case_sensitive: bool,
}

impl PathFields<'_> {
    /// What is asked for each path; nothing where no field is set.
    ///
    /// # Errors
    /// Where several are set, or one cannot be meant.
    pub fn build(self) -> Result<Option<PathMatch>, Problem> {
        let ignore_case = !self.case_sensitive;
        let text = |place: &'static str, text: &str| {
            if text.contains(['?', '#']) || !text.starts_with('/') {
                let expected = "expected a path that begins with `/`, without `?` and `#`: the query has matchers of its own";
                return Err(Problem::new(place, expected));
            }
            Ok(if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() })
        };
        let given = [self.prefix, self.path, self.path_separated_prefix];
        let given = given.iter().flatten().count() + usize::from(self.safe_regex.is_some());
        if given > 1 {
            return Err(Problem::new("", format!("expected exactly one of {PATHS}")));
        }
        let plain = |condition| Some(PathMatch::Text(Text::new(condition, ignore_case)));
        Ok(if let Some(prefix) = self.prefix {
            plain(TextMatch::Prefix(text("prefix", prefix)?))
        } else if let Some(path) = self.path {
            plain(TextMatch::Exact(text("path", path)?))
        } else if let Some(prefix) = self.path_separated_prefix {
            let prefix = text("path_separated_prefix", prefix)?;
            if prefix.ends_with('/') {
                return Err(Problem::new("path_separated_prefix", "expected no `/` at its end"));
            }
            Some(PathMatch::Separated(prefix, ignore_case))
        } else if let Some(regex) = self.safe_regex {
            Some(PathMatch::Text(Text::new(regex.build(ignore_case)?, false)))
        } else {
            None
        })
    }
}

/// The fields of which a route has one.
const PATHS: &str = "`prefix`, `path`, `path_separated_prefix` or `safe_regex`";

impl MatchConfig {
    /// What is asked for each request.
    ///
    /// # Errors
    /// Where it cannot be meant, with the place.
    pub fn build(&self) -> Result<RouteMatch, Problem> {
        let path = PathFields {
            prefix: self.prefix.as_deref(),
            path: self.path.as_deref(),
            path_separated_prefix: self.path_separated_prefix.as_deref(),
            safe_regex: self.safe_regex.as_ref(),
            case_sensitive: self.case_sensitive,
        };
        check_methods(&self.methods)?;
        Ok(RouteMatch {
            path: path
                .build()?
                .ok_or_else(|| Problem::new("", format!("expected exactly one of {PATHS}")))?,
            methods: self.methods.clone(),
            headers: build_all("headers", &self.headers, HeaderMatchConfig::build)?,
            parameters: build_all("query_parameters", &self.query_parameters, ParameterMatchConfig::build)?,
        })
    }
}

/// Checks the field `methods`.
///
/// # Errors
/// Where one is none.
pub fn check_methods(methods: &[String]) -> Result<(), Problem> {
    match methods.iter().position(|method| HeaderName::new(method).is_err()) {
        Some(index) => Err(Problem::new(format!("methods[{index}]"), "expected a method such as `GET`")),
        None => Ok(()),
    }
}

/// What is made of each item of the list in this field; a mistake has the item's place.
///
/// # Errors
/// The first mistake.
pub fn build_all<C, B>(
    field: &str,
    items: &[C],
    build: impl Fn(&C) -> Result<B, Problem>,
) -> Result<Vec<B>, Problem> {
    let mut built = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        built.push(build(item).map_err(|problem| problem.in_list(field, index))?);
    }
    Ok(built)
}

fn value_match(
    name: String,
    text: Option<&TextConfig>,
    present: Option<bool>,
    invert: bool,
) -> Result<ValueMatch, Problem> {
    let (value, absent) = match (text, present) {
        (Some(text), None) => (Some(text.build().map_err(|problem| problem.inside("string_match"))?), false),
        (None, present) => (None, present == Some(false)),
        (Some(_), Some(_)) => {
            return Err(Problem::new("", "expected one of `string_match` and `present_match`"));
        }
    };
    Ok(ValueMatch { name, value, invert: absent != invert })
}
