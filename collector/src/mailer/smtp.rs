//! SMTP submission (RFC 6409) over a TCP socket of the Worker, spoken by the crate `async-smtp`.

use std::{pin::pin, time::Duration};

use async_smtp::{
    EmailAddress, Envelope, SendableEmail, SmtpClient, SmtpTransport,
    authentication::{Credentials, Mechanism},
    error::Error,
    extension::ClientId,
};
use futures_util::future::{Either, select};
use percent_encoding::percent_decode_str;
use sayso_shared::{
    mailing::{Handover, handover_by_reply},
    problem::Problem,
};
use tokio::io::BufStream;
use url::{Host, Url};
use worker::{Delay, SecureTransport, Socket};

use super::Dispatch;

/// How long a server may take for a mail. It must end before the object's alarm looks after the errand.
const TIME_OUT: Duration = Duration::from_secs(15);

/// How long we wait for its goodbye, when the mail is its already.
const GOODBYE: Duration = Duration::from_secs(1);

const VARIABLE: &str = "SAYSO_SMTP_URL";

/// A submission server and our account there.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SmtpServer {
    host: String,
    port: u16,
    security: Security,
    login: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Security {
    /// TLS from the first byte, usually on port 465
    Tls,
    /// TLS after `STARTTLS`, usually on port 587; a server without it gets nothing
    StartTls,
    /// None: only to this machine
    Plain,
}

type Connection = SmtpTransport<BufStream<Socket>>;

/// Where a conversation ended.
enum End {
    /// Before the mail was shown: whatever is wrong is not wrong with the mail
    Before(String),
    /// At the mail
    At(Error),
}

impl SmtpServer {
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let must = "must be smtps://USER:PASSWORD@HOST (TLS, port 465) or smtp://USER:PASSWORD@HOST (STARTTLS, port 587), with USER and PASSWORD percent-encoded; another port goes after the host";
        let text = variable(VARIABLE).ok_or_else(|| Problem::misconfigured(VARIABLE, must))?;
        Self::parse(&text).ok_or_else(|| Problem::misconfigured(VARIABLE, must))
    }

    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_local = match url.host()? {
            Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        // `url` takes the host of a scheme that it does not know for opaque: the name may be an address.
        let host = url.host_str()?.to_owned();
        let is_local = is_local || host == "127.0.0.1";
        let (security, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (Security::Tls, 465),
            ("smtp", None) if is_local => (Security::Plain, 587),
            ("smtp", None | Some("tls=required")) => (Security::StartTls, 587),
            _ => return None,
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return None;
        }
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8().ok()?;
            Some(decoded.into_owned())
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some((decoded(user)?, decoded(password)?))
            }
            _ => return None,
        };
        Some(Self {
            host,
            port: url.port().unwrap_or(port),
            security,
            login,
        })
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, dispatch: &Dispatch) -> Handover {
        let talk = pin!(self.talk(dispatch));
        let time_out = pin!(Delay::from(TIME_OUT));
        let mut connection = match select(talk, time_out).await {
            Either::Left((Ok(connection), _)) => connection,
            Either::Left((Err(end), _)) => return end.meaning(),
            Either::Right(_) => return Handover::Failed("it took too long".to_owned()),
        };
        // The mail is the server's by now, whatever happens to the goodbye.
        let goodbye = pin!(connection.quit());
        let _ = select(goodbye, pin!(Delay::from(GOODBYE))).await;
        Handover::Taken
    }

    async fn talk(&self, dispatch: &Dispatch) -> Result<Connection, End> {
        let mut connection = self.connect(dispatch).await?;
        self.log_in(&mut connection).await?;
        let mail = mail(dispatch).map_err(|_| End::Before("the address is not one".to_owned()))?;
        connection.send(mail).await.map_err(End::At)?;
        Ok(connection)
    }

    async fn connect(&self, dispatch: &Dispatch) -> Result<Connection, End> {
        let transport = match self.security {
            Security::Tls => SecureTransport::On,
            Security::StartTls => SecureTransport::StartTls,
            Security::Plain => SecureTransport::Off,
        };
        let socket = Socket::builder()
            .secure_transport(transport)
            .connect(self.host.clone(), self.port)
            .map_err(|_| End::Before("no connection".to_owned()))?;
        let (_, domain) = dispatch.letter.from.rsplit_once('@').unwrap_or_default();
        let client = || SmtpClient::new().hello_name(ClientId::Domain(domain.to_owned()));
        let greeted = SmtpTransport::new(client(), BufStream::new(socket)).await;
        let connection = greeted.map_err(|error| End::before("the greeting", &error))?;
        if self.security != Security::StartTls {
            return Ok(connection);
        }
        let plain = connection.starttls().await;
        // What was read ahead of the encryption is thrown away with the buffer: nothing said in clear counts.
        let plain = plain.map_err(|error| End::before("STARTTLS", &error))?;
        let secure = BufStream::new(plain.into_inner().start_tls());
        let connection = SmtpTransport::new(client().without_greeting(), secure).await;
        connection.map_err(|error| End::before("TLS", &error))
    }

    async fn log_in(&self, connection: &mut Connection) -> Result<(), End> {
        let Some((user, password)) = &self.login else {
            return Ok(());
        };
        let credentials = Credentials::new(user.clone(), password.clone());
        let plain = connection.auth(Mechanism::Plain, &credentials).await;
        let answer = match plain {
            // 504: it does not know this mechanism (RFC 4954 section 4).
            Err(Error::Permanent(answer)) if answer.has_code(504) => {
                connection.auth(Mechanism::Login, &credentials).await
            }
            answer => answer,
        };
        answer
            .map(drop)
            .map_err(|error| End::before("the login", &error))
    }
}

impl End {
    /// Of an answer only its code is told: what a server says may name a person or an account.
    fn before(what: &str, error: &Error) -> Self {
        let why = match error {
            Error::Transient(answer) | Error::Permanent(answer) => format!("{}", answer.code),
            Error::Io(_) => "the connection broke".to_owned(),
            _ => "no answer that can be understood".to_owned(),
        };
        Self::Before(format!("{what}: {why}"))
    }

    fn meaning(self) -> Handover {
        match self {
            Self::Before(why) => Handover::Failed(why),
            Self::At(Error::Permanent(answer)) => {
                // Its text always is three digits.
                let code = answer.code.to_string().parse().unwrap_or(500);
                handover_by_reply(code, &answer.message.join(" "))
            }
            Self::At(Error::Transient(answer)) => Handover::Failed(answer.code.to_string()),
            Self::At(_) => Handover::Failed("the connection broke".to_owned()),
        }
    }
}

fn mail(dispatch: &Dispatch) -> Result<SendableEmail, impl std::fmt::Debug> {
    let address = |text: &str| EmailAddress::new(text.to_owned());
    let from = address(&dispatch.letter.from)?;
    let to = address(&dispatch.letter.to)?;
    Envelope::new(Some(from), vec![to])
        .map(|envelope| SendableEmail::new(envelope, dispatch.render()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(host: &str, port: u16, security: Security, has_login: bool) -> SmtpServer {
        let login = || ("a@b.nl".to_owned(), "p:/w".to_owned());
        SmtpServer {
            host: host.to_owned(),
            port,
            security,
            login: has_login.then(login),
        }
    }

    #[test]
    fn tls_is_the_rule_and_plain_text_only_stays_on_this_machine() {
        use Security::{Plain, StartTls, Tls};
        let host = "mail.example.com";
        for (text, wanted) in [
            (
                "smtps://a%40b.nl:p%3A%2Fw@mail.example.com",
                server(host, 465, Tls, true),
            ),
            (
                "smtp://a%40b.nl:p%3A%2Fw@mail.example.com",
                server(host, 587, StartTls, true),
            ),
            (
                "smtp://mail.example.com:2525/",
                server(host, 2525, StartTls, false),
            ),
            (
                "smtp://localhost:1025",
                server("localhost", 1025, Plain, false),
            ),
            (
                "smtp://localhost:1025?tls=required",
                server("localhost", 1025, StartTls, false),
            ),
            (
                "smtp://127.0.0.1:1025",
                server("127.0.0.1", 1025, Plain, false),
            ),
        ] {
            assert!(SmtpServer::parse(text) == Some(wanted), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_not_a_server_is_refused() {
        for text in [
            "",
            "mail.example.com",
            "https://mail.example.com",
            "smtps://",
            "smtps://user@mail.example.com",
            "smtps://:secret@mail.example.com",
            "smtps://mail.example.com/path",
            "smtps://mail.example.com?tls=no",
            "smtp://mail.example.com?tls=opportunistic",
        ] {
            assert!(SmtpServer::parse(text).is_none(), "{text}");
        }
    }
}
