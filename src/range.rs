//! The simulated world: a company that does not exist, servers that answer as its providers do, and
//! the faults that real ones show. `cordon drill` and the tests run against it.
//!
//! A simulated provider is an [`axum::Router`] that holds its own state, seeded from
//! [`company::Company`]. [`server::serve`] puts it on this machine behind [`fault::Faults`] and
//! writes every call into a [`server::CallLog`] that all servers of a drill share.

pub mod company;
pub mod fault;
pub mod github;
pub mod okta;
pub mod server;
