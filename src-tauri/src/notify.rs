//! Shows what the engine decides to tell.

use std::sync::Arc;

use notify_rust::Notification;
use portolan_engine::{
    engine::Engine,
    error::{Code, Problem},
    notices::Notice,
};

use crate::desktop;

/// Shows notices until it is dropped.
pub(crate) async fn keep(engine: Arc<Engine>) {
    let own = engine.clone();
    let show = move |notice: Notice| {
        let engine = own.clone();
        // A desktop may take its time to answer.
        tokio::spawn(async move { show(&engine, notice.title(), notice.body()).await });
    };
    match engine.tell(show).await {}
}

/// Tells what went wrong where no window is looked at.
pub(crate) async fn show_problem(engine: &Engine, what: &str, problem: &Problem) {
    show(engine, format!("{what}: {}", problem.message), problem.next.clone()).await;
}

async fn show(engine: &Engine, title: String, body: String) {
    let shown =
        tokio::task::spawn_blocking(move || notification().summary(&title).body(&markup(&body)).show().map(drop)).await;
    let problem = match shown {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    let problem = problem.map(|why| {
        tracing::warn!(why, "a notification could not be shown");
        Problem {
            code: Code::Desktop,
            message: format!("The desktop shows no notifications: {why}."),
            next: "Check that a notification service runs, or turn them off here.".into(),
        }
    });
    desktop::update(engine, |view| view.notifications = problem);
}

/// One that says whose it is. On Linux a desktop goes by the names that the package gives the app's files.
fn notification() -> Notification {
    let mut notification = Notification::new();
    notification.appname("Portolan").icon("portolan-desktop");
    #[cfg(target_os = "linux")]
    notification.hint(notify_rust::Hint::DesktopEntry("Portolan".into()));
    notification
}

/// On Linux a body is a little HTML, as the specification has it; elsewhere it is text.
fn markup(text: &str) -> String {
    if cfg!(target_os = "linux") {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    } else {
        text.to_owned()
    }
}
