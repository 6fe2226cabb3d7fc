//! Pouring: a body that is written while it is read. Whoever writes is held up while nobody reads: a table of a million rows is never in
//! memory as a whole.

use std::{
    cell::RefCell,
    future::Future,
    io::{self, Write},
    rc::Rc,
    task::Poll,
};

use futures_util::{Stream, stream};
use worker::{Error, Result, console_error};

use crate::failure::{Failure, Outcome};

/// Where a body is written to.
#[derive(Clone, Default)]
pub(crate) struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `write` writes, in pieces: one for each time that it waits. If it fails, the body breaks off, which the reader sees.
pub(crate) fn poured<F>(write: impl FnOnce(Sink) -> F) -> impl Stream<Item = Result<Vec<u8>>>
where
    F: Future<Output = Outcome<()>> + 'static,
{
    let sink = Sink::default();
    let mut writing = Some(Box::pin(write(sink.clone())));
    stream::poll_fn(move |context| {
        if let Some(future) = &mut writing {
            match future.as_mut().poll(context) {
                Poll::Pending if sink.0.borrow().is_empty() => return Poll::Pending,
                Poll::Pending => {}
                Poll::Ready(written) => {
                    writing = None;
                    if let Err(failure) = written {
                        return Poll::Ready(Some(Err(broken(failure))));
                    }
                }
            }
        }
        let piece = sink.0.take();
        Poll::Ready((!piece.is_empty()).then_some(Ok(piece)))
    })
}

fn broken(failure: Failure) -> Error {
    let why = match failure {
        Failure::Problem(problem) => problem.kind,
        Failure::Answered(response) => format!("answered {}", response.status_code()),
        Failure::Fault(error) => error.to_string(),
    };
    console_error!("a body broke off: {why}");
    Error::RustError("the body broke off".to_owned())
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Fault(Error::RustError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, StreamExt as _, pending};

    use super::*;

    #[test]
    fn each_piece_is_what_was_written_until_somebody_waited() {
        let mut body = Box::pin(poured(async |mut sink: Sink| {
            sink.write_all(b"one")?;
            pending!();
            pending!();
            sink.write_all(b"two ")?;
            sink.write_all(b"three")?;
            Ok(())
        }));
        let mut next = || body.next().now_or_never();
        let piece = |bytes: &[u8]| Some(Some(bytes.to_vec()));
        let mut read = || next().map(|item| item.and_then(Result::ok));
        assert_eq!(read(), piece(b"one"));
        assert_eq!(read(), None, "it waits");
        assert_eq!(read(), piece(b"two three"));
        assert_eq!(read(), Some(None));
    }
}
