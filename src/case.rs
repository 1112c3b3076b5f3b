//! The case: one departure under review, and the one append-only log that tells everything.
//!
//! State is a fold over [`event::Event`]s. [`log::CaseLog`] makes them durable, chains them and
//! refuses transitions that the fold calls illegal.

pub mod alias;
pub mod event;
pub mod log;
pub mod state;
pub mod subject;
pub mod title;
