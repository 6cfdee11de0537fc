//! The comparison: a Service's tunnel, a direct pod's tunnel and the NodePort, side by side on one clock.

pub mod view;
