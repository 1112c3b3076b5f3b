//! Contact with whoever makes demands: what a message is, says, asks for and until when.
//!
//! Everything here is a pure function over bytes or text. Nothing fetches a link, unpacks an
//! archive, renders HTML, answers a message or decides anything: a demand, a deadline and a link
//! between two messages are findings that a person reads, each with the words that they rest on.

pub mod assemble;
pub mod deadline;
pub mod demand;
pub mod eml;
pub mod indicator;
mod pattern;
mod sentence;
pub mod show;
pub mod thread;

pub use assemble::{Told, from_mail, from_person};
pub use demand::demand;
