//! Refusals: what Zoho's answers mean, also those within a success, and those of its accounts server.

use serde_json::Value;

use super::query::rows;
use crate::connector::{Answer, Told, Verdict};

/// What is said of the whole request, or of one record.
struct Said(Value);

/// What became of a record that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is written
    Done {
        /// Its id
        id: String,
    },
    /// It was not made: another record, by its id, has the address already
    Duplicate {
        /// Its id
        id: String,
    },
    /// It was converted meanwhile, and cannot be changed any more
    Converted,
}

/// A token, and where it lets in.
pub struct Granted {
    /// The token
    pub token: String,
    /// Where the API is, as the accounts server says
    pub api_domain: Option<String>,
}

/// The token that the accounts server gave. It refuses by 200 too.
pub fn granted(answer: &Answer) -> Told<Granted> {
    let grant: Value = answer.json().unwrap_or_default();
    let text = |name: &str| grant.get(name).and_then(Value::as_str);
    if let (true, Some(token)) = (answer.is_success(), text("access_token")) {
        return Ok(Granted {
            token: token.to_owned(),
            api_domain: text("api_domain").map(str::to_owned),
        });
    }
    let error = text("error").unwrap_or_default();
    let said = joined(&[error, text("error_description").unwrap_or_default()]);
    let words = format!("Zoho's accounts server answered {}: {said}", answer.status);
    // "Access Denied" is what it says to whoever asks for more than ten tokens in ten minutes.
    let is_later = matches!(error, "Access Denied" | "general_error" | "")
        || matches!(answer.status, 429 | 500..=599);
    Err(if is_later {
        Verdict::TryLater {
            retry_after: answer.retry_after,
            words,
        }
    } else {
        Verdict::CredentialsRefused { words }
    })
}

/// Whether the token is over: another one may let us in.
#[must_use]
pub fn needs_token(answer: &Answer) -> bool {
    answer.status == 401 && Said::of(answer).text("code") != "OAUTH_SCOPE_MISMATCH"
}

/// Goes on if Zoho did as it was told; else what its answer means.
pub fn succeeded(answer: &Answer) -> Told<()> {
    if answer.is_success() {
        return Ok(());
    }
    let said = Said::of(answer);
    Err(match said.text("code") {
        "NO_PERMISSION" => Verdict::CredentialsRefused {
            words: said.words(answer),
        },
        _ => said.verdict(answer),
    })
}

/// What became of the one record that was written. What failed within a success fails.
pub fn written(answer: &Answer) -> Told<Written> {
    let body: Value = answer.json().unwrap_or_default();
    let Some(said) = rows(&body).first().cloned().map(Said) else {
        succeeded(answer)?;
        return Err(Verdict::TryLater {
            retry_after: None,
            words: format!(
                "Zoho answered {} with something that is not documented.",
                answer.status
            ),
        });
    };
    let id = |place: &str| said.0.pointer(place).and_then(Value::as_str);
    let id = |place: &str| id(place).filter(|id| id.bytes().all(|b| b.is_ascii_digit()));
    match said.text("code") {
        "SUCCESS" => Ok(Written::Done {
            id: id("/details/id").unwrap_or_default().to_owned(),
        }),
        "DUPLICATE_DATA" => {
            match id("/details/duplicate_record/id").or_else(|| id("/details/id")) {
                Some(id) => Ok(Written::Duplicate { id: id.to_owned() }),
                None => Err(said.verdict(answer)),
            }
        }
        "ID_ALREADY_CONVERTED" | "CONVERTED_RECORD" => Ok(Written::Converted),
        _ => Err(said.verdict(answer)),
    }
}

impl Said {
    /// What is said of the only record, else of the request.
    fn of(answer: &Answer) -> Self {
        let body: Value = answer.json().unwrap_or_default();
        Self(rows(&body).first().cloned().unwrap_or(body))
    }

    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        let words = self.words(answer);
        match (self.text("code"), answer.status) {
            ("INVALID_TOKEN" | "AUTHENTICATION_FAILURE" | "OAUTH_SCOPE_MISMATCH", _) | (_, 401) => {
                Verdict::CredentialsRefused { words }
            }
            ("TOO_MANY_REQUESTS" | "LIMIT_EXCEEDED" | "INTERNAL_ERROR", _)
            | (_, 408 | 429 | 500..=599 | 300..=399) => Verdict::TryLater {
                retry_after: answer.retry_after,
                words,
            },
            _ => Verdict::Refused { words },
        }
    }

    /// Code, message, and what the details name of the request: never a value.
    fn words(&self, answer: &Answer) -> String {
        let detail = |name: &str| match self.0.pointer(&format!("/details/{name}")) {
            Some(Value::String(text)) => format!("{name} {text}"),
            Some(Value::Number(number)) => format!("{name} {number}"),
            _ => String::new(),
        };
        let named = [
            "api_name",
            "json_path",
            "param_name",
            "expected_data_type",
            "maximum_length",
            "limit",
        ];
        let details = named.map(detail);
        let mut all = vec![self.text("code"), self.text("message")];
        all.extend(details.iter().map(String::as_str));
        let said = joined(&all);
        if said.is_empty() {
            return format!("Zoho answered {}.", answer.status);
        }
        format!("Zoho answered {}: {said}", answer.status)
    }
}

fn joined(words: &[&str]) -> String {
    let words = words.iter().copied().filter(|words| !words.is_empty());
    words.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str) -> Option<u16> {
        let body = format!(
            r#"{{"code": "{code}", "details": {{}}, "message": "of Zoho", "status": "error"}}"#
        );
        let verdict = succeeded(&Answer::new(status, body)).expect_err("a failure");
        let words = verdict.words().expect("words");
        assert!(words.contains(&format!("{code}; of Zoho")), "{words}");
        verdict.status()
    }

    #[test]
    fn every_documented_error_is_what_it_means_for_the_lane() {
        for (status, code, means) in [
            (401, "INVALID_TOKEN", 401),
            (401, "AUTHENTICATION_FAILURE", 401),
            (401, "OAUTH_SCOPE_MISMATCH", 401),
            (403, "NO_PERMISSION", 401),
            (429, "TOO_MANY_REQUESTS", 503),
            (400, "LIMIT_EXCEEDED", 503),
            (500, "INTERNAL_ERROR", 503),
            (400, "INVALID_DATA", 422),
            (400, "INVALID_QUERY", 422),
            (404, "INVALID_URL_PATTERN", 422),
        ] {
            assert_eq!(of(status, code), Some(means), "{code}");
        }
    }

    #[test]
    fn what_failed_within_a_success_is_found_and_names_the_field() {
        for status in [200, 201, 202, 207, 400] {
            let body = r#"{"data": [{"code": "MANDATORY_NOT_FOUND", "details": {"api_name": "Company", "json_path": "$.data[0].Company", "value": "ada"}, "message": "required field not found", "status": "error"}]}"#;
            let verdict = written(&Answer::new(status, body)).expect_err("a failure");
            assert_eq!(verdict.status(), Some(422), "{status}");
            let words = verdict.words().expect("words");
            assert!(words.ends_with("MANDATORY_NOT_FOUND; required field not found; api_name Company; json_path $.data[0].Company"), "{words}");
        }
        let no_permission = r#"{"data": [{"code": "NO_PERMISSION", "details": {}, "message": "permission denied", "status": "error"}]}"#;
        let verdict = written(&Answer::new(202, no_permission)).expect_err("a failure");
        assert_eq!(verdict.status(), Some(422), "one record, not all of Zoho");
    }

    #[test]
    fn a_duplicate_names_the_record_that_is_there() {
        let body = r#"{"data": [{"code": "DUPLICATE_DATA", "details": {"api_name": "Email", "duplicate_record": {"id": "99", "module": {"api_name": "Leads"}}}, "message": "duplicate data", "status": "error"}]}"#;
        let known = Written::Duplicate {
            id: "99".to_owned(),
        };
        assert_eq!(written(&Answer::new(202, body)), Ok(known));
        let body = r#"{"data": [{"code": "DUPLICATE_DATA", "details": {"api_name": "Email", "id": "98"}, "message": "duplicate data", "status": "error"}]}"#;
        let known = Written::Duplicate {
            id: "98".to_owned(),
        };
        assert_eq!(written(&Answer::new(400, body)), Ok(known));
    }

    #[test]
    fn a_refused_token_is_no_success_and_too_many_are_no_refusal() {
        let of = |status, body: &str| {
            granted(&Answer::new(status, body))
                .err()
                .and_then(|verdict| verdict.status())
        };
        assert_eq!(of(200, r#"{"error": "invalid_code"}"#), Some(401));
        assert_eq!(of(400, r#"{"error": "invalid_client"}"#), Some(401));
        let many = r#"{"error": "Access Denied", "error_description": "You have made too many requests continuously. Please try again after some time.", "status": "failure"}"#;
        assert_eq!(of(400, many), Some(503));
        assert_eq!(of(502, "<html>"), Some(503));
        let given = granted(&Answer::new(
            200,
            r#"{"access_token": "t", "expires_in": 3600, "api_domain": "https://www.zohoapis.eu", "token_type": "Bearer"}"#,
        ));
        assert_eq!(given.ok().map(|given| given.token).as_deref(), Some("t"));
    }
}
