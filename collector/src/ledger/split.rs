//! A split site, for tests: so many books, asked by the code that asks them in the Worker.

use std::{
    cell::Cell,
    pin::pin,
    task::{Context, Poll, Waker},
};

use sayso_shared::{
    answer::EventPage,
    api_key::{ApiKey, KeptKey, Scope},
    email::EmailAddress,
    event::{Event, EventSubject},
    id::uuid_v7,
    key::{ApiKeyName, SiteKey},
    mailing::Handover,
    shard::{SealedSharding, Sharding},
    snapshot::Snapshot,
    time::Timestamp,
    token::Token,
    vault::Vault,
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{
    Ask,
    book::Book,
    fixture::{ORIGIN, at, choices, good, snapshot, submission},
    paging::{Page, Wish},
    pull::Sought,
    shards::{Answer, Ledgers, Whose, ask_of},
};
use crate::{
    failure::{Failure, Outcome},
    native_store::NativeStore,
    settings::Settings,
};

/// All ledgers of a site.
pub(super) struct Split {
    site: SiteKey,
    pub(super) sharding: Sharding,
    pub(super) books: Vec<Book<NativeStore>>,
    /// How often any of them was asked
    pub(super) asked: Cell<u32>,
}

/// What one of them answers.
pub(super) struct Told {
    pub(super) status: u16,
    body: Vec<u8>,
}

pub(super) fn address(person: u32) -> EmailAddress {
    EmailAddress::parse(&format!("person-{person}@example.com")).expect("an address")
}

pub(super) fn key() -> ApiKey {
    ApiKey::mint(snapshot().site, [3; 32])
}

fn split(sharding: &Sharding, settings: &Settings, revision: u64) -> Snapshot {
    let mut snapshot = snapshot();
    let vault = settings.vault();
    snapshot.sharding = SealedSharding::of(sharding, &snapshot.site, &vault, [7; 12]);
    snapshot.definition.shards = sharding.shards();
    snapshot.revision = revision;
    snapshot.keys = vec![KeptKey {
        name: ApiKeyName::parse("crm").expect("a name"),
        scopes: vec![Scope::EventsRead, Scope::SubjectsRead],
        digest: key().digest(),
        created_at: None,
    }];
    snapshot
}

/// Waits for what never has to wait: nothing here does.
pub(super) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

impl Split {
    pub(super) fn over(shards: u16) -> Self {
        Self::by(&Sharding::new(shards, [5; 32]))
    }

    pub(super) fn by(sharding: &Sharding) -> Self {
        let stores = (0..sharding.shards()).map(|_| NativeStore::in_memory());
        Self::upon(stores, sharding, Settings::for_tests)
    }

    /// Opens them, and tells them of the site as it is sealed now.
    pub(super) fn upon(
        stores: impl Iterator<Item = NativeStore>,
        sharding: &Sharding,
        settings: impl Fn() -> Settings,
    ) -> Self {
        let books = (0..).zip(stores).map(|(shard, store)| {
            let book = Book::open(store, Ok(settings()));
            let known = book.snapshot().map_or(0, |known| known.revision);
            let snapshot = split(sharding, &settings(), known + 1);
            good(book.learn(Snapshot { shard, ..snapshot }, at(0)));
            book
        });
        Self::of(books.collect(), sharding)
    }

    pub(super) fn of(books: Vec<Book<NativeStore>>, sharding: &Sharding) -> Self {
        Self {
            site: snapshot().site,
            sharding: sharding.clone(),
            books,
            asked: Cell::new(0),
        }
    }

    pub(super) fn stores(self) -> impl Iterator<Item = NativeStore> {
        self.books.into_iter().map(|book| book.store)
    }

    pub(super) fn whose(&self, whose: Whose<'_>) -> &Book<NativeStore> {
        &self.books[usize::from(whose.shard(&self.sharding))]
    }

    /// Says yes to both purposes, and gives the tokens of the mail: to confirm, where there is something to, and the personal one.
    pub(super) fn says_yes(&self, person: u32, now: Timestamp, random: [u8; 10]) -> [String; 2] {
        let email = address(person);
        let id = uuid_v7(now, random);
        let record = Ask::Record {
            document: submission(id, email.exposed(), &choices(true, true), now),
            origin: Some(ORIGIN.to_owned()),
            client: None,
            hosted: false,
            waited: 0,
        };
        let told = good(finish(ask_of(self, Whose::Address(&email), &record)));
        assert_eq!(told.status, 201);
        let book = self.whose(Whose::Address(&email));
        let mail = good(book.waiting_mails()).pop().expect("a mail");
        let letter = good(book.mail(&mail.id)).expect("a mail").letter;
        good(book.note_handover(&mail.id, &Handover::Taken, now));
        [0, 1].map(|nth| {
            let link = letter.links.get(nth).or(letter.links.last());
            let (_, token) = link.and_then(|link| link.rsplit_once('/')).expect("a link");
            token.to_owned()
        })
    }

    /// The ledger that a link leads to, by what stands in it.
    pub(super) fn linked(&self, token: &str) -> &Book<NativeStore> {
        &self.books[usize::from(Token::parse(token).expect("a token").shard())]
    }

    pub(super) fn look_up(&self, person: u32) -> Option<Uuid> {
        let email = address(person);
        let ask = Ask::LookUp {
            key: Some(key().exposed()),
            email: email.exposed().to_owned(),
        };
        let told = good(finish(ask_of(self, Whose::Address(&email), &ask)));
        (told.status == 200).then(|| told.read::<EventSubject>().id)
    }

    /// A page as the CRM gets it.
    pub(super) fn page(&self, after: &str, limit: u32) -> EventPage {
        let wish = Wish {
            key: Some(key().exposed()),
            after: after.to_owned(),
            limit,
            sought: Sought::default(),
        };
        match good(finish(wish.pull(self))) {
            Page::Answered(told) => told.read(),
            Page::Joined(body) => Told { status: 200, body }.read(),
        }
    }

    /// What one ledger tells, as its object does.
    fn tell(&self, shard: u16, question: &Ask) -> Outcome<Told> {
        let nobodys;
        let book = if let Some(book) = self.books.get(usize::from(shard)) {
            book
        } else {
            nobodys = Book::open(NativeStore::in_memory(), Ok(Settings::for_tests()));
            &nobodys
        };
        Ok(match question {
            Ask::Record { document, .. } => {
                let now = Timestamp::parse(document["decided_at"].as_str().unwrap_or_default());
                let (status, body) = book.record(document, Some(ORIGIN), now.expect("a moment"))?;
                Told::of(status, &body)
            }
            Ask::LookUp { key, email } => {
                let email = EmailAddress::parse(email).expect("an address");
                Told::of(200, &book.look_up(key.as_deref(), &email)?)
            }
            Ask::Events {
                key,
                after,
                limit,
                types,
                purposes,
            } => {
                let sought = Sought {
                    types: types.clone(),
                    purposes: purposes.clone(),
                };
                let page = book.event_page(key.as_deref(), after, *limit, &sought)?;
                Told::of(200, &page)
            }
            Ask::EventPart {
                key,
                after,
                most,
                types,
                purposes,
                shards,
            } => {
                let sought = Sought {
                    types: types.clone(),
                    purposes: purposes.clone(),
                };
                let part = book.event_part(key.as_deref(), after, *most, &sought, *shards)?;
                Told::of(200, &part)
            }
            Ask::Sharding => Told::of(200, &book.sharding()),
            _ => panic!("not asked in these tests"),
        })
    }
}

impl Told {
    fn of(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("JSON");
        Self { status, body }
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200);
        serde_json::from_slice(&self.body).expect("what was written reads back")
    }
}

impl Answer for Told {
    fn status(&self) -> u16 {
        self.status
    }

    async fn bytes(self) -> Outcome<Vec<u8>> {
        Ok(self.body)
    }
}

impl Ledgers for Split {
    type Answer = Told;

    fn site(&self) -> &SiteKey {
        &self.site
    }

    fn vault(&self) -> Vault {
        let keys = good(self.books[0].keys());
        keys.settings.vault()
    }

    async fn ask(&self, shard: u16, question: &Ask) -> Outcome<Told> {
        self.asked.set(self.asked.get() + 1);
        match self.tell(shard, question) {
            Err(Failure::Problem(problem)) => Ok(Told::of(problem.status, &problem)),
            told => told,
        }
    }
}

impl Book<NativeStore> {
    /// Everything that this ledger has.
    pub(super) fn part_of_all(&self, shards: u16) -> Outcome<Vec<Event>> {
        Ok(self
            .event_part(None, "", 10_000, &Sought::default(), shards)?
            .events)
    }
}
