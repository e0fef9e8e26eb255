//! One operation on whole numbers in an expression: `{{i % 100}}`.

/// `None` where there is no result.
type Compute = fn(i64, i64) -> Option<i64>;

/// The operators, as they stand between blanks.
const OPERATORS: [(&str, Compute); 5] = [
    (" + ", i64::checked_add),
    (" - ", i64::checked_sub),
    (" * ", i64::checked_mul),
    (" / ", i64::checked_div_euclid),
    (" % ", i64::checked_rem_euclid),
];

/// An expression of two numbers, taken apart.
pub(crate) struct Operation<'a> {
    pub(crate) left: &'a str,
    pub(crate) right: &'a str,
    compute: Compute,
}

impl<'a> Operation<'a> {
    /// `None` where the expression is no operation.
    pub(crate) fn of(expression: &'a str) -> Option<Self> {
        OPERATORS.iter().find_map(|(operator, compute)| {
            let (left, right) = expression.split_once(operator)?;
            Some(Self { left: left.trim(), right: right.trim(), compute: *compute })
        })
    }

    /// The result; the error says what is wrong.
    pub(crate) fn result(&self, left: &str, right: &str) -> Result<i64, String> {
        let number = |text: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is not a whole number"));
        let (left, right) = (number(left)?, number(right)?);
        (self.compute)(left, right).ok_or_else(|| format!("there is no such result of {left} and {right}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn two_numbers_have_one_result() {
        let result = |text: &str| {
            let operation = Operation::of(text)?;
            operation.result(operation.left, operation.right).ok()
        };
        for (text, expected) in [
            ("7 + 3", Some(10)),
            ("7 - 10", Some(-3)),
            ("7 * 3", Some(21)),
            ("7 / 3", Some(2)),
            ("205 % 100", Some(5)),
            ("-1 % 100", Some(99)),
            ("1 % 0", None),
            ("9223372036854775807 + 1", None),
            ("a + 1", None),
            ("a-b", None),
            ("1 + 2 + 3", None),
        ] {
            assert_eq!(result(text), expected, "{text}");
        }
    }
}
