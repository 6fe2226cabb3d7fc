//! The printable page: everything on record of a person, in their language, told so that somebody else can judge it.
//!
//! It is made from the evidence packs of the person's consents, so that it says nothing that the controller's evidence does not. It
//! needs no scripts, and what is folded away on a screen is printed.

use std::collections::BTreeMap;

use askama::Template;
use sayso_shared::{
    catalogue::{Catalogue, PageWords, RecordWords, WidgetWords, fill},
    consent::Status,
    evidence::{EvidenceAct, EvidenceMail, EvidencePack, EvidenceSubmission},
    manner::{ActorKind, Recorded},
    notice::Notice,
    published::PublishedPurpose,
    receipt::{ReceiptAct, SubmissionFacts},
    time::Timestamp,
    visitor::VisitorClass,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Frame, Page, SiteView, is_active};

/// What the printable page has to say.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordView {
    /// Everything
    Known(Box<Record>),
    /// Not a link of ours
    Unknown,
}

/// Everything on record of a person.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) site: SiteView,
    /// One for each purpose that the person was ever asked for
    pub(crate) packs: Vec<EvidencePack>,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage<'a> {
    frame: Frame<'a>,
    words: &'a PageWords,
    ours: &'a RecordWords,
    widget: &'a WidgetWords,
    token: &'a str,
    lead: String,
    made_at: String,
    email: Option<&'a str>,
    standing: Vec<Standing<'a>>,
    asked: Vec<Asked<'a>>,
    history: Vec<Happened<'a>>,
    receipts: Vec<Signed<'a>>,
    check_keys: String,
    kids: Vec<&'a str>,
    command: String,
}

/// How one consent stands.
struct Standing<'a> {
    title: &'a str,
    status: &'static str,
    active: bool,
    since: String,
    until: Option<String>,
}

/// One act of choosing: what was shown, and what was answered.
struct Asked<'a> {
    title: &'a str,
    boxes_were_shown: bool,
    at: Timestamp,
    when: String,
    facts: Vec<(&'a str, String)>,
    intro: &'a str,
    boxes: Vec<Shown<'a>>,
    mails: Vec<Mailed<'a>>,
}

/// One box, and its answer.
struct Shown<'a> {
    purpose: &'a PublishedPurpose,
    answer: &'static str,
    yes: bool,
    basis: &'static str,
    channels: String,
    retention: String,
    validity: String,
    data: String,
}

struct Mailed<'a> {
    said: String,
    text: &'a str,
}

/// One change.
struct Happened<'a> {
    at: Timestamp,
    when: String,
    title: &'a str,
    status: &'static str,
    act: &'static str,
}

/// One receipt.
struct Signed<'a> {
    id: Uuid,
    at: Timestamp,
    when: String,
    act: &'static str,
    jws: &'a str,
}

/// The printable page.
///
/// # Errors
/// Only if a template is broken, which building notices.
pub(crate) fn record(view: &RecordView, token: &str) -> askama::Result<Option<Page>> {
    let RecordView::Known(record) = view else {
        return Ok(None);
    };
    let catalogue = Catalogue::of(&record.site.lang);
    let (words, ours) = (&catalogue.page, &catalogue.record);
    let any = record.packs.first();
    let iss = any.map_or("", |pack| pack.iss.as_str());
    let keys = format!("{iss}/.well-known/jwks.json");
    let page = RecordPage {
        frame: Frame::of(catalogue, ours.title, &record.site),
        words,
        ours,
        widget: &catalogue.widget,
        token,
        lead: fill(ours.lead, &[("controller", &record.site.controller.name)]),
        made_at: any.map_or_else(String::new, |pack| catalogue.date_time(pack.made_at)),
        email: any.and_then(|pack| pack.subject.email.as_deref()),
        standing: record
            .packs
            .iter()
            .map(|pack| standing(catalogue, pack))
            .collect(),
        asked: asked(catalogue, &record.packs),
        history: history(catalogue, &record.packs),
        receipts: receipts(catalogue, &record.packs),
        check_keys: fill(ours.check_keys, &[("address", &keys)]),
        kids: any.map_or_else(Vec::new, |pack| {
            pack.keys.iter().map(|key| key.kid.as_str()).collect()
        }),
        command: format!("sayso-verify receipt.jws --jwks {keys}"),
    };
    let html = page.render()?;
    Ok(Some(Page { status: 200, html }))
}

fn standing<'a>(catalogue: &'static Catalogue, pack: &'a EvidencePack) -> Standing<'a> {
    let last = pack.events.last();
    let until = last.and_then(|event| event.data.consent()?.expires_at);
    let until = until.filter(|_| pack.consent.status == Status::Given);
    let ours = &catalogue.record;
    let moment = |at| catalogue.date_time(at);
    Standing {
        title: &pack.consent.title,
        status: catalogue.state(pack.consent.status),
        active: is_active(pack.consent.status),
        since: fill(
            catalogue.page.since,
            &[("date", &moment(pack.consent.since))],
        ),
        until: until.map(|until| fill(ours.valid_until, &[("date", &moment(until))])),
    }
}

/// Each act of choosing once, however many purposes it was about; oldest first.
fn asked<'a>(catalogue: &'static Catalogue, packs: &'a [EvidencePack]) -> Vec<Asked<'a>> {
    let mut submissions: BTreeMap<(Timestamp, Uuid), &EvidenceSubmission> = BTreeMap::new();
    let mut mails: BTreeMap<Uuid, &EvidenceMail> = BTreeMap::new();
    let mut notices: BTreeMap<&str, &Notice> = BTreeMap::new();
    for pack in packs {
        for each in &pack.submissions {
            submissions.insert((each.facts.received_at, each.facts.id), each);
        }
        mails.extend(pack.mails.iter().map(|mail| (mail.id, mail)));
        notices.extend(
            pack.notices
                .iter()
                .map(|notice| (notice.hash.as_str(), notice)),
        );
    }
    let told = submissions.values().filter_map(|submission| {
        let facts = &submission.facts;
        let notice = notices.get(facts.notice.hash.as_str())?;
        let about = mails.values().filter(|mail| mail.submission == facts.id);
        let boxes = notice.text.purposes.iter().map(|purpose| {
            let pack = packs
                .iter()
                .find(|pack| pack.consent.purpose == purpose.key);
            let mut here = pack.into_iter().flat_map(|pack| &pack.submissions);
            let answered = here.find(|each| each.facts.id == facts.id);
            shown(catalogue, facts, purpose, answered.map(|each| each.asked))
        });
        let words = &catalogue.record;
        let recorded = facts.recorded.as_ref();
        Some(Asked {
            title: match recorded {
                None => words.words_title,
                Some(recorded) if recorded.imported.is_some() => words.words_imported_title,
                Some(_) => words.words_told_title,
            },
            boxes_were_shown: facts.shown_at.is_some(),
            at: facts.received_at,
            when: catalogue.date_time(facts.received_at),
            facts: facts_of(catalogue, submission, notice),
            intro: &notice.text.intro,
            boxes: boxes.collect(),
            mails: about.map(|mail| mailed(catalogue, mail)).collect(),
        })
    });
    told.collect()
}

fn facts_of<'a>(
    catalogue: &'static Catalogue,
    submission: &'a EvidenceSubmission,
    notice: &'a Notice,
) -> Vec<(&'a str, String)> {
    let (ours, facts) = (&catalogue.record, &submission.facts);
    let moment = |at| catalogue.date_time(at);
    let version = fill(
        ours.version_published,
        &[
            ("version", &facts.notice.version.to_string()),
            ("time", &moment(notice.published_at)),
        ],
    );
    let client = submission.client.as_ref();
    let recorded = facts.recorded.as_ref();
    let imported = recorded.and_then(|recorded| recorded.imported.as_ref());
    let confirmed_there = imported.and_then(|imported| imported.confirmed_there_at);
    let gpc = |on| if on { ours.gpc_on } else { ours.gpc_off };
    // Where no clock of a device is known, it is ours, or as whoever recorded it says.
    let decided = match facts.shown_at {
        None => ours.decided_at,
        Some(_) => ours.sent_at,
    };
    let confirmation = submission.confirmation.as_ref();
    let told = [
        (ours.asked_by, Some(notice.text.controller.name.clone())),
        (ours.how, Some(catalogue.source(facts.source, imported))),
        (
            ours.recorded_by,
            recorded.map(|recorded| actor(catalogue, recorded)),
        ),
        (ours.comment, submission.comment.clone()),
        (ours.on_page, facts.page.clone()),
        (ours.in_conversation, facts.conversation.clone()),
        (ours.shown_at, facts.shown_at.map(moment)),
        (decided, Some(moment(facts.decided_at))),
        (ours.confirmed_there_at, confirmed_there.map(moment)),
        (ours.received_at, Some(moment(facts.received_at))),
        (ours.language, Some(facts.lang.to_string())),
        (ours.version, Some(version)),
        (ours.fingerprint, Some(facts.notice.hash.clone())),
        (
            ours.network,
            client.and_then(|client| client.network.clone()),
        ),
        (
            ours.browser,
            client.and_then(|client| client.user_agent.clone()),
        ),
        (ours.software, facts.widget.clone()),
        (ours.gpc, facts.gpc.map(|on| gpc(on).to_owned())),
        (
            ours.confirmed_with,
            confirmation.map(|confirmation| visitor(catalogue, confirmation.with)),
        ),
        (
            ours.after_mail,
            confirmation
                .and_then(|confirmation| confirmation.seconds_after_mail)
                .map(clock),
        ),
        (
            ours.opened_before,
            confirmation.map(|confirmation| confirmation.before.opened.to_string()),
        ),
        (
            ours.scanned_before,
            confirmation.map(|confirmation| confirmation.before.scanner_like.to_string()),
        ),
    ];
    let known = told
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    known.filter(|(_, value)| !value.is_empty()).collect()
}

/// With what a link was opened.
fn visitor(catalogue: &'static Catalogue, class: VisitorClass) -> String {
    let words = &catalogue.record;
    let mut known = VisitorClass::ALL.into_iter().zip(words.visitors);
    let named = known.find(|(each, _)| *each == class);
    named.map_or("", |(_, word)| word).to_owned()
}

/// Seconds as hours, minutes and seconds.
fn clock(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}", seconds % 60)
}

/// Who recorded it. Which one of those it was is the controller's own affair.
fn actor(catalogue: &'static Catalogue, recorded: &Recorded) -> String {
    let words = &catalogue.record;
    let mut known = ActorKind::RECORDING.into_iter().zip(words.actors);
    let named = known.find(|(kind, _)| *kind == recorded.actor.kind);
    named.map_or("", |(_, word)| word).to_owned()
}

fn shown<'a>(
    catalogue: &'static Catalogue,
    facts: &SubmissionFacts,
    purpose: &'a PublishedPurpose,
    answered: Option<Status>,
) -> Shown<'a> {
    let ours = &catalogue.record;
    Shown {
        answer: match answered {
            Some(Status::Given) => ours.answer_yes,
            Some(Status::Requested) => ours.answer_yes_by_mail,
            None if facts.recorded.is_some() => ours.answer_none,
            _ => ours.answer_no,
        },
        yes: answered.is_some_and(is_active),
        basis: catalogue.legal_basis(facts.legal_basis(purpose)),
        channels: catalogue.channels(&purpose.channels),
        retention: catalogue.retention(purpose.retention_days),
        validity: catalogue.validity(purpose.valid_for_days),
        data: catalogue.data_categories(&purpose.data_categories),
        purpose,
    }
}

fn mailed<'a>(catalogue: &'static Catalogue, mail: &'a EvidenceMail) -> Mailed<'a> {
    let ours = &catalogue.record;
    let said = match mail.sent_at {
        Some(at) => fill(
            ours.mail_sent,
            &[
                ("subject", &mail.subject),
                ("to", &mail.to),
                ("time", &catalogue.date_time(at)),
            ],
        ),
        None => fill(ours.mail_not_sent, &[("subject", &mail.subject)]),
    };
    Mailed {
        said,
        text: &mail.text,
    }
}

/// All changes of all consents, in the order in which they came to be.
fn history<'a>(catalogue: &'static Catalogue, packs: &'a [EvidencePack]) -> Vec<Happened<'a>> {
    let mut changes: Vec<_> = packs
        .iter()
        .flat_map(|pack| pack.events.iter().map(move |event| (pack, event)))
        .collect();
    changes.sort_by_key(|(_, event)| event.data.seq);
    let told = changes.into_iter().filter_map(|(pack, event)| {
        let change = event.data.consent()?;
        let mut acts = pack.acts.iter();
        let act = acts.find(|act| act.receipt == change.receipt);
        Some(Happened {
            at: event.timestamp,
            when: catalogue.date_time(event.timestamp),
            title: &pack.consent.title,
            status: catalogue.state(change.status),
            act: act.map_or("", |act| act_word(catalogue, act.kind)),
        })
    });
    told.collect()
}

/// Each receipt once, oldest first.
fn receipts<'a>(catalogue: &'static Catalogue, packs: &'a [EvidencePack]) -> Vec<Signed<'a>> {
    let all = packs.iter().flat_map(|pack| &pack.acts);
    let once: BTreeMap<(Timestamp, Uuid), &EvidenceAct> =
        all.map(|act| ((act.at, act.id), act)).collect();
    let told = once.into_values().map(|act| Signed {
        id: act.id,
        at: act.at,
        when: catalogue.date_time(act.at),
        act: act_word(catalogue, act.kind),
        jws: &act.receipt,
    });
    told.collect()
}

/// What was done, as it is said to the person.
fn act_word(catalogue: &'static Catalogue, act: ReceiptAct) -> &'static str {
    let words = &catalogue.record;
    let mut known = ReceiptAct::ALL.into_iter().zip(words.acts);
    known
        .find(|(each, _)| *each == act)
        .map_or("", |(_, word)| word)
}
