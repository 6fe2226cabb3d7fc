//! The smallest HTTP/1.1 client that can talk to our own collector on this machine: one request, one connection.
//! It knows neither TLS nor redirects.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Long enough for a cold start of the Worker on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The status code.
    pub(super) status: u16,
    /// The body, taken as UTF-8.
    pub(super) body: String,
}

impl Answer {
    /// Whether the status is one of 200 to 299.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A request without a key.
pub(super) fn get(port: u16, path: &str) -> Result<Answer> {
    request(port, "GET", path, None, None)
}

/// Any request; a body is sent as JSON.
pub(super) fn request(
    port: u16,
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)
        .with_context(|| format!("nothing listens on port {port}"))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n");
    if let Some(bearer) = bearer {
        let _ = write!(head, "Authorization: Bearer {bearer}\r\n");
    }
    let body = body.map(Value::to_string).unwrap_or_default();
    if !body.is_empty() {
        head.push_str("Content-Type: application/json\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    read(&mut stream).with_context(|| format!("{method} {path} was not answered"))
}

/// Reads until the answer is whole. workerd leaves the connection open, whatever it was asked.
fn read(stream: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(answer) = parse(&bytes)? {
            return Ok(answer);
        }
        match stream.read(&mut buffer)? {
            0 => bail!("the answer was cut off"),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// `None` while there is more to come.
fn parse(bytes: &[u8]) -> Result<Option<Answer>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let rest = &bytes[end + 4..];
    let status: u16 = head
        .split_whitespace()
        .nth(1)
        .and_then(|code| code.parse().ok())
        .context("an answer without a status")?;
    let field = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find_map(|(found, value)| (found == name).then(|| value.trim()))
    };
    let body = if status == 204 || status == 304 {
        Some(Vec::new())
    } else if field("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        unchunk(rest)?
    } else {
        let length = field("content-length")
            .and_then(|length| length.parse().ok())
            .context("an answer without a length")?;
        rest.get(..length).map(<[u8]>::to_vec)
    };
    Ok(body.map(|body| Answer {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}

/// RFC 9112, section 7.1; `None` while there is more to come.
fn unchunk(mut rest: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(end) = find(rest, b"\r\n") {
        let line = String::from_utf8_lossy(&rest[..end]);
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).context("a chunk with a wrong size")?;
        if size == 0 {
            return Ok(Some(body));
        }
        let start = end + 2;
        let Some(chunk) = rest.get(start..start.saturating_add(size)) else {
            break;
        };
        body.extend_from_slice(chunk);
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    Ok(None)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_body_comes_whole_or_in_chunks() -> anyhow::Result<()> {
        let whole = parse(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")?;
        assert_eq!(whole.map(|a| (a.status, a.body)), Some((201, "ok".into())));
        let chunked = parse(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n",
        )?;
        assert_eq!(chunked.map(|a| a.body), Some("abcde".into()));
        let empty = parse(b"HTTP/1.1 204 No Content\r\n\r\n")?;
        assert_eq!(empty.map(|a| a.status), Some(204));
        Ok(())
    }

    #[test]
    fn half_an_answer_is_waited_for() -> anyhow::Result<()> {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
        ] {
            assert_eq!(parse(bytes)?, None);
        }
        Ok(())
    }

    #[test]
    fn nonsense_is_refused() {
        for bytes in [
            &b"\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n\r\nno length",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ] {
            assert!(parse(bytes).is_err());
        }
    }
}
