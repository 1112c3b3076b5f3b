//! The one integration-test binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod engine;
mod engine_close;
mod engine_find;
mod engine_fold;
mod engine_gate;
mod engine_resume;
mod engine_snapshot;
mod store;
mod store_power;
mod store_writer;
