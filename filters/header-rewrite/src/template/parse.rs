//! From a template's text to its pieces.

use super::{Names, Operator, Phase, Piece, Template};

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
            let operator = Operator::new(name, parameter, names)?;
            match operator {
                Operator::Variable(variable) => match (names.variable)(&variable) {
                    Some(value) if value.chars().any(char::is_control) => {
                        return Err(format!("the environment's `{variable}` holds a control character"));
                    }
                    Some(value) => {
                        template.push(value.get(..longest.unwrap_or(value.len())).unwrap_or(&value))
                    }
                    None => template.unset = Some(variable),
                },
                _ if names.phase == Phase::Response && operator.is_of_request(name) => {
                    saved.push(operator);
                    template.pieces.push(Piece::Value(Operator::Saved(saved.len() - 1), longest));
                }
                _ => template.pieces.push(Piece::Value(operator, longest)),
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

/// Name, parameter and length of the operator that begins here, and what follows it.
fn split(text: &str) -> Option<(&str, Option<&str>, Option<usize>, &str)> {
    let end = text.find(|character: char| {
        !(character.is_ascii_uppercase() || character.is_ascii_digit() || character == '_')
    });
    let (name, rest) = text.split_at(end.filter(|end| *end > 0)?);
    let (parameter, rest) = match rest.strip_prefix('(') {
        Some(rest) => {
            let (parameter, rest) = rest.split_once(')')?;
            (Some(parameter), rest)
        }
        None => (None, rest),
    };
    let (longest, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (digits, rest) = rest.split_once('%')?;
            (Some(digits.parse().ok()?), rest)
        }
        None => (None, rest.strip_prefix('%')?),
    };
    Some((name, parameter, longest, rest))
}
