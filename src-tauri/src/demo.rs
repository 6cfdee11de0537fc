//! The demo cluster, which the app runs once somebody wants to try it.

use portolan_demo::{Demo, Options};
use portolan_engine::{
    context::ContextId,
    engine::Engine,
    error::{Code, Problem},
    kubeconfig::Source,
    row::{ListKind, Scope, View},
};
use tauri::async_runtime::Mutex;

/// The cluster and its context, once it was asked for.
#[derive(Debug, Default)]
pub(crate) struct DemoCluster(Mutex<Option<(Demo, ContextId)>>);

impl DemoCluster {
    /// Starts it, unless it runs, and adds its context to the engine's.
    pub(crate) async fn open(&self, engine: &Engine) -> Result<ContextId, Problem> {
        let mut running = self.0.lock().await;
        if let Some((_, context)) = &*running {
            return Ok(context.clone());
        }
        let demo = Demo::start(Options::default()).await.map_err(|error| Problem {
            code: Code::Demo,
            message: format!("The demo cluster cannot start: {error}"),
            next: "Try again, or add a kubeconfig of your own.".into(),
        })?;
        let context = engine.add(Source::File(demo.kubeconfig().to_owned()))?.id;
        engine.mark_demo(&context);
        *running = Some((demo, context.clone()));
        Ok(context)
    }

    /// Starts it and shows what it has: how the app begins with `--demo`.
    pub(crate) async fn show(&self, engine: &Engine) -> Result<(), Problem> {
        let context = self.open(engine).await?;
        let namespace = Scope::One { name: portolan_demo::NAMESPACE.into() };
        engine.look(Some(View { context, namespace, list: ListKind::Services })).await;
        Ok(())
    }

    /// Ends it, and takes its kubeconfig away.
    pub(crate) async fn end(&self) {
        self.0.lock().await.take();
    }
}
