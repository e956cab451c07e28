//! Archives as the ends of a transfer, beside skopeo's and Docker's.

#![allow(clippy::unwrap_used)]

mod load;
mod refused;
mod save;
mod scene;
