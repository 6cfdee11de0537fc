//! `portolan explain`: what a Service is, and every way to it.

pub(crate) mod ways;
