//! A gathering: requests of an object that arrive together wait a moment for each other, so that what they write is made durable
//! by one flush instead of one each. A flush is what bounds a ledger: everything else is quicker.
//!
//! It decides nothing and changes no order within a request: each goes on by itself, with its own transaction, after the wait. They
//! go on in one turn of the event loop, and what is written in one turn is flushed at once.

use std::{cell::RefCell, future::Future, pin::Pin, time::Duration};

use futures_util::{FutureExt as _, future::Shared};
use worker::Delay;

/// A turn of the event loop: who is there already is taken along, nobody waits for somebody who may come.
const MOMENT: Duration = Duration::ZERO;

type Moment = Shared<Pin<Box<dyn Future<Output = ()>>>>;

/// Where requests wait for each other.
#[derive(Default)]
pub(crate) struct Gathering(RefCell<Option<Moment>>);

impl Gathering {
    /// Waits for the others that are coming in right now.
    pub(crate) async fn join(&self) {
        let joined = {
            let mut current = self.0.borrow_mut();
            // One that is over takes nobody along any more.
            match &*current {
                Some(moment) if moment.peek().is_none() => moment.clone(),
                _ => {
                    let delay: Pin<Box<dyn Future<Output = ()>>> = Box::pin(Delay::from(MOMENT));
                    current.insert(delay.shared()).clone()
                }
            }
        };
        joined.await;
    }
}
