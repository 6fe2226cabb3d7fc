//! Shards: which of a site's ledgers is asked.
//!
//! How a site is split never changes while it is there, so an isolate remembers it, and asks nobody for it. It may not know yet, or
//! know it of a site that was removed and made again: the ledger itself knows whom it has, and one that is asked for somebody else
//! answers 421 with how the site is split. Then that is remembered, and the right one is asked. Forgetting is harmless.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::{StreamExt as _, stream};
use sayso_shared::{
    email::EmailAddress,
    key::SiteKey,
    problem::Problem,
    shard::{SealedSharding, Sharding},
    vault::Vault,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use worker::{Env, Response};

use super::{AT_ONCE, Ask, ask, book::Book};
use crate::{
    failure::{Outcome, damaged},
    json,
    settings::Settings,
    store::Store,
};

/// How many sites an isolate remembers; a collector with more of them that are split asks some of them again now and then.
const MOST_REMEMBERED: usize = 1000;

/// Once by what is believed, and once by what is learned then. More is needed only where a site is made again right between two
/// questions.
pub(super) const ATTEMPTS: u32 = 2;

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
        self.owns_all([whose].into_iter())
    }

    /// Whether this ledger has all these people.
    pub(super) fn owns_all<'p>(&self, mut people: impl Iterator<Item = Whose<'p>>) -> Outcome<()> {
        let snapshot = self.snapshot()?;
        let Some(sealed) = &snapshot.sharding else {
            return Ok(());
        };
        let keys = self.keys()?;
        let sharding = sealed.open(&snapshot.site, &keys.vault);
        let sharding = sharding.map_err(|_| damaged("how a site is split"))?;
        if people.all(|whose| whose.shard(&sharding) == snapshot.shard) {
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

/// The ledgers of one site, as they are asked.
pub(crate) trait Ledgers {
    /// What a ledger answers.
    type Answer: Answer;

    /// Whose ledgers they are.
    fn site(&self) -> &SiteKey;

    /// What opens how the site is split.
    fn vault(&self) -> Vault;

    /// Asks one of them. A ledger that nobody told of a site answers as that of an unknown site.
    async fn ask(&self, shard: u16, question: &Ask) -> Outcome<Self::Answer>;
}

/// An answer that may be passed on unread.
pub(crate) trait Answer: Sized {
    /// Its HTTP status.
    fn status(&self) -> u16;

    /// Its body.
    async fn bytes(self) -> Outcome<Vec<u8>>;
}

/// The ledgers as the Worker reaches them.
pub(crate) struct SiteLedgers<'a> {
    pub(crate) env: &'a Env,
    pub(crate) settings: &'a Settings,
    pub(crate) site: &'a SiteKey,
}

impl Ledgers for SiteLedgers<'_> {
    type Answer = Response;

    fn site(&self) -> &SiteKey {
        self.site
    }

    fn vault(&self) -> Vault {
        self.settings.vault()
    }

    async fn ask(&self, shard: u16, question: &Ask) -> Outcome<Response> {
        ask(self.env, self.site, shard, question).await
    }
}

impl Answer for Response {
    fn status(&self) -> u16 {
        self.status_code()
    }

    async fn bytes(mut self) -> Outcome<Vec<u8>> {
        Ok(Response::bytes(&mut self).await?)
    }
}

/// Asks the ledger that has this person, and passes on whatever it answers.
pub(crate) async fn ask_of<L: Ledgers>(
    ledgers: &L,
    whose: Whose<'_>,
    question: &Ask,
) -> Outcome<L::Answer> {
    let mut sharding = believed(ledgers.site());
    for _ in 0..ATTEMPTS {
        let answer = ledgers.ask(whose.shard(&sharding), question).await?;
        match mended(ledgers, &sharding, answer).await? {
            Mended::Stands(answer) => return Ok(answer),
            Mended::AskAgain(better) => sharding = better,
        }
    }
    Err(Problem::unavailable().into())
}

/// Asks about many people: each ledger about those whom it has, who are named to `question` by their places in `people`. What a ledger
/// answers comes with those places. It has to refuse the whole question, by [`Book::owns`], if one of them is not its own.
pub(crate) async fn ask_of_each<L: Ledgers>(
    ledgers: &L,
    people: &[EmailAddress],
    question: impl Fn(&[usize]) -> Ask,
) -> Outcome<Vec<(Vec<usize>, L::Answer)>> {
    let mut sharding = believed(ledgers.site());
    let mut left: Vec<usize> = (0..people.len()).collect();
    let mut answered = Vec::new();
    for _ in 0..ATTEMPTS {
        let mut groups = BTreeMap::<u16, Vec<usize>>::new();
        for at in std::mem::take(&mut left) {
            let shard = people.get(at).map_or(0, |email| sharding.of_address(email));
            groups.entry(shard).or_default().push(at);
        }
        let asked = stream::iter(groups).map(async |(shard, group)| {
            let answer = ledgers.ask(shard, &question(&group)).await;
            (group, answer)
        });
        let answers: Vec<_> = asked.buffer_unordered(AT_ONCE).collect().await;
        let mut better = None;
        for (group, answer) in answers {
            match mended(ledgers, &sharding, answer?).await? {
                Mended::Stands(answer) => answered.push((group, answer)),
                Mended::AskAgain(learned) => {
                    left.extend(group);
                    better = Some(learned);
                }
            }
        }
        match better {
            None => return Ok(answered),
            Some(better) => sharding = better,
        }
    }
    Err(Problem::unavailable().into())
}

/// How this site is split, as far as this isolate knows: one shard, unless it has learned otherwise.
pub(super) fn believed(site: &SiteKey) -> Sharding {
    REMEMBERED.with_borrow(|known| known.get(site).cloned().unwrap_or(Sharding::ONE))
}

/// What to make of an answer that was asked for by a belief.
pub(super) enum Mended<A> {
    /// The belief was right, or wrong beliefs have nothing to do with the answer
    Stands(A),
    /// The site is split like this: ask anew
    AskAgain(Sharding),
}

/// Learns from an answer.
pub(super) async fn mended<L: Ledgers>(
    ledgers: &L,
    believed: &Sharding,
    answer: L::Answer,
) -> Outcome<Mended<L::Answer>> {
    // A ledger of a shard that is no more knows neither site nor keys; the first one knows what there is now.
    let is_doubtful = believed.shards() > 1 && matches!(answer.status(), 401 | 404);
    let told = match answer.status() {
        421 => Err(answer.bytes().await?),
        _ if is_doubtful => Ok((ledgers.ask(0, &Ask::Sharding).await?.bytes().await?, answer)),
        _ => return Ok(Mended::Stands(answer)),
    };
    let bytes = match &told {
        Err(bytes) | Ok((bytes, _)) => bytes,
    };
    let sharding = match json::read::<Misdirected>(bytes)?.sharding {
        None => Sharding::ONE,
        Some(sealed) => {
            let opened = sealed.open(ledgers.site(), &ledgers.vault());
            opened.map_err(|_| damaged("how a site is split"))?
        }
    };
    match told {
        Ok((_, answer)) if sharding == *believed => Ok(Mended::Stands(answer)),
        _ => {
            remember(ledgers.site(), &sharding);
            Ok(Mended::AskAgain(sharding))
        }
    }
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
