//! Paging: one page of events of a site, whatever number of ledgers has them. The Worker does this.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sayso_shared::{
    key::SiteKey,
    merge::{Part, merge, share},
    problem::Problem,
    shard::Sharding,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::Delay;

use super::{
    AT_ONCE, Ask,
    pull::{Sought, read_cursor},
    shards::{ATTEMPTS, Answer, Ledgers, Mended, believed, mended},
    watch::{Watch, watch_all},
};
use crate::{
    clock,
    failure::{Outcome, damaged},
    json,
};

/// For how long the shards of a split site watch for news at once, in milliseconds: after it they are all asked anew, and those who
/// heard of nothing are let go.
const SLICE: u64 = 5000;

/// The least time between two pages of one request.
const BREATH: Duration = Duration::from_millis(20);

/// What a reader asks for.
pub(crate) struct Wish {
    /// Without one, the admin asks
    pub(crate) key: Option<String>,
    /// The cursor
    pub(crate) after: String,
    /// The most events
    pub(crate) limit: u32,
    /// Which events
    pub(crate) sought: Sought,
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

/// A page that is passed on, with its events as the bytes that they are.
#[derive(Deserialize)]
pub(crate) struct PageText {
    pub(crate) events: Vec<Box<RawValue>>,
    pub(crate) next: String,
    pub(crate) more: bool,
}

impl<A: Answer> Page<A> {
    /// The JSON of the page; what is none is an answer that says why.
    pub(crate) async fn bytes(self) -> Outcome<Result<Vec<u8>, A>> {
        match self {
            Self::Answered(answer) if answer.status() != 200 => Ok(Err(answer)),
            Self::Answered(answer) => answer.bytes().await.map(Ok),
            Self::Joined(bytes) => Ok(Ok(bytes)),
        }
    }
}

impl Wish {
    /// Pulls a page. If there is nothing for one, waits for it, so long at most.
    pub(crate) async fn pull_within<L: Ledgers>(
        mut self,
        ledgers: &L,
        wait: Duration,
    ) -> Outcome<Page<L::Answer>> {
        let until = clock::now() + wait;
        loop {
            let page = self.pull(ledgers).await?;
            if wait.is_zero() {
                return Ok(page);
            }
            let bytes = match page.bytes().await? {
                Ok(bytes) => bytes,
                Err(answer) => return Ok(Page::Answered(answer)),
            };
            let read: PageText = json::read(&bytes)?;
            let left = until.unix_millis() - clock::now().unix_millis();
            if !read.events.is_empty() || left <= 0 {
                return Ok(Page::Joined(bytes));
            }
            self.after = read.next;
            if !read.more {
                self.watch(ledgers, left.unsigned_abs()).await;
            }
        }
    }

    /// Waits until there may be something, so many milliseconds at most.
    async fn watch<L: Ledgers>(&self, ledgers: &L, left: u64) {
        let shards = believed(ledgers.site()).shards();
        let slice = if shards == 1 { left } else { left.min(SLICE) };
        let watch = Watch {
            key: self.key.clone(),
            after: self.after.clone(),
            sought: self.sought.clone(),
            shards,
            millis: u32::try_from(slice).unwrap_or(u32::MAX),
        };
        let begun = clock::now();
        let heard = watch_all(ledgers, &watch).await;
        // Who says at once that there is something, and then has nothing, is not asked in a circle.
        if heard.is_err() || clock::now() < begun + BREATH {
            Delay::from(BREATH).await;
        }
    }

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
            types: self.sought.types.clone(),
            purposes: self.sought.purposes.clone(),
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
            types: self.sought.types.clone(),
            purposes: self.sought.purposes.clone(),
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
