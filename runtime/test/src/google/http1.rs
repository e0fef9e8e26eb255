//! Headers as the text of HTTP/1, turned into those of HTTP/2.

use mesh_filter_runtime::exchange::Side;

/// Names and values in order.
pub(super) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads a head: its first line becomes pseudo headers, `host` becomes `:authority`. What stands after the
/// first empty line is not read.
///
/// The error says what is wrong in which line of the text.
pub(super) fn headers(text: &[u8], side: Side) -> Result<Pairs, String> {
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut lines = lines.enumerate().skip_while(|(_, line)| line.is_empty());
    let mut pairs = Pairs::new();
    let Some((number, first)) = lines.next() else {
        return Err("expected HTTP/1 text, got nothing".to_owned());
    };
    match side {
        Side::Request => request_line(first, &mut pairs),
        Side::Response => status_line(first, &mut pairs),
    }
    .ok_or_else(|| {
        let example = if side == Side::Request { "GET /path HTTP/1.1" } else { "HTTP/1.1 200 OK" };
        wrong(number, &format!("`{example}`"), first)
    })?;
    for (number, line) in lines.take_while(|(_, line)| !line.is_empty()) {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            // A value that goes on in the next line.
            let Some((_, value)) = pairs.last_mut().filter(|(name, _)| !name.starts_with(b":")) else {
                return Err(wrong(number, "`name: value`", line));
            };
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':').filter(|at| *at > 0);
        let (name, value) = colon
            .and_then(|at| Some((line.get(..at)?, line.get(at + 1..)?)))
            .filter(|(name, _)| !name.contains(&b' '))
            .ok_or_else(|| wrong(number, "`name: value`", line))?;
        let is_host = side == Side::Request && name.eq_ignore_ascii_case(b"host");
        let name: &[u8] = if is_host { b":authority" } else { name };
        if is_host && pairs.iter().any(|(name, _)| name == b":authority") {
            continue;
        }
        pairs.push((name.to_vec(), value.trim_ascii().to_vec()));
    }
    Ok(pairs)
}

fn wrong(line: usize, expected: &str, got: &[u8]) -> String {
    let got = String::from_utf8_lossy(got);
    format!("line {} of this HTTP/1 text: expected {expected}, got `{}`", line + 1, got.escape_debug())
}

fn request_line(line: &[u8], pairs: &mut Pairs) -> Option<()> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (method, target) = (words.next()?, words.next()?);
    if words.next().is_some_and(|version| !version.starts_with(b"HTTP/")) || words.next().is_some() {
        return None;
    }
    pairs.push((b":method".to_vec(), method.to_vec()));
    let scheme = [&b"http"[..], b"https"]
        .into_iter()
        .find_map(|scheme| Some((scheme, target.strip_prefix(scheme)?.strip_prefix(b"://")?)));
    let path = match scheme {
        Some((scheme, rest)) => {
            let slash = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(slash)?;
            pairs.push((b":scheme".to_vec(), scheme.to_vec()));
            pairs.push((b":authority".to_vec(), authority.to_vec()));
            if path.is_empty() { b"/" } else { path }
        }
        None => target,
    };
    pairs.push((b":path".to_vec(), path.to_vec()));
    Some(())
}

fn status_line(line: &[u8], pairs: &mut Pairs) -> Option<()> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (version, status) = (words.next()?, words.next()?);
    if !version.starts_with(b"HTTP/") || status.len() != 3 || !status.iter().all(u8::is_ascii_digit) {
        return None;
    }
    pairs.push((b":status".to_vec(), status.to_vec()));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, side: Side) -> Result<String, String> {
        let line = |(name, value): &(Vec<u8>, Vec<u8>)| {
            format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        };
        headers(text.as_bytes(), side).map(|pairs| pairs.iter().map(line).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_head_becomes_pseudo_headers_and_headers() {
        for (text, side, expected) in [
            (
                "GET /a?b HTTP/1.1\r\nHost: x\r\nX-A:  1 \r\n\r\nbody",
                Side::Request,
                ":method=GET :path=/a?b :authority=x X-A=1",
            ),
            ("\n\nPOST /\nx: 1\n  2\ny:\n", Side::Request, ":method=POST :path=/ x=1 2 y="),
            (
                "GET http://h:1/p HTTP/1.1\nHost: other\n",
                Side::Request,
                ":method=GET :scheme=http :authority=h:1 :path=/p",
            ),
            ("GET https://h HTTP/1.1\n", Side::Request, ":method=GET :scheme=https :authority=h :path=/"),
            ("HTTP/1.1 404 Not Found\nHost: x\n", Side::Response, ":status=404 Host=x"),
            ("HTTP/2 200\n", Side::Response, ":status=200"),
        ] {
            assert_eq!(read(text, side).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_head_is_refused_with_its_line() {
        for (text, side, expected) in [
            ("", Side::Request, "expected HTTP/1 text, got nothing"),
            ("\r\n\r\n", Side::Request, "expected HTTP/1 text, got nothing"),
            ("GET", Side::Request, "line 1 of this HTTP/1 text: expected `GET /path HTTP/1.1`, got `GET`"),
            (
                "GET / FTP/1",
                Side::Request,
                "line 1 of this HTTP/1 text: expected `GET /path HTTP/1.1`, got `GET / FTP/1`",
            ),
            (
                "GET / HTTP/1.1 x",
                Side::Request,
                "line 1 of this HTTP/1 text: expected `GET /path HTTP/1.1`, got `GET / HTTP/1.1 x`",
            ),
            (
                "GET / HTTP/1.1",
                Side::Response,
                "line 1 of this HTTP/1 text: expected `HTTP/1.1 200 OK`, got `GET / HTTP/1.1`",
            ),
            (
                "HTTP/1.1 OK",
                Side::Response,
                "line 1 of this HTTP/1 text: expected `HTTP/1.1 200 OK`, got `HTTP/1.1 OK`",
            ),
            (
                "GET /\nnothing",
                Side::Request,
                "line 2 of this HTTP/1 text: expected `name: value`, got `nothing`",
            ),
            ("GET /\n: x", Side::Request, "line 2 of this HTTP/1 text: expected `name: value`, got `: x`"),
            (
                "GET /\n folded",
                Side::Request,
                "line 2 of this HTTP/1 text: expected `name: value`, got ` folded`",
            ),
        ] {
            assert_eq!(read(text, side).unwrap_err(), expected, "{text}");
        }
    }
}
