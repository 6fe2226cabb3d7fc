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

pub mod id;

pub mod email;

pub mod purpose;

pub mod published;

pub mod submission;

#[cfg(feature = "record")]
pub mod manner;

#[cfg(feature = "record")]
pub mod problem;

#[cfg(feature = "record")]
pub mod fields;

#[cfg(feature = "record")]
pub mod strict;

#[cfg(feature = "record")]
pub mod canonical;

#[cfg(feature = "record")]
pub mod consent;

#[cfg(feature = "record")]
pub mod catalogue;

#[cfg(feature = "record")]
pub mod processing;

#[cfg(feature = "record")]
pub mod theme;

#[cfg(feature = "record")]
pub mod definition;

#[cfg(feature = "record")]
pub mod amendment;

#[cfg(feature = "record")]
pub mod notice;

#[cfg(feature = "record")]
pub mod submitted;

#[cfg(feature = "record")]
pub mod recording;

#[cfg(feature = "record")]
pub mod retention;

#[cfg(feature = "record")]
pub mod vault;

#[cfg(feature = "record")]
pub mod shard;

#[cfg(feature = "record")]
pub mod jws;

#[cfg(feature = "record")]
pub mod receipt;

#[cfg(feature = "record")]
pub mod decision;

#[cfg(feature = "record")]
pub mod dpv;

#[cfg(feature = "record")]
pub mod kantara;

#[cfg(feature = "record")]
pub mod export;

#[cfg(feature = "record")]
pub mod event;

#[cfg(feature = "record")]
pub mod visitor;

#[cfg(feature = "record")]
pub mod evidence;

#[cfg(feature = "record")]
pub mod network;

#[cfg(feature = "record")]
pub mod webhook;

#[cfg(feature = "record")]
pub mod token;

#[cfg(feature = "record")]
pub mod api_key;

#[cfg(feature = "record")]
pub mod answer;

#[cfg(feature = "record")]
pub mod check;

#[cfg(feature = "record")]
pub mod table;

#[cfg(feature = "record")]
pub mod csv;

#[cfg(feature = "record")]
pub mod xlsx;

#[cfg(feature = "record")]
pub mod zip;

#[cfg(feature = "record")]
pub mod hosted;

#[cfg(feature = "record")]
pub mod accept;

#[cfg(feature = "record")]
pub mod cursor;

#[cfg(feature = "record")]
pub mod delivery;

#[cfg(feature = "record")]
pub mod attempt;

#[cfg(feature = "record")]
pub mod connector;

#[cfg(feature = "record")]
pub mod endpoint;

#[cfg(feature = "record")]
pub mod snapshot;

#[cfg(feature = "record")]
pub mod merge;

#[cfg(feature = "record")]
pub mod mailing;

#[cfg(feature = "record")]
pub mod outgoing;
