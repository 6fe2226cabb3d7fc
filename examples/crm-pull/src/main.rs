//! A CRM that pulls: asks the collector for events since its cursor, handles them, and only then moves the cursor.
//!
//! Stopped between the two it sees a page again, and never misses one; so handle events by their `id`. It prints
//! no full address: logs are no place for them.

mod cursor;

use std::io::ErrorKind;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::cursor::CursorFile;

/// For how long the collector may wait for something to happen, in seconds: it answers as soon as it does.
const WAIT: &str = "20";
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// With `--once` somebody waits for the answer: three tries, one and two seconds apart.
const TRIES_ONCE: u32 = 3;

fn main() -> ExitCode {
    match pull() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("crm-pull: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn pull() -> Result<(), String> {
    let once = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--once") => true,
        Some(other) => {
            return Err(format!(
                "does not know {other}; use --once to stop at the end"
            ));
        }
    };
    let collector = setting(
        "COLLECTOR",
        "the collector's origin, such as https://consent.example.nl",
    )?;
    let key = setting("API_KEY", "a key (sk_…) with the scope events:read")?;
    let file = setting("CURSOR", "the file to keep the cursor in")?;
    let unusable = |error| format!("the cursor cannot be kept in {file}: {error}");

    let cursor_file = CursorFile::at(&file);
    let mut cursor = cursor_file.read().map_err(unusable)?;
    let http: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(40)))
        .build()
        .into();

    let mut failures = 0;
    loop {
        let wait = if once { "0" } else { WAIT };
        let page = match fetch(&http, &collector, &key, &cursor, wait) {
            Ok(page) => page,
            Err(Failure::Final(problem)) => return Err(problem),
            Err(Failure::Passing {
                problem,
                retry_after,
            }) => {
                failures += 1;
                if once && failures == TRIES_ONCE {
                    return Err(problem);
                }
                let pause = retry_after.unwrap_or_else(|| backoff(failures));
                eprintln!("crm-pull: {problem}; trying again in {} s", pause.as_secs());
                sleep(pause.min(LONGEST_PAUSE));
                continue;
            }
        };
        failures = 0;

        for event in &page.events {
            println!("{}", line(event));
        }
        // The commit: before this line the page comes again, after it never.
        if page.next != cursor {
            cursor_file.write(&page.next).map_err(unusable)?;
            cursor = page.next;
        }
        if once && !page.more {
            return Ok(());
        }
    }
}

struct Page {
    events: Vec<Value>,
    next: String,
    more: bool,
}

enum Failure {
    /// Asking again gives the same answer.
    Final(String),
    /// The collector or the way to it may be back soon.
    Passing {
        problem: String,
        retry_after: Option<Duration>,
    },
}

impl Failure {
    fn passing(problem: String) -> Self {
        Failure::Passing {
            problem,
            retry_after: None,
        }
    }
}

fn fetch(
    http: &ureq::Agent,
    collector: &str,
    key: &str,
    cursor: &str,
    wait: &str,
) -> Result<Page, Failure> {
    let collector = collector.trim_end_matches('/');
    let mut answer = http
        .get(format!("{collector}/v1/events"))
        .query("after", cursor)
        .query("limit", "1000")
        .query("wait", wait)
        .header("authorization", format!("Bearer {key}"))
        .call()
        .map_err(|error| unreachable(collector, &error))?;

    let status = answer.status().as_u16();
    let retry_after = answer
        .headers()
        .get("retry-after")
        .and_then(|seconds| seconds.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body: Value = answer.body_mut().read_json().map_err(|error| {
        Failure::passing(format!("{collector} did not answer in JSON: {error}"))
    })?;
    let said = || {
        body["detail"]
            .as_str()
            .or(body["title"].as_str())
            .unwrap_or("no reason given")
    };

    match status {
        200 => read(&body).ok_or_else(|| {
            Failure::Final(format!(
                "{collector} answered 200 but without events and next"
            ))
        }),
        401 => Err(Failure::Final(format!(
            "the key is not accepted (401: {}); check API_KEY",
            said()
        ))),
        403 => Err(Failure::Final(format!(
            "the key may not read events (403: {})",
            said()
        ))),
        429 | 500..=599 => Err(Failure::Passing {
            problem: format!("{collector} answered {status}: {}", said()),
            retry_after,
        }),
        _ => Err(Failure::Final(format!(
            "{collector} answered {status}: {}",
            said()
        ))),
    }
}

fn read(body: &Value) -> Option<Page> {
    Some(Page {
        events: body["events"].as_array()?.clone(),
        next: body["next"].as_str()?.to_owned(),
        more: body["more"].as_bool()?,
    })
}

fn unreachable(collector: &str, error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Failure::Final(format!("COLLECTOR is no address: {collector}"))
        }
        ureq::Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
            Failure::passing(format!("nothing listens at {collector}"))
        }
        other => Failure::passing(format!("cannot reach {collector}: {other}")),
    }
}

/// 1 s, 2 s, 4 s … at most a minute.
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1 << (failures - 1).min(6)).min(LONGEST_PAUSE)
}

/// Everything that helps to follow along, and no more of the address than that. Who was erased is known by its id alone: a CRM
/// deletes what it has of that person here.
fn line(event: &Value) -> String {
    let data = &event["data"];
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    if event["type"] == "subject.erased" {
        return format!(
            "{} subject.erased {} {}",
            text(&event["timestamp"]),
            text(&data["subject"]["id"]),
            text(&data["id"]),
        );
    }
    format!(
        "{} {} {} {} {}",
        text(&event["timestamp"]),
        text(&event["type"]),
        text(&data["purpose"]),
        masked(data["subject"]["email"].as_str()),
        text(&data["id"]),
    )
}

/// `kim@example.nl` as `k…@example.nl`.
fn masked(email: Option<&str>) -> String {
    let Some((local, domain)) = email.and_then(|email| email.rsplit_once('@')) else {
        return "-".to_owned();
    };
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

fn setting(name: &str, what: &str) -> Result<String, String> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        _ => Err(format!("set {name}: {what}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::{backoff, line, masked, read};

    #[test]
    fn a_line_holds_no_full_address() {
        let event = json!({
            "type": "consent.given",
            "timestamp": "2026-11-22T16:31:09.123Z",
            "data": {"id": "e1", "purpose": "STORE", "subject": {"email": "kim@example.nl"}},
        });
        assert_eq!(
            line(&event),
            "2026-11-22T16:31:09.123Z consent.given STORE k…@example.nl e1"
        );
        let erased = json!({
            "type": "subject.erased",
            "timestamp": "2026-11-22T16:31:09.123Z",
            "data": {"id": "e2", "subject": {"id": "s1", "email": null}},
        });
        assert_eq!(
            line(&erased),
            "2026-11-22T16:31:09.123Z subject.erased s1 e2"
        );
        assert_eq!(masked(Some("éva@example.nl")), "é…@example.nl");
        assert_eq!(masked(Some("nobody")), "-");
        assert_eq!(masked(None), "-");
    }

    #[test]
    fn it_asks_less_and_less_often_but_at_least_once_a_minute() {
        let pauses = [1, 2, 3, 6, 7, 1000].map(|failures| backoff(failures).as_secs());
        assert_eq!(pauses, [1, 2, 4, 32, 60, 60]);
        assert!(backoff(u32::MAX) <= Duration::from_mins(1));
    }

    #[test]
    fn a_page_without_a_cursor_is_no_page() {
        assert!(read(&json!({"events": [], "next": "c", "more": false})).is_some());
        assert!(read(&json!({"events": [], "more": false})).is_none());
        assert!(read(&json!("<html>")).is_none());
    }
}
