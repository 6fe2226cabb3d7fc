//! The mailer: hands mails over to what sends them on, as `SAYSO_MAILER` says. One seam, four performers.
//!
//! It decides nothing: what becomes of a mail that was not taken is said by [`sayso_shared::mailing`], and it knows no outbox. It logs
//! no address and no word of a server, since those often repeat the address.

mod cloudflare;
mod message;
mod service;
mod smtp;

use sayso_shared::{
    mailing::{Handover, MailCap},
    problem::Problem,
    time::Timestamp,
};
use worker::Env;

use self::{service::Service, smtp::SmtpServer};
use crate::{letter::Letter, mailbox};

/// How mails leave.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Mailer {
    /// Into the mailbox page of a developer
    Dev,
    /// Over SMTP submission
    Smtp(SmtpServer),
    /// Over the binding of Cloudflare's Email Service
    Cloudflare,
    /// Over the HTTP interface of a mail service
    Http(Service),
}

/// A mail on its way out.
pub(crate) struct Dispatch {
    /// The same at every attempt
    pub(crate) id: String,
    /// When it was written
    pub(crate) written_at: Timestamp,
    pub(crate) letter: Letter,
}

impl Dispatch {
    /// Its `Message-ID` without the angle brackets: the same at every attempt, so that a mail that left twice is shown once.
    fn message_id(&self) -> String {
        let (_, domain) = self
            .letter
            .from
            .rsplit_once('@')
            .unwrap_or(("", "localhost"));
        format!("{}@{domain}", self.id)
    }
}

impl Mailer {
    /// Reads it from the variables, or says which one is wrong. `is_bound` tells whether the Worker has a binding.
    pub(crate) fn read(
        variable: impl Fn(&str) -> Option<String>,
        is_bound: impl Fn(&str) -> bool,
    ) -> Result<Self, Problem> {
        let name = "SAYSO_MAILER";
        match variable(name).as_deref() {
            None => Err(Problem::misconfigured(name, "is not set")),
            Some("dev") => Ok(Self::Dev),
            Some("smtp") => SmtpServer::read(variable).map(Self::Smtp),
            Some("cloudflare") if is_bound(cloudflare::BINDING) => Ok(Self::Cloudflare),
            Some("cloudflare") => Err(Problem::misconfigured(
                cloudflare::BINDING,
                "must be a binding of the kind send_email: add `[[send_email]] name = \"EMAIL\"` to wrangler.toml",
            )),
            Some("http") => Service::read(variable).map(Self::Http),
            Some(_) => Err(Problem::misconfigured(
                name,
                "must be smtp, http, cloudflare, or, on a developer's machine, dev",
            )),
        }
    }

    /// How many mails an address may get.
    pub(crate) fn cap(&self) -> MailCap {
        match self {
            // A developer tries with one address all day.
            Self::Dev => MailCap::NONE,
            _ => MailCap::USUAL,
        }
    }

    /// Hands a mail over. May be done twice: the `Message-ID` is the same.
    pub(crate) async fn hand_over(&self, env: &Env, dispatch: Dispatch) -> Handover {
        match self {
            Self::Dev => match mailbox::drop_in(env, &dispatch.id, dispatch.letter).await {
                Ok(()) => Handover::Taken,
                Err(error) => Handover::Failed(error.to_string()),
            },
            Self::Smtp(server) => server.send(&dispatch).await,
            Self::Cloudflare => cloudflare::send(env, &dispatch).await,
            Self::Http(service) => service.send(&dispatch).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)], bound: bool) -> Result<Mailer, String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Mailer::read(variable, |_| bound).map_err(|problem| problem.detail)
    }

    #[test]
    fn each_mailer_is_chosen_by_its_name() {
        assert!(read(&[("SAYSO_MAILER", "dev")], false) == Ok(Mailer::Dev));
        assert!(read(&[("SAYSO_MAILER", "cloudflare")], true) == Ok(Mailer::Cloudflare));
        let smtp = [
            ("SAYSO_MAILER", "smtp"),
            ("SAYSO_SMTP_URL", "smtps://u:p@mail.example.com"),
        ];
        assert!(matches!(read(&smtp, false), Ok(Mailer::Smtp(_))));
        let http = [
            ("SAYSO_MAILER", "http"),
            ("SAYSO_MAIL_SERVICE", "postmark"),
            ("SAYSO_MAIL_KEY", "secret"),
        ];
        assert!(matches!(read(&http, false), Ok(Mailer::Http(_))));
    }

    #[test]
    fn what_is_missing_is_named() {
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[], "SAYSO_MAILER is not set"),
            (&[("SAYSO_MAILER", "pigeon")], "SAYSO_MAILER must be"),
            (&[("SAYSO_MAILER", "smtp")], "SAYSO_SMTP_URL"),
            (&[("SAYSO_MAILER", "cloudflare")], "EMAIL must be"),
            (&[("SAYSO_MAILER", "http")], "SAYSO_MAIL_SERVICE"),
            (
                &[("SAYSO_MAILER", "http"), ("SAYSO_MAIL_SERVICE", "resend")],
                "SAYSO_MAIL_KEY",
            ),
        ];
        for (variables, name) in cases {
            let detail = read(variables, false).err().unwrap_or_default();
            assert!(detail.contains(name), "{detail} does not name {name}");
        }
    }
}
