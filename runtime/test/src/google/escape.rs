//! Strings of text format: what stands after a backslash.

use super::cursor::Cursor;
use mesh_filter_runtime::document::Result;

/// Reads a string in quotes, whose opening one is next.
pub(super) fn string(cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<()> {
    let start = cursor.at();
    let Some(quote) = cursor.next() else { return Ok(()) };
    loop {
        let at = cursor.at();
        match cursor.next() {
            Some(letter) if letter == quote => return Ok(()),
            Some('\\') => escape(cursor, at, out)?,
            None | Some('\n') => {
                let problem =
                    format!("expected `{quote}` before the end of the line, which ends this string");
                return Err(cursor
                    .error_at(start, problem)
                    .with_help("write a line break as \\n; strings one after the other are joined"));
            }
            Some(letter) => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Reads what follows the backslash at `at`.
fn escape(cursor: &mut Cursor<'_>, at: (usize, usize), out: &mut Vec<u8>) -> Result<()> {
    let letter = cursor.next();
    let byte = match letter {
        Some('a') => 0x07,
        Some('b') => 0x08,
        Some('f') => 0x0c,
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('v') => 0x0b,
        Some('\\') => b'\\',
        Some('\'') => b'\'',
        Some('"') => b'"',
        Some('?') => b'?',
        Some(first @ '0'..='7') => {
            let more = cursor.digits(8, 2);
            let value = u32::from_str_radix(&format!("{first}{more}"), 8).unwrap_or(u32::MAX);
            u8::try_from(value).map_err(|_| {
                cursor.error_at(at, format!("the octal escape `\\{first}{more}` is above `\\377`"))
            })?
        }
        Some('x' | 'X') => {
            let digits = cursor.digits(16, 2);
            u8::from_str_radix(&digits, 16)
                .map_err(|_| cursor.error_at(at, "expected hexadecimal digits after `\\x`"))?
        }
        Some(kind @ ('u' | 'U')) => {
            let letter = code_point(cursor, at, kind)?;
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(());
        }
        Some(other) if other != '\n' => {
            let problem = format!("unknown escape `\\{}`", other.escape_debug());
            let help = "known here: \\n \\r \\t \\a \\b \\f \\v \\? \\\\ \\' \\\", octal \\101, \\x41, \\u0041, \\U00000041";
            return Err(cursor.error_at(at, problem).with_help(help));
        }
        _ => return Err(cursor.error_at(at, "expected an escape after `\\`, got the end of the line")),
    };
    out.push(byte);
    Ok(())
}

fn code_point(cursor: &mut Cursor<'_>, at: (usize, usize), kind: char) -> Result<char> {
    let first = unit(cursor, at, kind)?;
    let code = match first {
        0xd800..=0xdbff => {
            let second = cursor.at();
            let low = match (cursor.next_if('\\'), cursor.next_if('u')) {
                (true, true) => unit(cursor, second, 'u')?,
                _ => 0,
            };
            if !(0xdc00..=0xdfff).contains(&low) {
                let problem = format!("expected the second half of a pair after `\\u{first:04x}`");
                return Err(cursor.error_at(at, problem));
            }
            0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)
        }
        other => other,
    };
    char::from_u32(code).ok_or_else(|| cursor.error_at(at, format!("`{code:x}` is no character of Unicode")))
}

fn unit(cursor: &mut Cursor<'_>, at: (usize, usize), kind: char) -> Result<u32> {
    let count = if kind == 'u' { 4 } else { 8 };
    let digits = cursor.digits(16, count);
    if digits.len() < count {
        return Err(cursor.error_at(at, format!("expected {count} hexadecimal digits after `\\{kind}`")));
    }
    u32::from_str_radix(&digits, 16).map_err(|_| cursor.error_at(at, "this is no number"))
}
