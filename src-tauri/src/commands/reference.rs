//! References.

use std::sync::Arc;

use engine::{Code, Error, Result};

use crate::state::Longshore;
use crate::wire::Explanation;

/// Longer input is no reference, and is not worth taking apart at every key press, bytes.
const LONGEST: usize = 64 * 1024;

/// Takes an input apart. It fails only where the input is absurdly long.
pub async fn explain_reference(_app: &Arc<Longshore>, input: String) -> Result<Explanation> {
    if input.len() > LONGEST {
        return Err(Error::new(
            Code::ReferenceInvalid,
            format!("a reference of {} bytes is none", input.len()),
        ));
    }
    Ok(oci::explain::explain(&input).into())
}
