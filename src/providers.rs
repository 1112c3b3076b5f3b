//! Systems that grant access: one file each, whose head is its own spec.

pub mod github;

use crate::provider::Spec;

/// The fixed description of every provider, for help, documentation and checks of playbooks.
pub static SPECS: &[&Spec] = &[&github::SPEC];
