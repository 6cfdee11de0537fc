//! Portolan without a face: what the window and the command share. It knows nothing of either.
//!
//! The map, from what the user asks for to the bytes:
//! - [`forward`] is what the user asks for, [`parse`] reads it as kubectl would, [`context`] and [`kubeconfig`] say of
//!   which cluster.
//! - [`credentials`] are what exec plugins make: one run for all who need the same.
//! - [`engine::Engine`] is the handle that everything delegates to; `clusters` has its clients, one a context.
//! - [`sessions`] is the supervisor, [`session`] the task of one forward, [`phase`] the states of one and the pure function
//!   that moves it.
//! - `resolve` follows a target to its endpoints, over `watched`, a set of objects that keeps itself up to date.
//! - [`catalog`] keeps the list that the window looks at, as [`row`]s; `role` is what to ask for where it may not.
//! - [`profiles`] are saved forwards, kept by [`storage`], which writes a file whole or not at all.
//! - [`favourites`] are the profiles in the window: shown, changed, started, and what was open offered again.
//! - [`kubectl`] reads what kubectl is asked for, finds it running and takes its tunnels over; [`copies`] is a session in
//!   others' words: a line of kubectl, of curl, an environment variable.
//! - `downloads` leaves files that the user asked for.
//! - [`settings`] are what the user has chosen, kept likewise; `marks` are what is said of contexts.
//! - [`environment`] is what plugins, kubeconfig and proxies go by: the login shell's, where the desktop's is not enough.
//! - [`notices`] decides what the desktop is told of sessions.
//! - `vigil` notices that the machine has slept, that its network has changed, that a kubeconfig or the settings were edited.
//! - [`probe`] asks one port once, over a connection of its own.
//! - [`compare`] puts a Service beside a pod; [`explain`] says what a Service is and what is wrong with it.
//! - [`feed`] is the state that the window reads. One writer a part; readers ask for what is newer than they have.
//! - [`error`] has the codes to branch on and the words to show.
//!
//! Bytes are `portolan-wire`'s; nothing here knows how they travel.

mod api_error;
mod blocking;
pub mod catalog;
pub mod cluster;
mod clusters;
pub mod compare;
pub mod context;
pub mod copies;
pub mod credentials;
mod downloads;
pub mod engine;
pub mod environment;
pub mod error;
pub mod explain;
#[cfg(test)]
mod fake_api;
pub mod favourites;
pub mod feed;
pub mod forward;
pub mod kubeconfig;
pub mod kubectl;
pub mod local_port;
mod marks;
mod node;
pub mod notices;
pub mod open_files;
pub mod parse;
pub mod phase;
mod pod;
pub mod probe;
pub mod profiles;
mod resolve;
mod role;
pub mod row;
mod service;
pub mod session;
pub mod sessions;
pub mod settings;
mod shell;
pub mod storage;
mod vigil;
mod watched;
mod workload;

pub use portolan_wire::upgrade::Wire;
