//! Addresses as people write them and copy them.

use crate::{context::ContextId, explain::port::Speaks, shell::quoted};

/// `10.0.3.11:30080`, `[fd00::1]:30080`.
pub(in crate::explain) fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// What a browser takes where the port speaks HTTP, else host and port.
pub(super) fn url(speaks: Speaks, host: &str, port: u16) -> String {
    let at = host_port(host, port);
    match (speaks, port) {
        (Speaks::Http, 80) => format!("http://{}/", at.trim_end_matches(":80")),
        (Speaks::Http, _) => format!("http://{at}/"),
        (Speaks::Https, 443) => format!("https://{}/", at.trim_end_matches(":443")),
        (Speaks::Https, _) => format!("https://{at}/"),
        (Speaks::Something, _) => at,
    }
}

/// `10.200.77.2:6443`: where an API server is, out of its URL.
pub(super) fn of_server(url: &str) -> &str {
    url.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/')
}

/// The command that opens a tunnel: `portolan forward svc/web 8080:http -n shop --context staging`. The context is named,
/// since the current one may be another one by then.
pub(super) fn command(target: &str, (local, remote): (u16, &str), namespace: &str, context: &ContextId) -> String {
    let context_name = quoted(&context.name);
    let mut line = format!("portolan forward {target} {local}:{remote} -n {namespace} --context {context_name}");
    if context.source != ContextId::DEFAULT_SOURCE {
        line.push_str(&format!(" --kubeconfig {}", quoted(&context.source)));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_they_are_copied() {
        let table = [
            (Speaks::Http, "10.0.0.1", 80, "http://10.0.0.1/"),
            (Speaks::Http, "10.0.0.1", 8080, "http://10.0.0.1:8080/"),
            (Speaks::Https, "fd00::1", 443, "https://[fd00::1]/"),
            (Speaks::Https, "host", 80, "https://host:80/"),
            (Speaks::Something, "fd00::1", 5432, "[fd00::1]:5432"),
        ];
        for (speaks, host, port, expected) in table {
            assert_eq!(url(speaks, host, port), expected);
        }
        assert_eq!(of_server("https://10.200.77.2:6443/"), "10.200.77.2:6443");
        assert_eq!(of_server("https://rancher.example/k8s/clusters/c-1"), "rancher.example/k8s/clusters/c-1");
    }

    #[test]
    fn the_command_names_its_context_and_its_file() {
        let context = |source: &str, name: &str| ContextId { source: source.into(), name: name.into() };
        let line = command("svc/web", (8080, "http"), "shop", &context("default", "staging"));
        assert_eq!(line, "portolan forward svc/web 8080:http -n shop --context staging");
        let line = command("pod/web-1", (8443, "443"), "shop", &context("/tmp/my files/k3s.yaml", "the cluster"));
        let expected =
            "portolan forward pod/web-1 8443:443 -n shop --context 'the cluster' --kubeconfig '/tmp/my files/k3s.yaml'";
        assert_eq!(line, expected);
        let line = command("svc/web", (8080, "http"), "shop", &context("default", "$(rm -rf ~)"));
        assert_eq!(line, "portolan forward svc/web 8080:http -n shop --context '$(rm -rf ~)'");
    }
}
