//! Which forward a running `kubectl port-forward` stands for, on the contexts of this machine.

use std::path::{Path, PathBuf};

use super::{
    Asked, Running,
    takeover::{KubectlProcess, Offer},
};
use crate::{
    forward::{Forward, LocalPort, PortMap},
    kubeconfig::{ContextEntry, Source, Sources},
};

/// Where the contexts are looked up.
pub(crate) struct Contexts<'a> {
    pub(crate) sources: &'a Sources,
}

impl Contexts<'_> {
    /// A process as the window shows it.
    pub(crate) fn offer(&self, running: &Running) -> KubectlProcess {
        let offer = self.forward(running).unwrap_or_else(|why| Offer::Nothing { why });
        KubectlProcess { pid: running.pid, started_at: running.started_at, offer }
    }

    fn forward(&self, running: &Running) -> Result<Offer, String> {
        let asked = Asked::read(running.words.iter().map(String::as_str))?;
        if let Some(option) = &asked.disguise {
            return Err(format!("it is another user than its context's ({option})"));
        }
        let source = self.source(asked.kubeconfig.as_deref(), running.folder.as_deref())?;
        let context = named(self.sources, &source, asked.context.as_deref())?;
        let maps = asked.ports.iter().map(|(_, map)| map.clone()).collect();
        let forward = Forward {
            namespace: asked.namespace.clone().unwrap_or(context.namespace),
            context: context.id,
            target: asked.target.clone(),
            ports: on_same_ports(maps, &running.listens)?,
            bind: asked.address.clone(),
            balance: None,
            hold_seconds: Forward::DEFAULT_HOLD_SECONDS,
            wait_for_name: false,
        };
        forward.check().map_err(|error| error.to_string())?;
        let reachable = forward.bind.iter().filter(|address| !address.is_loopback()).map(ToString::to_string).collect();
        Ok(Offer::TakeOver { forward, assumed: asked.context.is_none(), reachable })
    }

    /// The source that a process's `--kubeconfig` means: one that is known, where it is a file of one.
    fn source(&self, named: Option<&str>, folder: Option<&Path>) -> Result<Source, String> {
        let all = self.sources.all();
        let Some(named) = named else {
            return all.into_iter().next().ok_or_else(|| "there is no kubeconfig here".into());
        };
        let path = match (Path::new(named), folder) {
            (path, _) if path.is_absolute() => path.to_owned(),
            (path, Some(folder)) => folder.join(path),
            (path, None) => return Err(format!("nobody knows which {} it means", path.display())),
        };
        let known = all.into_iter().find(|source| source.paths(self.sources.variables()) == [PathBuf::from(&path)]);
        Ok(known.unwrap_or(Source::File(path)))
    }
}

fn named(sources: &Sources, source: &Source, name: Option<&str>) -> Result<ContextEntry, String> {
    let contexts = sources.load(source).map_err(|error| error.to_string())?;
    contexts.find(name).map_err(|error| error.to_string())
}

/// The ports with the local ones that the process has. One that it was to choose is found among those that it listens
/// on, if only one is left over.
fn on_same_ports(mut ports: Vec<PortMap>, listens: &[u16]) -> Result<Vec<PortMap>, String> {
    let fixed: Vec<u16> = ports.iter().filter_map(|map| map.local.fixed()).collect();
    let mut left = listens.iter().filter(|port| !fixed.contains(port));
    let mut chosen = ports.iter_mut().filter(|map| map.local.fixed().is_none());
    let (Some(map), None) = (chosen.next(), chosen.next()) else {
        let all_fixed = ports.iter().all(|map| map.local.fixed().is_some());
        return if all_fixed { Ok(ports) } else { Err("nobody knows which of its local ports leads to which".into()) };
    };
    match (left.next(), left.next()) {
        (Some(&port), None) => map.local = LocalPort::Fixed { port },
        _ => return Err("nobody knows on which local port it listens".into()),
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn running(line: &str, listens: &[u16]) -> Running {
        let words = line.split(' ').map(str::to_owned).collect();
        Running { pid: 7, started_at: 1, words, folder: Some("/home/me/src".into()), listens: listens.to_vec() }
    }

    /// What is offered, in short.
    fn offered(line: &str, listens: &[u16]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = "clusters: [{name: c, cluster: {server: 'http://c'}}]\ncurrent-context: kind\n\
                    contexts: [{name: kind, context: {cluster: c, namespace: shop}}, {name: prod, context: {cluster: c}}]\n";
        fs::write(&path, text).unwrap();
        let line = line.replace("FILE", &path.display().to_string());
        let sources = Sources::new(Source::File(path));
        match (Contexts { sources: &sources }).offer(&running(&line, listens)).offer {
            Offer::TakeOver { forward, assumed, reachable } => {
                let ports: Vec<String> =
                    forward.ports.iter().map(|map| format!("{:?}:{}", map.local.fixed(), map.remote)).collect();
                let assumed = if assumed { " assumed" } else { "" };
                let (context, namespace, target) = (forward.context, forward.namespace, forward.target);
                format!("{context}/{namespace} {target} {}{assumed} {}", ports.join(" "), reachable.join(","))
                    .trim()
                    .into()
            }
            Offer::Nothing { why } => why.replace(&folder.path().display().to_string(), ""),
        }
    }

    #[test]
    fn a_process_stands_for_a_forward_on_its_own_ports() {
        for (line, listens, expected) in [
            ("svc/web 8080:80", &[8080][..], "kind/shop svc/web Some(8080):80 assumed"),
            ("--context prod svc/web 8080:80", &[], "prod/default svc/web Some(8080):80"),
            ("--context prod -n x svc/web 80 81:http", &[], "prod/x svc/web Some(80):80 Some(81):“http”"),
            ("svc/web :80", &[40123], "kind/shop svc/web Some(40123):80 assumed"),
            ("svc/web :80 81", &[81, 40123], "kind/shop svc/web Some(40123):80 Some(81):81 assumed"),
            ("svc/web :80", &[], "nobody knows on which local port it listens"),
            ("svc/web :80 :81", &[1, 2], "nobody knows which of its local ports leads to which"),
            ("--kubeconfig FILE --context kind svc/web 80", &[], "kind/shop svc/web Some(80):80"),
            ("--kubeconfig not-there svc/web 80", &[], "no kubeconfig: looked for /home/me/src/not-there"),
            ("--context gone svc/web 80", &[], "the kubeconfig has no context “gone”; it has kind and prod"),
            ("--address 0.0.0.0,127.0.0.1 svc/web 80", &[], "kind/shop svc/web Some(80):80 assumed 0.0.0.0"),
            ("--as root svc/web 80", &[], "it is another user than its context's (--as)"),
            ("--token s3cr3t svc/web 80", &[], "it names its cluster by --token, and not by a context"),
            ("svc/web 80 80:81", &[], "local port 80 is asked for twice: by 80 and by 81"),
        ] {
            assert_eq!(offered(line, listens), expected, "{line}");
        }
    }
}
