//! The arguments of `kubectl port-forward`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    forward::{PortMap, Target},
    parse,
};

/// What one `kubectl port-forward` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// None for the kubeconfig's current one.
    pub(crate) context: Option<String>,
    /// None for the context's own.
    pub(crate) namespace: Option<String>,
    /// The file that it names, as it stands there.
    pub(crate) kubeconfig: Option<String>,
    pub(crate) target: Target,
    /// As they were written, and what they mean. At least one.
    pub(crate) ports: Vec<(String, PortMap)>,
    /// None for loopback.
    pub(crate) address: Vec<IpAddr>,
    /// An option by which it is somebody else than its context's user: `--as`.
    pub(crate) disguise: Option<String>,
}

/// Options that are followed by a value which means nothing here.
const WITH_VALUE: [&str; 5] = ["--pod-running-timeout", "--request-timeout", "-v", "--v", "--profile"];

/// Options that make it another user.
const DISGUISES: [&str; 6] = ["--user", "--as", "--as-group", "--as-uid", "--username", "--password"];

impl Asked {
    /// Reads the words behind `kubectl`, without `port-forward` itself.
    ///
    /// # Errors
    /// Why it cannot be forwarded here.
    pub(crate) fn read<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Asked, String> {
        let (mut context, mut namespace, mut kubeconfig, mut disguise) = (None, None, None, None);
        let (mut address, mut plain) = (Vec::new(), Vec::new());
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let (option, value) = split(word);
            let mut value =
                || value.or_else(|| words.next()).map(str::to_owned).ok_or(format!("{option} lacks its value"));
            match option {
                "-n" | "--namespace" => namespace = Some(value()?),
                "--context" => context = Some(value()?),
                "--kubeconfig" => kubeconfig = Some(value()?),
                "--address" => address = addresses(&value()?)?,
                "--cluster" | "--server" | "-s" | "--token" => {
                    return Err(format!("it names its cluster by {option}, and not by a context"));
                }
                option if DISGUISES.contains(&option) => {
                    disguise = Some(option.to_owned());
                    value()?;
                }
                option if WITH_VALUE.contains(&option) => drop(value()?),
                option if option.starts_with('-') => {}
                // What a shell makes of the rest is not for here.
                ">" | ">>" | "2>" | "2>&1" | "&>" => break,
                plain_word => plain.push(plain_word),
            }
        }
        let Some((target, ports)) = plain.split_first() else { return Err("it has no target".into()) };
        if ports.is_empty() {
            return Err(format!("{target} has no port"));
        }
        let target = parse::target(target).map_err(|error| error.to_string())?;
        let port = |text: &&str| Ok(((*text).to_owned(), parse::port(text).map_err(|error| error.to_string())?));
        let ports = ports.iter().map(port).collect::<Result<_, String>>()?;
        Ok(Asked { context, namespace, kubeconfig, target, ports, address, disguise })
    }
}

/// The addresses to listen on; none for loopback. Where `localhost` stands beside others it is both of its own, unless
/// one of the others is every address already.
fn addresses(list: &str) -> Result<Vec<IpAddr>, String> {
    let (localhost, others): (Vec<&str>, Vec<&str>) = list.split(',').partition(|text| *text == "localhost");
    let parse = |text: &str| text.parse().map_err(|_| format!("“{text}” is not an address"));
    let mut addresses: Vec<IpAddr> = others.into_iter().map(parse).collect::<Result<_, _>>()?;
    if !localhost.is_empty() && !addresses.is_empty() && !addresses.iter().any(IpAddr::is_unspecified) {
        for own in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            if !addresses.contains(&own) {
                addresses.push(own);
            }
        }
    }
    Ok(addresses)
}

/// An option and the value that is written with it: `--context=x`, `-n=x`, `-nx`.
fn split(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((option, value)) if word.starts_with('-') => (option, Some(value)),
        _ => match word.strip_prefix("-n") {
            Some(value) if !value.is_empty() => ("-n", Some(value)),
            _ => (word, None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_as_kubectl_takes_them() {
        let read = |line: &str| Asked::read(line.split(' ')).unwrap();
        for line in ["-n shop svc/web 80", "-n=shop svc/web 80", "-nshop svc/web 80", "svc/web 80 --namespace=shop"] {
            assert_eq!(read(line).namespace.as_deref(), Some("shop"), "{line}");
        }
        let full = read("--kubeconfig=x --context c --address 127.0.0.2,::1 --as me deploy/web 8080:http :9");
        assert_eq!((full.kubeconfig.as_deref(), full.context.as_deref()), (Some("x"), Some("c")));
        assert_eq!(full.address, ["127.0.0.2".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
        assert_eq!(full.disguise.as_deref(), Some("--as"));
        let ports: Vec<_> = full.ports.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!((full.target.to_string().as_str(), ports), ("deploy/web", vec!["8080:http", ":9"]));
    }

    #[test]
    fn localhost_is_not_lost_beside_other_addresses() {
        for (list, expected) in [
            ("localhost", ""),
            ("127.0.0.2", "127.0.0.2"),
            ("localhost,10.0.0.1", "10.0.0.1 127.0.0.1 ::1"),
            ("127.0.0.1,localhost,10.0.0.1", "127.0.0.1 10.0.0.1 ::1"),
            ("localhost,0.0.0.0", "0.0.0.0"),
        ] {
            let read = addresses(list).unwrap();
            assert_eq!(read.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), expected, "{list}");
        }
        assert_eq!(addresses("nowhere").unwrap_err(), "“nowhere” is not an address");
    }

    #[test]
    fn a_token_is_named_and_not_told() {
        let why = Asked::read(["--token=s3cr3t", "svc/web", "80"]).unwrap_err();
        assert_eq!(why, "it names its cluster by --token, and not by a context");
    }
}
