//! Evidence: signatures, trails from files, repositories.

mod git;
mod signatures;
mod trails;
