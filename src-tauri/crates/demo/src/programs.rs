//! What runs in the pods, by the image's name.
//!
//! The map:
//! - `podserver` is what the tests on a real cluster run: a port for each way to behave.
//! - `pages` are the programs that speak HTTP: the shop's front and its API, and those that ail; `front` is the page.
//! - `redis` and `postgres` answer as those do, as far as their own clients need it to connect and look around.
//! - `simple` are the others.
//!
//! A program is one for all pods of its image. What a pod remembers is in its container ([`Inside::state`]), and is made
//! when somebody first asks: a pod that nobody talks to takes nothing.

mod front;
mod pages;
mod podserver;
mod postgres;
mod redis;
mod simple;

use std::sync::Arc;

use crate::network::{Inside, Program};

/// The program of an image: `portolan-demo/web:2`, `docker.io/library/podserver:1`. `None` if there is none: such a pod
/// fails with `ErrImageNeverPull`.
pub fn of_image(image: &str) -> Option<Arc<dyn Program>> {
    let (repository, _) = parts(image);
    let repository = repository.strip_prefix("docker.io/").unwrap_or(repository);
    let repository = repository.strip_prefix("library/").unwrap_or(repository);
    Some(match repository {
        "podserver" => Arc::new(podserver::Podserver),
        "portolan-demo/web" => Arc::new(pages::Pages::Web),
        "portolan-demo/api" => Arc::new(pages::Pages::Api),
        "portolan-demo/metrics" => Arc::new(pages::Pages::Metrics),
        "portolan-demo/never-ready" => Arc::new(pages::Pages::NeverReady),
        "portolan-demo/flaky" => Arc::new(pages::Pages::Flaky),
        "portolan-demo/redis" => Arc::new(redis::Redis),
        "portolan-demo/postgres" => Arc::new(postgres::Postgres),
        "portolan-demo/job" => Arc::new(simple::Simple::Job),
        "portolan-demo/echo" => Arc::new(simple::Simple::Echo),
        "portolan-demo/idle" => Arc::new(simple::Simple::Idle),
        _ => return None,
    })
}

/// An image's repository, and its tag.
fn parts(image: &str) -> (&str, &str) {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    match image.rsplit_once(':') {
        // A colon before a slash is a registry's port.
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (image, "latest"),
    }
}

impl Inside {
    /// The tag of the image.
    fn version(&self) -> &str {
        parts(&self.image).1
    }
}

#[cfg(test)]
mod tests;
