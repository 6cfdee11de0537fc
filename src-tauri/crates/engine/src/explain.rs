//! What a Service is and why it does or does not work: its anatomy, its access paths and the doctor's findings.

pub mod view;
