//! The Durable Object around a ledger: opens questions, hands them on, wraps answers.

use std::{cell::Cell, rc::Rc, time::Duration};

use sayso_shared::{
    answer::RecordingsAnswer, email::EmailAddress, key::EndpointKey, problem::Problem,
    time::Timestamp,
};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{
    Ask, AtLane, AtLink,
    book::Book,
    errands::{self, Ledger},
    personal::{Pressed, Reader},
    pull::Sought,
    record::Whence,
};
use crate::{
    answer, clock,
    failure::{Outcome, damaged},
    json,
    store::ObjectStore,
};

/// One shard of a site's ledger.
#[durable_object]
pub(crate) struct LedgerObject {
    ledger: Rc<Ledger>,
    awake: Cell<bool>,
}

impl DurableObject for LedgerObject {
    fn new(state: State, env: Env) -> Self {
        Self {
            ledger: Rc::new(Ledger::wake(state, env)),
            awake: Cell::new(false),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let ask: Ask = json::read(request.bytes().await?)?;
        // What everybody does at the same time.
        if matches!(ask, Ask::Record { .. }) {
            self.ledger.gathering.join().await;
        }
        // Whoever runs workerd without Cloudflare may have lost the alarm with the process: look after errands on waking.
        if !self.awake.replace(true) {
            self.ledger.run_errands(clock::now()).await?;
        }
        self.answer(ask)
            .await
            .or_else(crate::failure::Failure::into_response)
    }

    async fn alarm(&self) -> Result<Response> {
        self.ledger.ring(clock::now()).await?;
        answer::no_content()
    }
}

impl LedgerObject {
    async fn answer(&self, ask: Ask) -> Outcome<Response> {
        let (book, now) = (&self.ledger.book, clock::now());
        let response = match ask {
            Ask::Learn { snapshot } => {
                book.learn(*snapshot, now)?;
                answer::no_content()?
            }
            Ask::Record {
                document,
                origin,
                client,
                hosted,
                waited,
            } => {
                let whence = Whence {
                    origin: origin.as_deref(),
                    client: client.as_ref(),
                    hosted,
                    waited: Duration::from_millis(waited),
                };
                let (status, body) = book.record(&document, whence, now)?;
                answer::json(status, &body)?
            }
            Ask::RecordLines { key, lines } => {
                let recorded = book.record_lines(key.as_deref(), &lines, now)?;
                recorded.faults.into_iter().for_each(errands::log);
                let results = recorded.answers;
                answer::json(200, &RecordingsAnswer { results })?
            }
            Ask::Link { token, ask } if ask.is_a_look() => {
                return at_link(book, &token, ask, now);
            }
            Ask::Link { token, ask } => at_link(book, &token, ask, now)?,
            Ask::MailLink { email, lang } => {
                let email = EmailAddress::parse(&email).map_err(|_| Problem::unknown_subject())?;
                book.mail_link(&email, lang.as_ref(), now)?;
                answer::no_content()?
            }
            Ask::Watch(watch) => {
                return Ok(answer::json(200, &self.ledger.watch(&watch).await?)?);
            }
            Ask::KeyUsed { key } => {
                book.note_key(&key, now)?;
                return Ok(answer::no_content()?);
            }
            Ask::Erase { key, id, reason } => {
                answer::json(200, &book.erase(key.as_deref(), id, reason, now)?)?
            }
            Ask::Lane {
                endpoint,
                ask: AtLane::Standing { most },
            } => return Ok(answer::json(200, &book.lane_standing(&endpoint, most)?)?),
            Ask::Lane { endpoint, ask } => at_lane(book, &endpoint, &ask, now)?,
            looks => return look(book, looks, now),
        };
        // Committed; now perform. The first step of this sets the alarm, before anything else can happen, so that a crash
        // from here on only delays.
        self.ledger.run_errands(now).await?;
        Ok(response)
    }
}

/// What only looks: nothing is written, and nothing is to be performed.
fn look(book: &Book<ObjectStore>, ask: Ask, now: Timestamp) -> Outcome<Response> {
    let response = match ask {
        Ask::Who { wanted } => answer::json(200, &book.who(&wanted)?),
        Ask::Sharding => answer::json(200, &book.sharding()),
        Ask::Events {
            key,
            after,
            limit,
            types,
            purposes,
        } => {
            let sought = Sought { types, purposes };
            let page = book.event_page(key.as_deref(), &after, limit, &sought)?;
            answer::json(200, &page)
        }
        Ask::EventPart {
            key,
            after,
            most,
            types,
            purposes,
            shards,
        } => {
            let sought = Sought { types, purposes };
            let part = book.event_part(key.as_deref(), &after, most, &sought, shards)?;
            answer::json(200, &part)
        }
        Ask::LookUp { key, email } => {
            let email = EmailAddress::parse(&email).map_err(|_| Problem::unknown_subject())?;
            answer::json(200, &book.look_up(key.as_deref(), &email)?)
        }
        Ask::Check {
            key,
            purpose,
            emails,
        } => {
            let read = emails.iter().map(|email| EmailAddress::parse(email));
            let read: Result<Vec<_>, _> = read.collect();
            let emails = read.map_err(|_| Problem::unknown_subject())?;
            let judged = book.check(key.as_deref(), &purpose, &emails, now)?;
            answer::json(200, &judged)
        }
        Ask::Rows {
            key,
            template,
            after,
            most,
        } => {
            let part = book.rows(key.as_deref(), &template, &after, most, now)?;
            answer::json(200, &part)
        }
        Ask::KeyUses => answer::json(200, &book.key_uses()?),
        Ask::Consents { key, id } => answer::json(200, &book.consents(key.as_deref(), id)?),
        Ask::Evidence {
            key,
            id,
            purpose,
            form: None,
        } => answer::json(200, &book.evidence(key.as_deref(), id, &purpose, now)?),
        Ask::Evidence {
            key,
            id,
            purpose,
            form: Some(form),
        } => {
            let export = book.export(key.as_deref(), id, &purpose, form, now)?;
            let bytes = serde_json::to_vec(&export).map_err(worker::Error::from)?;
            answer::body(200, form.media_type(), bytes)
        }
        // Whatever writes is answered above.
        _ => return Err(damaged("a question")),
    };
    Ok(response?)
}

/// What is done with a lane.
fn at_lane(
    book: &Book<ObjectStore>,
    endpoint: &EndpointKey,
    ask: &AtLane,
    now: Timestamp,
) -> Outcome<Response> {
    match ask {
        AtLane::Standing { .. } => {}
        AtLane::Replay { from } => book.replay(endpoint, *from, now)?,
        AtLane::Resend { event } => book.resend(endpoint, *event, now)?,
    }
    Ok(answer::no_content()?)
}

/// What is asked at a link of a mail.
fn at_link(
    book: &Book<ObjectStore>,
    token: &str,
    ask: AtLink,
    now: Timestamp,
) -> Outcome<Response> {
    Ok(match ask {
        AtLink::ShowConfirm { by } => {
            let shown = book.show_confirm(token, now)?;
            book.note_visit(token, by)?;
            answer::json(200, &shown)?
        }
        AtLink::Confirm { chosen, by } => {
            answer::json(200, &book.confirm(token, &chosen, by, now)?)?
        }
        AtLink::MailAgain => answer::json(200, &book.mail_again(token, now)?)?,
        AtLink::ShowPreferences { lang } => {
            let lang = lang.as_ref();
            answer::json(200, &book.show_preferences(Reader { token, lang })?)?
        }
        AtLink::Withdraw { purpose, lang } => {
            let lang = lang.as_ref();
            let stopped = book.withdraw(Reader { token, lang }, purpose.as_ref(), now)?;
            answer::json(200, &stopped)?
        }
        AtLink::Switch {
            purpose,
            on,
            notice,
            lang,
        } => {
            let lang = lang.as_ref();
            let pressed = Pressed {
                purpose: &purpose,
                on,
                notice: &notice,
            };
            answer::json(200, &book.switch(Reader { token, lang }, &pressed, now)?)?
        }
        AtLink::Unsubscribe => answer::json(200, &book.unsubscribe(token, now)?)?,
        AtLink::Revoke { lang } => {
            let lang = lang.as_ref();
            answer::json(200, &book.revoke(Reader { token, lang })?)?
        }
        AtLink::ShowRecord => answer::json(200, &book.show_record(token, now)?)?,
        AtLink::Receipt { act } => answer::json(200, &book.receipt_of(token, act)?)?,
    })
}
