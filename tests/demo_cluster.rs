//! A demo cluster with the tests' workloads, for the tests of the command: `tests/cluster` is then run on it as on a real
//! one. Writes `admin`, `viewer`, `creator`, `getter` and `least.kubeconfig` into a folder, says so, and runs until its input ends.
//!
//! Usage: demo-cluster FOLDER < /dev/tty

use std::{collections::HashSet, env, fs, path::PathBuf};

use portolan_demo::Demo;
use portolan_tests::{Result, cluster::Cluster, site::workloads};
use tokio::io::{AsyncReadExt, stdin};

#[tokio::main]
async fn main() -> Result {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: demo-cluster FOLDER")?);
    let demo = Demo::start(workloads()?).await?;
    fs::create_dir_all(&folder)?;
    fs::copy(demo.kubeconfig(), folder.join("admin.kubeconfig"))?;
    for user in ["viewer", "creator", "getter", "least"] {
        fs::write(folder.join(format!("{user}.kubeconfig")), demo.server().kubeconfig_of(user))?;
    }
    let cluster = Cluster::of(demo.kubeconfig()).await?;
    for app in ["app=web", "app=db", "app=agent", "app=legacy", "app=rsweb", "job-name=task", "app=solo"] {
        cluster.until_ready(app, 1, &HashSet::new()).await?;
    }
    println!("ready");
    stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
