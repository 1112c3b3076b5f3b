//! Evidence: signatures, trails from files, repositories.

mod case;
mod exports;
mod git;
mod recording;
mod signatures;
mod times;
mod trails;
