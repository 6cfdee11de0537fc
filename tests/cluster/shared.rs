//! What holds on the demo cluster, too: see `tests/support/scenario.rs`.

use portolan_tests::{scenarios, site::Site};

scenarios!(Site::real; #[ignore = "needs a Kubernetes: see README, Tests"]);
