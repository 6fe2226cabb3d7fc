//! The stage: where a change is told to a CRM, for real or in rehearsal. A rehearsal asks like a performance, and notes what would be
//! written instead of writing it.
//!
//! Both are one type, so that each CRM's code is in the Worker once.

use std::cell::RefCell;

use sayso_shared::connector::WouldWrite;

use super::{Answer, Line, Request, SigningKey, Told};

/// A line, and whether it is a rehearsal.
pub(crate) struct Stage<L> {
    line: L,
    writes: Option<RefCell<Vec<WouldWrite>>>,
}

impl<L: Line> Stage<L> {
    pub(crate) fn performance(line: L) -> Self {
        Self { line, writes: None }
    }

    pub(crate) fn rehearsal(line: L) -> Self {
        let writes = Some(RefCell::default());
        Self { line, writes }
    }

    /// What a rehearsal would have written, in order. No headers: they hold what lets in.
    pub(crate) fn writes(self) -> Vec<WouldWrite> {
        self.writes.map(RefCell::into_inner).unwrap_or_default()
    }
}

impl<L: Line> Line for Stage<L> {
    async fn read(&self, request: Request) -> Told<Answer> {
        self.line.read(request).await
    }

    async fn write(&self, request: Request) -> Told<Answer> {
        let Some(writes) = &self.writes else {
            return self.line.write(request).await;
        };
        writes.borrow_mut().push(WouldWrite {
            method: request.method.to_owned(),
            url: request.url,
            body: request.shown.or(request.body),
        });
        Ok(request.supposed)
    }

    async fn sign(&self, key: &SigningKey, message: &[u8]) -> Option<Vec<u8>> {
        self.line.sign(key, message).await
    }
}
