//! Evidence: bytes as received, who had them how, and proofs that a stranger can check.

pub mod approval;
pub mod archive;
pub mod checkpoint;
pub mod export;
pub mod git;
pub mod recorder;
mod redact;
pub mod timeline;
pub mod trail;
pub mod verify;

pub use recorder::Recorder;
pub use redact::address;
