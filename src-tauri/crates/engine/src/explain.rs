//! What a Service is and why it does or does not work: its anatomy, its access paths and the doctor's findings.
//!
//! - [`view`] is what is told.
//! - `facts` is what is read, once, and what could not be.

#[cfg_attr(not(test), expect(dead_code, reason = "the anatomy and the doctor read it"))]
#[cfg_attr(test, allow(dead_code, reason = "as above"))]
mod facts;
pub mod view;
