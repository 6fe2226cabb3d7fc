//! The mailbox of a developer: where mails land while `SAYSO_MAILER=dev`. It keeps the last hundred, as they would have left.

use serde::{Deserialize, Serialize};
use worker::{
    DurableObject, Env, Method, Request, RequestInit, Response, Result, State, durable_object,
};

use crate::{
    answer, clock,
    failure::{Failure, Outcome},
    gathering::Gathering,
    json,
    letter::Letter,
    store::{ObjectStore, Store as _, number, text},
};

/// A mail that has landed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Landed {
    pub(crate) id: String,
    pub(crate) at: String,
    #[serde(flatten)]
    pub(crate) letter: Letter,
}

/// Drops a mail; dropping the same id again changes nothing.
pub(crate) async fn drop_in(env: &Env, id: &str, letter: Letter) -> Result<()> {
    let at = clock::now().to_string();
    let landed = Landed {
        id: id.to_owned(),
        at,
        letter,
    };
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_body(Some(serde_json::to_string(&landed)?.into()));
    let request = Request::new_with_init("https://mailbox/", &init)?;
    let response = env
        .durable_object("MAILBOX")?
        .get_by_name("dev")?
        .fetch_with_request(request)
        .await?;
    if response.status_code() == 204 {
        Ok(())
    } else {
        Err("the mailbox did not take the mail".into())
    }
}

/// All mails, newest first.
pub(crate) async fn mails(env: &Env) -> Outcome<Vec<Landed>> {
    let mut response = env
        .durable_object("MAILBOX")?
        .get_by_name("dev")?
        .fetch_with_str("https://mailbox/")
        .await?;
    let rows: Vec<String> = json::read(response.bytes().await?)?;
    rows.iter()
        .map(|row| json::read(row).map_err(Failure::from))
        .collect()
}

#[durable_object]
pub(crate) struct MailboxObject {
    store: ObjectStore,
    gathering: Gathering,
}

impl DurableObject for MailboxObject {
    fn new(state: State, _env: Env) -> Self {
        Self {
            store: ObjectStore::of(&state),
            gathering: Gathering::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        self.store
            .run(include_str!("../sql/mailbox/create.sql"), Vec::new())?;
        if request.method() != Method::Post {
            let rows: Vec<Row> = self
                .store
                .rows(include_str!("../sql/mailbox/select.sql"), Vec::new())?;
            return answer::json(
                200,
                &rows.into_iter().map(|row| row.body).collect::<Vec<_>>(),
            );
        }
        let landed: Landed = json::read(request.bytes().await?)?;
        let body = serde_json::to_string(&landed)?;
        self.gathering.join().await;
        let values = vec![
            text(&landed.id),
            number(clock::now().unix_millis()),
            text(body),
        ];
        self.store
            .run(include_str!("../sql/mailbox/insert.sql"), values)?;
        self.store
            .run(include_str!("../sql/mailbox/trim.sql"), Vec::new())?;
        answer::no_content()
    }
}

#[derive(Deserialize)]
struct Row {
    body: String,
}
