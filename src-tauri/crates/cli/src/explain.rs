//! `portolan explain`: what a Service is, the ways to it, and what is wrong with it.
//!
//! - `anatomy` puts its objects beside each other, `findings` are what the doctor says; `ways` is the table of the
//!   access paths; `page` is how wide and in what colours.

mod anatomy;
mod findings;
mod page;
mod ways;

use portolan_engine::{
    engine::Engine,
    error::{Code, Problem},
    explain::view::{Explanation, Finding, FindingCode, Unread},
    forward::Target,
    parse,
};
use serde_json::json;

use crate::{
    Ended,
    args::{ExplainArgs, Format},
    output,
};
use page::Page;

pub(crate) async fn run(args: ExplainArgs) -> Result<(), Ended> {
    let service = service(&args.service)?;
    let opened = args.cluster.open().await?;
    let context = args.cluster.context(&opened)?;
    let namespace = args.cluster.namespace(&context);
    let engine = Engine::new(opened.source.clone(), None);
    let explained = engine.explain(&context.id, &namespace, &service, args.probe.into()).await;
    engine.shutdown().await;
    let explanation = explained.map_err(Ended::Failed)?;
    let stopped = explanation.findings.iter().find_map(stops);
    match args.output {
        Format::Json => output::line(&json!(explanation).to_string()),
        Format::Text if stopped.is_none() => output::styled(&text(&explanation, Page::of_terminal())),
        // What stops it is all that there is to say.
        Format::Text => {}
    }
    stopped.map_or(Ok(()), |problem| Err(Ended::Failed(problem)))
}

/// The Service's name: `svc/web`, or `web`.
fn service(text: &str) -> Result<String, Ended> {
    let text = if text.contains('/') { text.to_owned() } else { format!("svc/{text}") };
    match parse::target(&text).map_err(|error| Ended::Usage(error.problem()))? {
        Target::Service { name } => Ok(name),
        other => Err(Ended::Usage(Problem {
            code: Code::BadTarget,
            message: format!("{other} is no Service, and nothing else can be explained."),
            next: "Write svc/NAME.".into(),
        })),
    }
}

/// What keeps a Service from being explained at all, as the command's own failure.
fn stops(finding: &Finding) -> Option<Problem> {
    let code = match finding.code {
        FindingCode::ServiceNotFound => Code::TargetNotFound,
        FindingCode::Unreachable => Code::Unreachable,
        FindingCode::Login | FindingCode::PluginMissing => Code::Login,
        _ => return None,
    };
    let read = finding.evidence.iter().map(|read| format!("\n  {}, {}: {}", read.object, read.field, read.value));
    Some(Problem { code, message: format!("{}{}", finding.why, read.collect::<String>()), next: finding.next.clone() })
}

/// The whole of it as text.
fn text(explanation: &Explanation, page: Page) -> String {
    let Explanation { namespace, service, service_type, .. } = explanation;
    let title = format!("svc/{service}");
    let mut text = format!("{}  {service_type} in {namespace}\n\n", page.bold(&title));
    text.push_str(&anatomy::text(&explanation.anatomy, page));
    text.push_str(&ways::text(&explanation.paths, page));
    text.push_str(&findings::text(&explanation.findings, page));
    text.push_str(&unread(&explanation.unread, page));
    text.trim_end().to_owned()
}

fn unread(unread: &[Unread], page: Page) -> String {
    if unread.is_empty() {
        return String::new();
    }
    let told = unread.iter().map(|one| {
        let text = format!("{}: {}", one.what, one.because.message);
        page.wrapped(&text, "  ", "    ") + "\n"
    });
    format!("\n{}\n{}", page.bold("Could not read, so that nothing is said of it"), told.collect::<String>())
}

#[cfg(test)]
mod tests;
