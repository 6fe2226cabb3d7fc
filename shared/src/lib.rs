//! What Sayso decides.
//!
//! This room owns the domain: purposes, notices, submissions, consents, receipts, signatures, cursors and the delivery
//! schedule. It refuses I/O, clocks, chance, JavaScript and async: time and random bytes are arguments. Everything here
//! compiles natively and to wasm, and is tested natively.
//!
//! Modules are in reading order: a file uses only what is listed above it. What follows `record` is carried by
//! the collector alone, behind the feature of that name, so that the widget stays small.

pub mod key;

pub mod language;

pub mod time;

pub mod email;

pub mod purpose;

pub mod published;

pub mod submission;
