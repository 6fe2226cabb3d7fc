//! A line of native tests: answers in their order, each to the request that is expected, and nothing else.

use std::cell::RefCell;

use super::{Answer, Line, Request, SigningKey, Told};

/// A script of requests and answers.
pub(crate) struct Script {
    expected: RefCell<std::collections::VecDeque<(String, Answer)>>,
    said: RefCell<Vec<Request>>,
}

impl Script {
    /// Each line is `read METHOD path` or `write METHOD path`, without the query.
    pub(crate) fn of(lines: &[(&str, u16, &str)]) -> Self {
        let expected = lines
            .iter()
            .map(|(line, status, body)| ((*line).to_owned(), Answer::new(*status, *body)));
        Self {
            expected: RefCell::new(expected.collect()),
            said: RefCell::default(),
        }
    }

    /// The requests that were made, once all that were expected were.
    pub(crate) fn end(self) -> Vec<Request> {
        let left = self.expected.into_inner();
        assert!(
            left.is_empty(),
            "never asked: {:?}",
            left.front().map(|(line, _)| line)
        );
        self.said.into_inner()
    }

    fn answer(&self, how: &str, request: Request) -> Answer {
        let url = url::Url::parse(&request.url).expect("an address");
        let line = format!("{how} {} {}", request.method, url.path());
        let (expected, answer) = self
            .expected
            .borrow_mut()
            .pop_front()
            .unwrap_or_else(|| panic!("nothing more was expected, and there came {line}"));
        assert_eq!(line, expected);
        self.said.borrow_mut().push(request);
        answer
    }
}

impl Line for Script {
    async fn read(&self, request: Request) -> Told<Answer> {
        Ok(self.answer("read", request))
    }

    async fn write(&self, request: Request) -> Told<Answer> {
        Ok(self.answer("write", request))
    }

    /// Says what was signed, so that a test sees it.
    async fn sign(&self, _key: &SigningKey, message: &[u8]) -> Option<Vec<u8>> {
        Some([b"signed ", message].concat())
    }
}
