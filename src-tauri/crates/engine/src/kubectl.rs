//! What others' `kubectl port-forward` was asked for, and how its tunnels come here.
//!
//! - `asked` reads its arguments, wherever they come from: a pasted line, a shell's history, a process that runs.
//! - `running` finds this user's processes and ends one.
//! - `meant` says which forward a process stands for, on the contexts of this machine.
//! - [`takeover`] is what the window is told of that, and what may go wrong.
//!
//! A process is ended only at the user's word, and only if it still is the one that the user was shown.

mod asked;
mod meant;
mod running;
pub mod takeover;

pub(crate) use asked::Asked;
pub(crate) use meant::Contexts;
pub(crate) use running::{Running, end, find, running};
