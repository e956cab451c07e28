//! Conventions that fail as tests.
