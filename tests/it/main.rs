//! The one integration-test binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod contact;
mod contact_chats;
mod contact_deadline;
mod contact_demand;
mod contact_indicator;
