//! The simulated world: a company that does not exist, servers that answer as its providers do, and
//! the faults that real ones show. `cordon drill` and the tests run against it.

pub mod company;
pub mod okta;
