//! Sessions with SuperOffice: where the customer is now, and the ticket that lets us in. Both are kept until SuperOffice says otherwise.

use sayso_shared::{
    connector::superoffice::{Credentials, Settings, tenant, ticket},
    time::Timestamp,
};

use super::super::{Answer, Desk, Line, Request, Told, Verdict};

/// What is kept of a customer: its address, until when that holds, and what lets us in.
const API: &str = "api";
const VALID_UNTIL: &str = "valid_until";
const SO_TICKET: &str = "ticket";

/// How much of a list is read: a customer may have hundreds of fields of its own, each with what it may hold.
const LIST: usize = 4 * 1024 * 1024;

/// A session.
pub(super) struct Session<'a, L> {
    line: &'a L,
    settings: &'a Settings,
    credentials: &'a Credentials,
    desk: &'a Desk<'a>,
}

impl<'a, L: Line> Session<'a, L> {
    pub(super) fn new(
        line: &'a L,
        settings: &'a Settings,
        credentials: &'a Credentials,
        desk: &'a Desk<'a>,
    ) -> Self {
        Self {
            line,
            settings,
            credentials,
            desk,
        }
    }

    /// Asks for a path below the customer's API.
    pub(super) async fn read(&self, path: &str) -> Told<Answer> {
        self.ask(&Request::new("GET", path), false).await
    }

    /// Asks for what is set up, by a path below the customer's API.
    pub(super) async fn list(&self, path: &str) -> Told<Answer> {
        self.ask(&Request::new("GET", path).reading(LIST), false)
            .await
    }

    /// Writes; the URL of `request` is a path below the customer's API.
    pub(super) async fn write(&self, request: Request, supposed: Answer) -> Told<Answer> {
        let request = Request {
            supposed,
            ..request
        };
        self.ask(&request, true).await
    }

    /// Asks; once more with a new ticket where that was refused, and where the customer is now when it moved. Neither is done before it was
    /// refused, so that nothing is written twice.
    async fn ask(&self, request: &Request, is_write: bool) -> Told<Answer> {
        let (mut moved, mut renewed) = (false, false);
        loop {
            let request = Request {
                url: format!("{}{}", self.api().await?, request.url),
                ..request.clone()
            };
            let request = request
                .header(
                    "authorization",
                    format!("SOTicket {}", self.ticket().await?),
                )
                .header("so-apptoken", &self.credentials.client_secret)
                .header("accept", "application/json")
                .header("accept-language", "en");
            let answer = if is_write {
                self.line.write(request).await?
            } else {
                self.line.read(request).await?
            };
            match answer.status {
                421 if !moved => {
                    moved = true;
                    self.desk.tokens.forget(API);
                }
                401 if !renewed => {
                    renewed = true;
                    self.desk.tokens.forget(SO_TICKET);
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Where the customer is, asked again once SuperOffice says so.
    async fn api(&self) -> Told<String> {
        let tokens = self.desk.tokens;
        let until = tokens.recall(VALID_UNTIL);
        let holds = until.and_then(|until| Timestamp::parse(&until).ok());
        if let Some(api) = tokens
            .recall(API)
            .filter(|_| holds.is_some_and(|until| self.desk.now < until))
        {
            return Ok(api);
        }
        let request = Request::new("GET", self.settings.state());
        let answer = self
            .line
            .read(request.header("accept", "application/json"))
            .await?;
        let tenant = tenant(&answer, self.settings)?;
        tokens.remember(VALID_UNTIL, tenant.valid_until);
        tokens.remember(API, tenant.api.clone());
        Ok(tenant.api)
    }

    async fn ticket(&self) -> Told<String> {
        if let Some(ticket) = self.desk.tokens.recall(SO_TICKET) {
            return Ok(ticket);
        }
        let refused = || Verdict::CredentialsRefused {
            words: "The private key is none that can be signed with: set the connector again."
                .to_owned(),
        };
        let key = self.credentials.key().ok_or_else(refused)?;
        let statement = self.credentials.statement(self.desk.now);
        let signature = self.line.sign(&key, statement.as_bytes()).await;
        let signature = signature.ok_or_else(refused)?;
        let body = self
            .credentials
            .application(self.settings, &statement, &signature);
        let request = Request::new("POST", self.settings.authentication()).json(&body);
        let answer = self
            .line
            .read(request.header("accept", "application/json"))
            .await?;
        let ticket = ticket(&answer)?;
        self.desk.tokens.remember(SO_TICKET, ticket.clone());
        Ok(ticket)
    }
}
