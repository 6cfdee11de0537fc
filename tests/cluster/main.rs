//! The command on a real Kubernetes: what a user of `portolan` meets, through nothing but its arguments, its output, its
//! exit code and its local ports.
//!
//! `PORTOLAN_TEST_KUBECONFIG` names the cluster, which has the workloads of `manifests`; `PORTOLAN_TEST_WIRES` the wires that
//! it has, with commas; `PORTOLAN_TEST_VIEWER_KUBECONFIG` a user who may only forward there, and `…_CREATOR_…` and
//! `…_GETTER_…` users who may do so by one verb each. The command has to be built before: `cargo build -p portolan-cli`, or
//! `PORTOLAN_TEST_CLI`. A test that deletes pods makes them first, so that all of them can run side by side.

mod bad_input;
mod carry;
mod compare;
mod direct;
mod explain;
mod get;
mod hold;
mod json;
mod leave;
mod paths;
mod profiles;
mod promise;
mod replace;
mod rights;
mod scenarios;
mod shared;
mod wire;
