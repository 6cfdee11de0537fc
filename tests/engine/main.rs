//! The engine on a demo cluster, in this process: quick, and nothing but loopback.

mod compare;
mod explain;
mod faults;
mod kubectl;
#[cfg(unix)]
mod logins;
mod outages;
mod paths;
mod promise;
#[cfg(unix)]
mod takeover;

mod scenario {
    use portolan_tests::{scenarios, site::Site};

    scenarios!(Site::demo;);
}
