//! The systems that grant access, each behind [`crate::provider::Provider`].

pub mod okta;
