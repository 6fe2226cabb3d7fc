//! Rehearsals: a line that asks like any other, and notes what would be written instead of writing it.

use std::cell::RefCell;

use sayso_shared::connector::WouldWrite;

use super::{Answer, Line, Request, Told};

/// The line of a dry run.
pub(crate) struct Rehearsal<L> {
    line: L,
    writes: RefCell<Vec<WouldWrite>>,
}

impl<L: Line> Rehearsal<L> {
    pub(crate) fn over(line: L) -> Self {
        Self {
            line,
            writes: RefCell::default(),
        }
    }

    /// What would have been written, in order. No headers: they hold what lets in.
    pub(crate) fn writes(self) -> Vec<WouldWrite> {
        self.writes.into_inner()
    }
}

impl<L: Line> Line for Rehearsal<L> {
    async fn read(&self, request: Request) -> Told<Answer> {
        self.line.read(request).await
    }

    async fn write(&self, request: Request) -> Told<Answer> {
        self.writes.borrow_mut().push(WouldWrite {
            method: request.method.to_owned(),
            url: request.url,
            body: request.shown.or(request.body),
        });
        Ok(request.supposed)
    }
}
