//! Merging: one page of events out of those of several shards.
//!
//! Within a shard the order of its numbers is kept, whatever the clock did: everything about one person is in one shard, so every reader
//! sees the changes of a person in order. Between shards the older comes first, and of the same millisecond the lower id. What is
//! written while somebody reads may carry an earlier time than what that reader has seen of another shard; it comes on a later page,
//! and nothing is left out, since the cursor counts each shard by itself.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{cursor::SiteCursor, time::Timestamp};

/// By what an event takes its place among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// When it happened
    pub at: Timestamp,
    /// Its id
    pub id: Uuid,
    /// Its number in its shard
    pub seq: u64,
}

/// What one shard has to give after the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// In the order of their numbers
    pub heads: Vec<Head>,
    /// Whether it has more than these
    pub more: bool,
    /// Up to which number it has looked, where it looked past events that this reader does not want
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<u64>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Which events, in order: the shard, and the place among those that it gave
    pub order: Vec<(usize, usize)>,
    /// From where to go on
    pub next: SiteCursor,
    /// Whether there are more now
    pub more: bool,
}

/// How many events each shard is asked for, so that a page of `limit` can be made of them: its share and, since people are spread by
/// chance and what one of them does comes in bunches, three times the square root of that more. Together they give at most twice the page
/// and a handful from each shard.
#[must_use]
pub fn share(limit: u32, shards: u16) -> u32 {
    let even = limit.div_ceil(u32::from(shards.max(1)));
    let uneven = 3 * even.isqrt() + 2;
    (even + uneven).min(limit).max(1)
}

/// Merges what the shards gave, which stand in the order of their numbers. The page ends early where a shard has given all that it was
/// asked for and has more: what comes after might come before what the others have. It is never empty while there is more, unless a
/// shard has looked far and found nothing that is wanted: then the cursor has moved past that.
#[must_use]
pub fn merge(after: &SiteCursor, parts: &[Part], limit: u32) -> Merged {
    let (mut next, mut order) = (after.clone(), Vec::new());
    let mut taken = vec![0; parts.len()];
    let is_dry = |taken: &[usize]| {
        let mut parts = parts.iter().zip(taken);
        parts.any(|(part, taken)| part.more && *taken == part.heads.len())
    };
    while order.len() < limit as usize && !is_dry(&taken) {
        let heads = parts.iter().zip(&taken).enumerate();
        let first = heads
            .filter_map(|(shard, (part, at))| Some((shard, *at, part.heads.get(*at)?)))
            .min_by_key(|(_, _, head)| (head.at, head.id));
        let Some((shard, at, head)) = first else {
            break;
        };
        order.push((shard, at));
        next.advance(shard, head.seq);
        taken[shard] += 1;
    }
    for (shard, (part, taken)) in parts.iter().zip(&taken).enumerate() {
        if let Some(looked) = part.looked.filter(|_| *taken == part.heads.len()) {
            next.advance(shard, looked);
        }
    }
    let left = |(part, taken): (&Part, &usize)| part.more || *taken < part.heads.len();
    let more = parts.iter().zip(&taken).any(left);
    Merged { order, next, more }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::SiteKey;

    /// Events of several shards: for each, its moment; the number of one is its place, from 1, times three.
    type Shards = Vec<Vec<i64>>;

    fn head(shard: usize, at: usize, millis: i64) -> Head {
        let id = u128::from(millis.unsigned_abs()) << 80 | (at as u128) << 16 | shard as u128;
        Head {
            at: Timestamp::from_unix_millis(millis),
            id: Uuid::from_u128(id),
            seq: (at as u64 + 1) * 3,
        }
    }

    /// Reads one page as the collector does, through the text of the cursor.
    fn page(
        shards: &Shards,
        cursor: &str,
        limit: u32,
    ) -> (Vec<(usize, Head)>, String, bool, usize) {
        let site = SiteKey::parse("demo").expect("a site");
        let count = u16::try_from(shards.len()).expect("at most 64");
        let after = SiteCursor::parse(cursor, &site, count).expect("a cursor of ours");
        let most = share(limit, count) as usize;
        let parts: Vec<Part> = shards
            .iter()
            .enumerate()
            .map(|(shard, events)| {
                let heads = events.iter().enumerate();
                let heads = heads.map(|(at, millis)| head(shard, at, *millis));
                let read = after.of(u16::try_from(shard).expect("at most 64")).seq;
                let mut heads: Vec<Head> = heads.filter(|head| head.seq > read).collect();
                let more = heads.len() > most;
                heads.truncate(most);
                Part {
                    heads,
                    more,
                    looked: None,
                }
            })
            .collect();
        let loaded = parts.iter().map(|part| part.heads.len()).sum();
        let merged = merge(&after, &parts, limit);
        let events = merged.order.iter();
        let events = events.map(|(shard, at)| (*shard, parts[*shard].heads[*at]));
        (
            events.collect(),
            merged.next.render(&site),
            merged.more,
            loaded,
        )
    }

    fn some_shards(most: i64) -> impl Strategy<Value = Shards> {
        prop::collection::vec(prop::collection::vec(0..most, 0..30), 2..20)
    }

    proptest! {
        #[test]
        fn every_event_is_read_once_and_those_of_a_shard_in_order_whatever_is_written_meanwhile(
            mut shards in some_shards(1000), mut late in prop::collection::vec((any::<prop::sample::Index>(), 0_i64..1000), 0..40), limit in 1_u32..40,
        ) {
            let (mut cursor, mut seen) = (String::new(), vec![Vec::new(); shards.len()]);
            loop {
                let (events, next, more, _) = page(&shards, &cursor, limit);
                prop_assert!(events.len() <= limit as usize);
                prop_assert!(!more || !events.is_empty(), "a page with more to come has something");
                for (shard, head) in events {
                    seen[shard].push(head.seq);
                }
                cursor = next;
                let Some((shard, millis)) = late.pop() else {
                    if !more {
                        break;
                    }
                    continue;
                };
                // Also with an earlier moment than what was read: clocks do that.
                let shard = shard.index(shards.len());
                shards[shard].push(millis);
            }
            for (shard, events) in shards.iter().enumerate() {
                let all: Vec<u64> = (1..=events.len() as u64).map(|nth| nth * 3).collect();
                prop_assert_eq!(&seen[shard], &all);
            }
        }

        #[test]
        fn what_lies_still_is_read_in_the_order_of_time(mut shards in some_shards(100), limit in 1_u32..40) {
            for events in &mut shards {
                events.sort_unstable();
            }
            let (mut cursor, mut read) = (String::new(), Vec::new());
            loop {
                let (events, next, more, _) = page(&shards, &cursor, limit);
                read.extend(events.into_iter().map(|(_, head)| (head.at, head.id)));
                if !more {
                    break;
                }
                cursor = next;
            }
            prop_assert!(read.is_sorted());
        }

        #[test]
        fn a_page_is_made_of_little_more_than_a_page(limit in 1_u32..=1000, shards in 1_u16..=64) {
            let loaded = share(limit, shards) * u32::from(shards);
            prop_assert!(share(limit, shards) <= limit);
            prop_assert!(loaded <= limit * 2 + 7 * u32::from(shards), "{}", loaded);
        }
    }

    #[test]
    fn a_shard_that_finds_nothing_wanted_is_not_searched_twice() {
        let part = |heads: &[i64], more, looked| {
            let heads = heads.iter().map(|seq| Head {
                seq: seq.unsigned_abs(),
                ..head(0, 0, *seq)
            });
            Part {
                heads: heads.collect(),
                more,
                looked,
            }
        };
        let merged = |parts: &[Part], limit| {
            let merged = merge(&SiteCursor::beginning(2), parts, limit);
            let next = [0, 1].map(|shard| merged.next.of(shard).seq);
            (merged.order.len(), next, merged.more)
        };
        // One has looked far without a find and has more: the cursor has moved, and the other waits for it.
        let parts = [part(&[], true, Some(500)), part(&[3], false, Some(9))];
        assert_eq!(merged(&parts, 10), (0, [500, 0], true));
        // Both are at their ends: what was not wanted is behind the reader.
        let parts = [part(&[], false, Some(700)), part(&[3], false, Some(9))];
        assert_eq!(merged(&parts, 10), (1, [700, 9], false));
        // A page that is full does not run ahead of what is left in it.
        let parts = [part(&[], false, None), part(&[3, 5], false, Some(9))];
        assert_eq!(merged(&parts, 1), (1, [0, 3], true));
    }

    #[test]
    fn people_who_are_spread_by_chance_fill_most_of_a_page() {
        // As a hash would, by a fixed recipe: 10,000 people in 16 shards, one each millisecond, two events each.
        let mut shards = vec![Vec::new(); 16];
        let mut bits = 1_u64;
        for millis in 0..10_000 {
            bits = bits
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            shards[usize::try_from(bits >> 60).expect("below 16")].extend([millis; 2]);
        }
        for (limit, least) in [(100, 80), (1000, 900)] {
            let (mut cursor, mut pages) = (String::new(), 0);
            loop {
                let (_, next, more, loaded) = page(&shards, &cursor, limit);
                assert!(loaded <= 2 * limit as usize + 7 * 16);
                (cursor, pages) = (next, pages + 1);
                if !more {
                    break;
                }
            }
            assert!(20_000 / pages >= least, "{pages} pages of {limit}");
        }
    }
}
