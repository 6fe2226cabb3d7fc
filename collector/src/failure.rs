//! Failures: why a request is not answered as hoped, and whose fault that is.

use sayso_shared::problem::Problem;
use worker::{Error, Response, console_error};

use crate::answer;

/// Why a handler stops.
pub(crate) enum Failure {
    /// The caller can mend it, or the operator can
    Problem(Box<Problem>),
    /// An object has already said what is wrong
    Answered(Box<Response>),
    /// The platform or we ourselves are at fault
    Fault(Error),
}

/// What handlers give.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// The answer that the caller gets. A fault is logged, without what the request held.
    pub(crate) fn into_response(self) -> worker::Result<Response> {
        match self {
            Self::Problem(problem) => answer::problem(&problem),
            Self::Answered(response) => Ok(*response),
            Self::Fault(error) => {
                console_error!("fault: {error}");
                answer::problem(&Problem::internal())
            }
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        // Only where: the message of serde_json can quote what it could not read.
        let (line, column) = (error.line(), error.column());
        Self::Fault(Error::RustError(format!(
            "JSON of ours does not read, at {line}:{column}"
        )))
    }
}

/// Something stored is not what we stored.
pub(crate) fn damaged(what: &str) -> Failure {
    Failure::Fault(Error::RustError(format!(
        "{what} in storage cannot be read"
    )))
}
