//! Turns a node into a JSON value.

use serde_json::{Map, Number, Value};

use super::{Kind, Node, Result};

impl Node {
    /// The node as JSON. Plain scalars are typed by the core schema of YAML 1.2 (`true`, `12`, `0x1f`,
    /// `0o17`, `1.5`); every other scalar is a string.
    ///
    /// # Errors
    /// If a number does not fit: an integer beyond 64 bits, or `.inf` and `.nan`, which JSON cannot say.
    pub fn to_json(&self) -> Result<Value> {
        Ok(match self.kind() {
            Kind::Null => Value::Null,
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::Scalar { text, plain: true } => self.typed(text)?,
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect::<Result<_>>()?),
            Kind::Mapping(entries) => {
                let pairs = entries.iter().map(|entry| Ok((entry.key.clone(), entry.value.to_json()?)));
                Value::Object(pairs.collect::<Result<Map<_, _>>>()?)
            }
        })
    }

    fn typed(&self, text: &str) -> Result<Value> {
        let too_large = || {
            self.error(format!("the number `{text}` does not fit JSON"))
                .with_help("quote it to make it a string")
        };
        match text {
            "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
            _ => {}
        }
        if let Some(integer) = integer(text) {
            return integer.ok_or_else(too_large);
        }
        if is_float(text) {
            return text.parse().ok().and_then(Number::from_f64).map(Value::Number).ok_or_else(too_large);
        }
        if matches!(text.trim_start_matches(['-', '+']), ".inf" | ".Inf" | ".INF")
            || matches!(text, ".nan" | ".NaN" | ".NAN")
        {
            return Err(too_large());
        }
        Ok(Value::String(text.to_owned()))
    }
}

/// The integer that `text` is in the core schema: `None` if it is none, `Some(None)` if it does not fit.
fn integer(text: &str) -> Option<Option<Value>> {
    let based = |digits: &str, radix| {
        let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        all.then(|| u64::from_str_radix(digits, radix).ok().map(Value::from))
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return based(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return based(digits, 8);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unsigned = || text.parse::<u64>().ok().map(Value::from);
    Some(text.parse::<i64>().ok().map(Value::from).or_else(unsigned))
}

/// Whether `text` has the form `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`.
fn is_float(text: &str) -> bool {
    let unsigned = |text: &str| text.strip_prefix(['-', '+']).unwrap_or(text).to_owned();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let text = unsigned(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let exponent = unsigned(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some = !whole.is_empty() || !fraction.is_empty();
    some && digits(whole) && digits(fraction) && !exponent.is_empty() && digits(&exponent)
}
