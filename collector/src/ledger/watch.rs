//! Watching: a reader of events who has everything waits for the next commit.
//!
//! Whoever waits holds up nothing: no storage is touched but to look, at the start and when the bell rings, and everything else goes on
//! meanwhile. A watch ends by itself after its time at the latest, also where nobody is there any more to hear of it.

use std::{pin::pin, time::Duration};

use futures_util::{
    StreamExt as _,
    future::{Either, select},
    stream::FuturesUnordered,
};
use sayso_shared::shard::{below, watched};
use serde::{Deserialize, Serialize};
use worker::Delay;

use super::{
    Ask,
    errands::Ledger,
    pull::Sought,
    shards::{Answer, Ledgers},
};
use crate::{failure::Outcome, json};

/// For what and for how long a ledger is to wait.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// Whose key it is; without one, the admin asks
    pub(crate) key: Option<String>,
    /// The cursor of the reader
    pub(crate) after: String,
    /// Which events
    pub(crate) sought: Sought,
    /// Into how many shards the reader takes the site to be split
    pub(crate) shards: u16,
    /// For how long at most, in milliseconds
    pub(crate) millis: u32,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watched {
    /// Whether there is something new; if not, the time is over
    pub(crate) news: bool,
}

impl Ledger {
    /// Waits until there is something new in this shard or in those below it.
    pub(super) async fn watch(&self, watch: &Watch) -> Outcome<Watched> {
        let here = pin!(self.watch_here(watch));
        let others = self.book.snapshot().map_or(0, |snapshot| snapshot.shard);
        let others = below(others, watch.shards);
        let there = pin!(async {
            let site = self.book.snapshot()?.site.clone();
            let asked: FuturesUnordered<_> = others
                .map(|shard| {
                    let (site, ask) = (site.clone(), Ask::Watch(watch.clone()));
                    async move { super::ask(self.env(), &site, shard, &ask).await }
                })
                .collect();
            first_news(asked).await
        });
        let found = pin!(async {
            match select(here, there).await {
                Either::Left((here, _)) => here,
                // The others have nothing, or do not answer: then this shard alone is waited for.
                Either::Right((Ok(false) | Err(_), here)) => here.await,
                Either::Right((news, _)) => news,
            }
        });
        let time = pin!(Delay::from(Duration::from_millis(watch.millis.into())));
        match select(found, time).await {
            Either::Left((news, _)) => Ok(Watched { news: news? }),
            Either::Right(_) => Ok(Watched { news: false }),
        }
    }

    async fn watch_here(&self, watch: &Watch) -> Outcome<bool> {
        let key = watch.key.as_deref();
        let mut after = self.book.admit_reader(key, &watch.after, watch.shards)?;
        let wanted = watch.sought.read()?;
        loop {
            let ring = self.bell.listen();
            if self.book.has_news(after, &wanted)? {
                return Ok(true);
            }
            // What was not wanted is not looked at again.
            after = after.max(self.book.last_event()?);
            ring.await;
        }
    }
}

/// Has all shards of a site watched. Gives whether there is something new; false also where somebody did not answer as hoped.
pub(crate) async fn watch_all<L: Ledgers>(ledgers: &L, watch: &Watch) -> Outcome<bool> {
    let ask = Ask::Watch(watch.clone());
    let asked: FuturesUnordered<_> = watched(watch.shards)
        .map(|shard| ledgers.ask(shard, &ask))
        .collect();
    first_news(asked).await
}

/// Whether any of them has news: as soon as one has.
async fn first_news<A: Answer>(
    mut asked: FuturesUnordered<impl Future<Output = Outcome<A>>>,
) -> Outcome<bool> {
    while let Some(answer) = asked.next().await {
        let answer = answer?;
        if answer.status() != 200 || json::read::<Watched>(&answer.bytes().await?)?.news {
            // Whatever else it says is said to whoever asks for the page.
            return Ok(true);
        }
    }
    Ok(false)
}
