//! Archives as the ends of a transfer, beside skopeo's and Docker's.

#![allow(clippy::unwrap_used)]

mod daemon;
mod identify;
mod import;
mod load;
mod loading;
mod passing;
mod refused;
mod save;
mod scene;
mod written;
