//! From a template's text to its pieces.

use super::piece::{Coding, Piece};
use super::{Names, Operator, Phase, Template};
use crate::json::Json;

/// Longer templates are no templates.
const LONGEST: usize = 4096;

impl Template {
    /// Reads a text. Of templates for responses, what is about the request goes into `saved`: it is looked up
    /// while the request is here.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn new(text: &str, names: &Names<'_>, saved: &mut Vec<Operator>) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("it has {} bytes: at most {LONGEST} are allowed", text.len()));
        }
        if text.chars().any(char::is_control) {
            return Err("it holds a control character".to_owned());
        }
        let mut template = Self { pieces: Vec::new(), unset: None };
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('%') {
            template.push(literal);
            if let Some(after) = after.strip_prefix('%') {
                template.push("%");
                rest = after;
                continue;
            }
            let (name, parameter, longest, after) = split(after).ok_or_else(|| {
                let shown: String = after.chars().take(32).collect();
                format!("no operator begins at `%{shown}`: expected `%NAME%` or `%NAME(..)%`, and `%%` for a percent sign")
            })?;
            let mut reader = Reader { names, saved, unset: None };
            match reader.piece(name, parameter, longest)? {
                Some(Piece::Literal(text)) => template.push(&text),
                Some(piece) => template.pieces.push(piece),
                None => template.unset = reader.unset,
            }
            rest = after;
        }
        template.push(rest);
        Ok(template)
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(literal)) => literal.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }
}

/// Reads the operators of a template.
struct Reader<'r, 'c> {
    names: &'r Names<'c>,
    saved: &'r mut Vec<Operator>,
    /// A variable of the environment that is not set.
    unset: Option<String>,
}

impl Reader<'_, '_> {
    /// The piece that an operator is; nothing where it is a variable that is not set.
    fn piece(
        &mut self,
        name: &str,
        parameter: Option<&str>,
        longest: Option<usize>,
    ) -> Result<Option<Piece>, String> {
        let coding = match name {
            "COALESCE" => return self.first(parameter.unwrap_or_default(), longest),
            "BASE64" => Coding::Base64,
            "BASE64URL" => Coding::Base64url,
            "BASE64_DECODE" => Coding::Decode,
            _ => return self.operator(name, parameter, longest),
        };
        let inner = format!("{}%", parameter.unwrap_or_default());
        let Some((inner, parameter, shorter, "")) = split(&inner) else {
            return Err(format!("`%{name}(..)%` takes an operator, as `%{name}(REQ(x-user))%`"));
        };
        let inner = self.piece(inner, parameter, shorter)?;
        Ok(inner.map(|inner| Piece::Coded(Box::new(inner), coding, longest)))
    }

    fn operator(
        &mut self,
        name: &str,
        parameter: Option<&str>,
        longest: Option<usize>,
    ) -> Result<Option<Piece>, String> {
        let mut operator = Operator::new(name, parameter, self.names)?;
        if let Operator::Variable(variable) = operator {
            return match (self.names.variable)(&variable) {
                Some(value) if value.chars().any(char::is_control) => {
                    Err(format!("the environment's `{variable}` holds a control character"))
                }
                Some(value) => {
                    let value = value.get(..longest.unwrap_or(value.len())).unwrap_or(&value);
                    Ok(Some(Piece::Literal(value.to_owned())))
                }
                None => {
                    self.unset = Some(variable);
                    Ok(None)
                }
            };
        }
        if self.names.phase == Phase::Response && operator.is_of_request(name) {
            self.saved.push(operator);
            operator = Operator::Saved(self.saved.len() - 1);
        }
        Ok(Some(Piece::Value(operator, longest)))
    }

    /// The operators of `%COALESCE({"operators": [..]})%`, by their names or as objects with `command`, `param` and `max_length`.
    fn first(&mut self, text: &str, longest: Option<usize>) -> Result<Option<Piece>, String> {
        let wrong = || {
            "expected `%COALESCE({\"operators\": [\"PROTOCOL\", {\"command\": \"REQ\", \"param\": \"x-user\", \"max_length\": 8}]})%`".to_owned()
        };
        let object = Json::object(text.as_bytes()).filter(|object| object.has_only(&["operators"]));
        let Some(Json::List(operators)) = object.as_ref().and_then(|object| object.member("operators"))
        else {
            return Err(wrong());
        };
        let mut pieces = Vec::new();
        for operator in operators {
            let text =
                |name: &str| operator.member(name).map(|value| value.scalar().ok_or_else(wrong)).transpose();
            let (name, parameter, shorter) = match operator.scalar() {
                Some(name) => (name, None, None),
                None if operator.has_only(&["command", "param", "max_length"]) => {
                    (text("command")?.ok_or_else(wrong)?, text("param")?, text("max_length")?)
                }
                None => return Err(wrong()),
            };
            let shorter = match shorter.map(str::parse) {
                Some(Err(_) | Ok(0)) => return Err(wrong()),
                Some(Ok(most)) => Some(longest.map_or(most, |longest| most.min(longest))),
                None => longest,
            };
            pieces.extend(self.piece(name, parameter, shorter)?);
        }
        match (pieces.is_empty(), &self.unset) {
            (true, None) => Err(wrong()),
            // All are variables that are not set.
            (true, Some(_)) => Ok(None),
            (false, _) => Ok(Some(Piece::First(pieces))),
        }
    }
}

/// Name, parameter and length of the operator that begins here, and what follows it. As in Envoy, a parameter ends at the first
/// parenthesis behind which the operator can end.
fn split(text: &str) -> Option<(&str, Option<&str>, Option<usize>, &str)> {
    let end = text.find(|character: char| {
        !(character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
    });
    let (name, rest) = text.split_at(end.filter(|end| *end > 0)?);
    let Some(rest) = rest.strip_prefix('(') else {
        return ending(rest).map(|(longest, rest)| (name, None, longest, rest));
    };
    rest.match_indices(')').find_map(|(end, _)| {
        let (parameter, rest) = rest.split_at(end);
        let (longest, rest) = ending(rest.get(1..)?)?;
        Some((name, Some(parameter), longest, rest))
    })
}

/// A length, and what follows the percent sign behind it.
fn ending(text: &str) -> Option<(Option<usize>, &str)> {
    let (digits, rest) = text.split_once('%')?;
    match digits.strip_prefix(':') {
        Some(digits) => Some((Some(digits.parse().ok()?), rest)),
        None => digits.is_empty().then_some((None, rest)),
    }
}
