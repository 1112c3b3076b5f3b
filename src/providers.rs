//! The providers: one row each. Adding one is a file, its `mod` line and its row.

pub mod github;
pub mod okta;

use crate::fault::{Fault, Result};
use crate::provider::Spec;

/// The description of every provider that this build has.
pub const SPECS: &[&Spec] = &[&github::SPEC, &okta::SPEC];

/// The description of the provider of that name.
///
/// # Errors
/// `no-provider`: this build has none of that name.
pub fn named(name: &str) -> Result<&'static Spec> {
    let mut specs = SPECS.iter().copied();
    specs.find(|spec| spec.name == name).ok_or_else(|| {
        let names: Vec<&str> = SPECS.iter().map(|spec| spec.name).collect();
        Fault::input("no-provider", "There is no such provider.")
            .at(name.escape_debug())
            .hint(format!("providers: {}", names.join(", ")))
    })
}
