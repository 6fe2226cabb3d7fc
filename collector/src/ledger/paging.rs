//! Paging: one page of events of a site, whatever number of ledgers has them. The Worker does this.

use futures_util::{StreamExt as _, stream};
use sayso_shared::{
    key::SiteKey,
    merge::{Part, merge, share},
    problem::Problem,
    shard::Sharding,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    AT_ONCE, Ask,
    pull::read_cursor,
    shards::{ATTEMPTS, Answer as _, Ledgers, Mended, believed, mended},
};
use crate::{
    failure::{Outcome, damaged},
    json,
};

/// What a reader asks for.
pub(crate) struct Wish {
    /// Without one, the admin asks
    pub(crate) key: Option<String>,
    /// The cursor
    pub(crate) after: String,
    /// The most events
    pub(crate) limit: u32,
    /// Their types, by name
    pub(crate) types: Vec<String>,
}

/// What comes of it.
pub(crate) enum Page<A> {
    /// A ledger answered: the page of a site that is not split, or why there is none
    Answered(A),
    /// The JSON of the page, out of several ledgers
    Joined(Vec<u8>),
}

/// What one of several shards has for a page.
#[derive(Serialize, Deserialize)]
pub(super) struct EventPart<E> {
    /// By what they are merged with those of the others
    pub(super) part: Part,
    /// As the reader gets them; whoever merges them passes on their bytes
    pub(super) events: Vec<E>,
}

/// A page out of several shards, as [`sayso_shared::answer::EventPage`] is written.
#[derive(Serialize)]
struct JoinedPage<'p> {
    events: Vec<&'p RawValue>,
    next: String,
    more: bool,
}

impl Wish {
    /// Pulls a page.
    pub(crate) async fn pull<L: Ledgers>(&self, ledgers: &L) -> Outcome<Page<L::Answer>> {
        let mut sharding = believed(ledgers.site());
        for _ in 0..ATTEMPTS {
            let asked = match sharding.shards() {
                1 => self.of_one(ledgers, &sharding).await?,
                _ => self.of_many(ledgers, &sharding).await?,
            };
            match asked {
                Mended::Stands(page) => return Ok(page),
                Mended::AskAgain(better) => sharding = better,
            }
        }
        Err(Problem::unavailable().into())
    }

    /// The one ledger makes the page.
    async fn of_one<L: Ledgers>(
        &self,
        ledgers: &L,
        believed: &Sharding,
    ) -> Outcome<Mended<Page<L::Answer>>> {
        let ask = Ask::Events {
            key: self.key.clone(),
            after: self.after.clone(),
            limit: self.limit,
            types: self.types.clone(),
        };
        learn(ledgers, believed, ledgers.ask(0, &ask).await?).await
    }

    /// Each ledger is asked for its share. If one does not answer there is no page: what it has might come first.
    async fn of_many<L: Ledgers>(
        &self,
        ledgers: &L,
        believed: &Sharding,
    ) -> Outcome<Mended<Page<L::Answer>>> {
        let shards = believed.shards();
        let ask = Ask::EventPart {
            key: self.key.clone(),
            after: self.after.clone(),
            most: share(self.limit, shards),
            types: self.types.clone(),
            shards,
        };
        let asked = stream::iter(0..shards).map(|shard| part(ledgers, shard, &ask));
        let asked: Vec<Outcome<_>> = asked.buffered(AT_ONCE).collect().await;
        let mut parts = Vec::with_capacity(asked.len());
        for part in asked {
            match part? {
                Ok(part) => parts.push(part),
                Err(answer) => return learn(ledgers, believed, answer).await,
            }
        }
        let page = join(ledgers.site(), &self.after, &parts, self.limit)?;
        Ok(Mended::Stands(Page::Joined(serde_json::to_vec(&page)?)))
    }
}

/// What one ledger has, or what it answers instead.
async fn part<L: Ledgers>(
    ledgers: &L,
    shard: u16,
    ask: &Ask,
) -> Outcome<Result<EventPart<Box<RawValue>>, L::Answer>> {
    let answer = ledgers.ask(shard, ask).await?;
    if answer.status() == 200 {
        Ok(Ok(json::read(&answer.bytes().await?)?))
    } else {
        Ok(Err(answer))
    }
}

async fn learn<L: Ledgers>(
    ledgers: &L,
    believed: &Sharding,
    answer: L::Answer,
) -> Outcome<Mended<Page<L::Answer>>> {
    Ok(match mended(ledgers, believed, answer).await? {
        Mended::Stands(answer) => Mended::Stands(Page::Answered(answer)),
        Mended::AskAgain(sharding) => Mended::AskAgain(sharding),
    })
}

/// Makes the page of what all shards gave, in the order of their numbers.
fn join<'p>(
    site: &SiteKey,
    after: &str,
    parts: &'p [EventPart<Box<RawValue>>],
    limit: u32,
) -> Outcome<JoinedPage<'p>> {
    let shards = u16::try_from(parts.len()).unwrap_or(u16::MAX);
    let after = read_cursor(after, site, shards)?;
    let heads: Vec<Part> = parts.iter().map(|part| part.part.clone()).collect();
    let merged = merge(&after, &heads, limit);
    let event = |(shard, at): &(usize, usize)| {
        let event = parts.get(*shard).and_then(|part| part.events.get(*at));
        event.map(AsRef::as_ref)
    };
    let events: Option<Vec<&RawValue>> = merged.order.iter().map(event).collect();
    Ok(JoinedPage {
        events: events.ok_or_else(|| damaged("a part of a page"))?,
        next: merged.next.render(site),
        more: merged.more,
    })
}
