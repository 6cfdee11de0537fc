//! `portolan profiles`: what is saved, without starting any of it.

use std::{fs, io, path::Path};

use portolan_engine::{
    error::{Code, Error, Problem},
    forward::Forward,
    kubeconfig::Source,
    profiles::{
        Profile, Profiles, Saved, export,
        import::{Fate, Here, Plan},
    },
};
use serde_json::json;

use crate::{
    Ended,
    args::{AddArgs, Format, ProfilesCommand},
    output,
};

pub(crate) async fn run(command: ProfilesCommand) -> Result<(), Ended> {
    let profiles = Profiles::open()?;
    match command {
        ProfilesCommand::List { output } => list(&profiles, output),
        ProfilesCommand::Add(args) => add(&profiles, *args).await,
        ProfilesCommand::Remove { name } => {
            profiles.remove(&name)?;
            output::note(&format!("Removed {name}."));
            Ok(())
        }
        ProfilesCommand::Export { names } => {
            output::line(export(&profiles.named(&names)?)?.trim_end());
            Ok(())
        }
        ProfilesCommand::Import { file, dry_run } => import(&profiles, &file, dry_run),
    }
}

fn list(profiles: &Profiles, format: Format) -> Result<(), Ended> {
    let listed = profiles.list()?;
    if let Some((aside, why)) = &listed.moved_aside {
        output::note(&format!("The profiles could not be read ({why}): the file was moved to {}.", aside.display()));
    }
    match format {
        Format::Json => output::line(&json!(listed.profiles).to_string()),
        Format::Text if listed.profiles.is_empty() => {
            output::note("no profiles yet: portolan profiles add NAME TARGET PORT...");
        }
        Format::Text => {
            let rows: Vec<_> = listed.profiles.iter().flat_map(rows).collect();
            output::table(&["NAME", "GROUP", "CONTEXT", "NAMESPACE", "TARGET", "PORTS", "NOTE"], &rows);
        }
    }
    Ok(())
}

/// A line for each tunnel; what is the profile's own stands in the first.
fn rows(profile: &Profile) -> Vec<Vec<String>> {
    let star = if profile.pinned { "★ " } else { "" };
    let mut own = [format!("{star}{}", profile.name), profile.group.clone(), profile.note.clone()];
    let row = |saved: &Saved| {
        let [name, group, note] = std::mem::take(&mut own);
        let (context, namespace) = (saved.context.clone(), saved.namespace.clone());
        vec![name, group, context, namespace, saved.target.clone(), saved.ports.join(" "), note]
    };
    profile.forwards.iter().map(row).collect()
}

async fn add(profiles: &Profiles, args: AddArgs) -> Result<(), Ended> {
    if args.cluster.demo {
        let error =
            Error::BadProfile { name: args.name, why: "a demo cluster ends with the command that starts it".into() };
        return Err(Ended::Usage(error.problem()));
    }
    let (_, context, forward) = args.tunnel.forward(&args.cluster).await?;
    let Forward { target, .. } = &forward;
    profiles.put(&args.name, Saved::of(&forward, &context.server), &args.group, &args.note)?;
    output::note(&format!("Added {target} to {}.", args.name));
    Ok(())
}

fn import(profiles: &Profiles, file: &Path, dry_run: bool) -> Result<(), Ended> {
    let text = if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = text.map_err(|source| Error::File { operation: "read", path: file.into(), source })?;
    let plan = Plan::read(&text, &profiles.list()?.profiles, &here())?;
    let clashing = if dry_run { Vec::new() } else { profiles.import(&plan)? };
    let rows: Vec<_> = plan
        .items
        .iter()
        .map(|item| {
            let clashes = item.fate == Fate::Clashes || clashing.contains(&item.profile.name);
            let fate = match item.fate {
                _ if clashes => "left out: there is another of that name",
                Fate::Added if dry_run => "would be added",
                Fate::Added => "added",
                Fate::Same | Fate::Clashes => "there already",
            };
            vec![item.profile.name.clone(), fate.to_owned(), item.warnings.join("; ")]
        })
        .collect();
    if !rows.is_empty() {
        output::table(&["NAME", "IMPORT", "MIND"], &rows);
    }
    for left_out in &plan.left_out {
        output::note(&format!("left out: {left_out}"));
    }
    if plan.items.is_empty() {
        let (message, next) =
            ("Nothing of it can be forwarded.".to_owned(), "Look at what was left out, above.".to_owned());
        return Err(Ended::Failed(Problem { code: Code::BadProfile, message, next }));
    }
    Ok(())
}

/// The contexts of this machine; none where there is no kubeconfig.
fn here() -> Here {
    Here { contexts: Source::Default.load().map(|contexts| contexts.entries()).unwrap_or_default() }
}
