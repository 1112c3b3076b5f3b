//! Stub, filled in the next slice.
