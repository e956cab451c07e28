//! `explain`: a reference taken apart.
use crate::args;
use crate::context::Context;
use crate::failure::Failure;
pub fn run(_: &args::Gc, _: &Context) -> Result<(), Failure> {
    Ok(())
}
