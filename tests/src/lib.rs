//! The harness of Sayso's journeys: starts the real thing, plays the visitor, the marketer and the CRM, and looks.
//!
//! It talks to the collector only as the outside world can: by HTTP, by a browser, by the mails and webhooks it
//! receives, and by killing its process. It knows none of its types, so that a change on the wire is seen here.

#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a harness panics when what it was told to see is not there: that is a failing test"
)]

pub mod deadline;
pub mod leash;
pub mod ports;

mod serving;
pub mod workspace;

pub mod wire;

pub mod stack;

pub mod boxes;
pub mod browser;
pub mod crm;
pub mod embedding;
pub mod fuzz;
pub mod host;
pub mod mailbox;
pub mod pages;
pub mod receiver;
pub mod script;
pub mod smtp;
pub mod tryton;
pub mod viewing;
pub mod visitor;
pub mod weight;
