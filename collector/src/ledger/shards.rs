//! Shards: which of a site's ledgers is asked.
//!
//! How a site is split never changes while it is there, so an isolate remembers it, and asks nobody for it. It may not know yet, or
//! know it of a site that was removed and made again: the ledger itself knows whom it has, and one that is asked for somebody else
//! answers 421 with how the site is split. Then that is remembered, and the right one is asked. Forgetting is harmless.

use std::{cell::RefCell, collections::BTreeMap};

use sayso_shared::{
    email::EmailAddress,
    key::SiteKey,
    problem::Problem,
    shard::{SealedSharding, Sharding},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use worker::{Env, Response};

use super::{Ask, ask, book::Book};
use crate::{
    failure::{Outcome, damaged},
    settings::Settings,
    store::Store,
};

/// How many sites an isolate remembers; a collector with more of them that are split asks some of them again now and then.
const MOST_REMEMBERED: usize = 1000;

thread_local! {
    /// Sites of several shards.
    static REMEMBERED: RefCell<BTreeMap<SiteKey, Sharding>> = const { RefCell::new(BTreeMap::new()) };
}

/// By what a person is found.
#[derive(Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// The e-mail address
    Address(&'a EmailAddress),
    /// The id
    Subject(Uuid),
}

/// What a ledger answers, with status 421, when it is asked for somebody whom it does not have.
#[derive(Serialize, Deserialize)]
pub(super) struct Misdirected {
    /// How the site is split; nothing for one shard
    pub(super) sharding: Option<SealedSharding>,
}

impl Whose<'_> {
    /// The shard that has this person.
    pub(crate) fn shard(self, sharding: &Sharding) -> u16 {
        match self {
            Self::Address(email) => sharding.of_address(email),
            Self::Subject(id) => sharding.of_subject(id),
        }
    }
}

impl<S: Store> Book<S> {
    /// Whether this ledger has this person: 421, with how the site is split, if another one does.
    pub(super) fn owns(&self, whose: Whose<'_>) -> Outcome<()> {
        let snapshot = self.snapshot()?;
        let Some(sealed) = &snapshot.sharding else {
            return Ok(());
        };
        let keys = self.keys()?;
        let sharding = sealed.open(&snapshot.site, &keys.vault);
        let sharding = sharding.map_err(|_| damaged("how a site is split"))?;
        if whose.shard(&sharding) == snapshot.shard {
            Ok(())
        } else {
            Err(Problem::misdirected(serde_json::to_value(sealed)?).into())
        }
    }

    /// How the site is split; a site that is not known is not split.
    pub(super) fn sharding(&self) -> Misdirected {
        let snapshot = self.snapshot().ok();
        Misdirected {
            sharding: snapshot.and_then(|snapshot| snapshot.sharding.clone()),
        }
    }
}

/// Asks the ledger that has this person, and passes on whatever it answers.
pub(crate) async fn ask_of(
    env: &Env,
    settings: &Settings,
    site: &SiteKey,
    whose: Whose<'_>,
    question: &Ask,
) -> Outcome<Response> {
    let believed = believed(site);
    let response = ask(env, site, whose.shard(&believed), question).await?;
    match mended(env, settings, site, &believed, response).await? {
        Mended::Stands(response) => Ok(response),
        Mended::AskAgain(sharding) => {
            let response = ask(env, site, whose.shard(&sharding), question).await?;
            if response.status_code() == 421 {
                // Made again between two questions.
                return Err(Problem::unavailable().into());
            }
            Ok(response)
        }
    }
}

/// How this site is split, as far as this isolate knows: one shard, unless it has learned otherwise.
pub(crate) fn believed(site: &SiteKey) -> Sharding {
    REMEMBERED.with_borrow(|known| known.get(site).cloned().unwrap_or(Sharding::ONE))
}

/// What to make of an answer that was asked for by a belief.
pub(crate) enum Mended {
    /// The belief was right, or wrong beliefs have nothing to do with the answer
    Stands(Response),
    /// The site is split like this: ask anew
    AskAgain(Sharding),
}

/// Learns from an answer. A question that many ledgers were asked may give each answer here.
pub(crate) async fn mended(
    env: &Env,
    settings: &Settings,
    site: &SiteKey,
    believed: &Sharding,
    mut response: Response,
) -> Outcome<Mended> {
    let sealed = match response.status_code() {
        421 => response.json::<Misdirected>().await?,
        // The ledger of a shard that is no more knows neither site nor keys; the first one knows what there is now.
        401 | 404 if believed.shards() > 1 => {
            ask(env, site, 0, &Ask::Sharding).await?.json().await?
        }
        _ => return Ok(Mended::Stands(response)),
    };
    let sharding = match sealed.sharding {
        None => Sharding::ONE,
        Some(sealed) => {
            let opened = sealed.open(site, &settings.vault());
            opened.map_err(|_| damaged("how a site is split"))?
        }
    };
    if sharding == *believed {
        return Ok(Mended::Stands(response));
    }
    remember(site, &sharding);
    Ok(Mended::AskAgain(sharding))
}

fn remember(site: &SiteKey, sharding: &Sharding) {
    REMEMBERED.with_borrow_mut(|known| {
        if sharding.shards() == 1 {
            known.remove(site);
            return;
        }
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(site.clone(), sharding.clone());
    });
}
