//! The providers: one row each. Adding one is a file, its `mod` line and its row.

pub mod github;
pub mod okta;

use crate::provider::Spec;

/// The description of every provider that this build has.
pub const SPECS: &[&Spec] = &[&github::SPEC, &okta::SPEC];
