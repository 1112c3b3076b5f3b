//! The `cordon` program.

fn main() {}
