//! The tests of the whole house.
fn main() {}
