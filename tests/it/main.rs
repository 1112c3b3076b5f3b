//! The one integration-test binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod architecture;
mod cli;
mod contact;
mod contact_chats;
mod contact_deadline;
mod contact_demand;
mod contact_indicator;
mod engine;
mod engine_close;
mod engine_gate;
mod engine_resume;
mod engine_snapshot;
mod evidence;
mod faults;
mod faults_score;
mod http;
mod intake;
mod okta;
mod playbook;
mod program;
mod staged;
mod store;
mod store_power;
mod sweep;
