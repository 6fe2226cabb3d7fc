//! Sessions: requests with a token, which is kept on the heap and asked for once more when Zoho knows it no longer. Zoho gives ten in ten
//! minutes.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sayso_shared::connector::zoho::{Credentials, Settings, granted, needs_token};

use crate::connector::{Answer, Line, Request, Told, tokens::Tokens};

/// What the token is called, and where it lets in.
const TOKEN: &str = "token";
const API: &str = "api";

/// Who asks, with what.
pub(super) struct Session<'a, L> {
    pub(super) line: &'a L,
    pub(super) settings: &'a Settings,
    pub(super) credentials: &'a Credentials,
    pub(super) tokens: &'a Tokens,
}

impl<L: Line> Session<'_, L> {
    /// Asks; the request has a path for its address.
    pub(super) async fn read(&self, request: Request) -> Told<Answer> {
        self.send(request, false).await
    }

    /// Writes; the request has a path for its address.
    pub(super) async fn write(&self, request: Request) -> Told<Answer> {
        self.send(request, true).await
    }

    async fn send(&self, request: Request, is_write: bool) -> Told<Answer> {
        let is_old = self.tokens.recall(TOKEN).is_some();
        let answer = self.attempt(request.clone(), is_write).await?;
        if !needs_token(&answer) {
            return Ok(answer);
        }
        self.tokens.forget(TOKEN);
        if !is_old {
            return Ok(answer);
        }
        let answer = self.attempt(request, is_write).await?;
        if needs_token(&answer) {
            self.tokens.forget(TOKEN);
        }
        Ok(answer)
    }

    async fn attempt(&self, mut request: Request, is_write: bool) -> Told<Answer> {
        let token = self.token().await?;
        let api = self.settings.api(self.tokens.recall(API).as_deref());
        request.url = format!("{api}{}", request.url);
        let request = request
            .header("authorization", format!("Zoho-oauthtoken {token}"))
            .header("accept", "application/json");
        if is_write {
            self.line.write(request).await
        } else {
            self.line.read(request).await
        }
    }

    /// The token that is known, or a new one. What is secret stands in the body, not in the address.
    async fn token(&self) -> Told<String> {
        if let Some(token) = self.tokens.recall(TOKEN) {
            return Ok(token);
        }
        let of = self.credentials;
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", &of.client_id),
            ("client_secret", &of.client_secret),
            ("refresh_token", &of.refresh_token),
        ];
        let fields = fields.map(|(name, value)| {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            format!("{name}={value}")
        });
        let address = format!("{}/oauth/v2/token", self.settings.accounts());
        let mut request = Request::new("POST", address)
            .header("content-type", "application/x-www-form-urlencoded");
        request.body = Some(fields.join("&"));
        let granted = granted(&self.line.read(request).await?)?;
        if let Some(api) = granted.api_domain {
            self.tokens.remember(API, api);
        }
        self.tokens.remember(TOKEN, granted.token.clone());
        Ok(granted.token)
    }
}
