//! `portolan demo`: the demo cluster, until the user ends it.

use portolan_demo::{Demo, Options};
use portolan_engine::error::{Code, Problem};
use serde_json::json;

use crate::{
    Ended,
    args::{DemoArgs, Format},
    output,
    stop::stop_asked,
};

pub(crate) async fn run(args: DemoArgs) -> Result<(), Ended> {
    let demo = start(Options { pods: args.pods, ..Options::default() }).await?;
    let _misbehaving = demo.misbehave(&args.fault);
    match args.output {
        Format::Json => output::line(&ready(&demo)),
        Format::Text => output::line(&introduction(&demo)),
    }
    stop_asked().await;
    Ok(())
}

/// Starts a demo cluster, which ends when it is dropped.
pub(crate) async fn start(options: Options) -> Result<Demo, Ended> {
    Demo::start(options).await.map_err(|error| {
        Ended::Failed(Problem {
            code: Code::Demo,
            message: format!("The demo cluster cannot start: {error}"),
            next: "Without it, name a cluster of yours: --kubeconfig, or KUBECONFIG.".into(),
        })
    })
}

fn ready(demo: &Demo) -> String {
    let kubeconfig = demo.kubeconfig().display().to_string();
    json!({"event": "ready", "kubeconfig": kubeconfig, "server": demo.server().url()}).to_string()
}

/// What there is to try. The command is called as it was called here.
fn introduction(demo: &Demo) -> String {
    let portolan = std::env::args().next().unwrap_or_else(|| "portolan".into());
    format!(
        "\
The demo cluster runs until you press Ctrl-C. Its kubeconfig:
  {kubeconfig}

To try, in another terminal:
  export KUBECONFIG={kubeconfig}
  {portolan} get services
  {portolan} forward svc/web 8080:80      a page that names its pod: http://localhost:8080
  kubectl delete pod -l app=web           the page answers on, from other pods
  kubectl rollout restart deploy/web      so it does here",
        kubeconfig = demo.kubeconfig().display(),
    )
}
