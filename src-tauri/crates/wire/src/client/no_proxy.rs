//! Which servers the environment keeps away from its proxy: `NO_PROXY`, as Go's `httpproxy` and so kubectl reads it.
//!
//! hyper-util has a matcher with curl's rules, which are not these: it knows no ports and no `*.`, takes `.corp` for
//! `corp` too, and sends loopback addresses to the proxy. A cluster that kubectl reaches has to be reached here.

use std::net::IpAddr;

use ipnet::IpNet;

/// Whether a server is reached without the environment's proxy: it is on this machine, or the list covers it.
///
/// The list is separated by commas. `*` covers all; `10.0.0.0/8` a network; `10.0.0.1` an address; `corp` that name and
/// all below it; `.corp` and `*.corp` only those below it. An address or a name may be given one port, as `corp:6443`.
/// `host` is a name, or an address without brackets.
pub(super) fn covers(list: &str, host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let address = host.parse().ok().map(|address: IpAddr| address.to_canonical());
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    list.split(',').any(|entry| {
        let entry = entry.trim().to_ascii_lowercase();
        entry == "*" || entry_covers(&entry, &host, address, port)
    })
}

fn entry_covers(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if let Ok(network) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| network.contains(&address));
    }
    let (name, only_port) = split_port(entry);
    if !only_port.is_empty() && only_port != port.to_string() {
        return false;
    }
    match (name.parse::<IpAddr>(), address) {
        (Ok(listed), address) => address == Some(listed.to_canonical()),
        // A name never covers an address, whatever it resolves to.
        (Err(_), Some(_)) => false,
        (Err(_), None) => match name.strip_prefix("*.").or(name.strip_prefix('.')) {
            Some(domain) => is_below(host, domain),
            None => host == name || is_below(host, name),
        },
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    !domain.is_empty() && host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// The name or address, and the port; the latter empty where there is none.
fn split_port(entry: &str) -> (&str, &str) {
    if let Some((address, port)) = entry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, port.trim_start_matches(':'));
    }
    match entry.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, port),
        // No colon at all, or the many of an IPv6 address.
        _ => (entry, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_as_kubectl_reads_it() {
        let table = [
            // list, host, port, covered
            ("", "one.corp", 6443, false),
            ("*", "one.corp", 6443, true),
            ("other, * ", "10.1.2.3", 6443, true),
            // A name covers itself and all below it.
            ("corp", "corp", 443, true),
            ("corp", "one.corp", 443, true),
            ("corp", "a.one.corp", 443, true),
            ("corp", "notcorp", 443, false),
            ("one.corp", "corp", 443, false),
            (" One.CORP ,", "one.corp", 443, true),
            ("corp", "ONE.Corp", 443, true),
            (",, ,x", "one.corp", 443, false),
            // With a leading dot it does not cover itself.
            (".corp", "one.corp", 443, true),
            (".corp", "corp", 443, false),
            ("*.corp", "one.corp", 443, true),
            ("*.corp", "corp", 443, false),
            (".", "one.corp", 443, false),
            // One port only.
            ("corp:6443", "one.corp", 6443, true),
            ("corp:6443", "one.corp", 443, false),
            ("10.0.0.1:6443", "10.0.0.1", 6443, true),
            ("10.0.0.1:6443", "10.0.0.1", 443, false),
            ("[fd00::1]:6443", "fd00::1", 6443, true),
            ("[fd00::1]:6443", "fd00::1", 443, false),
            ("[fd00::1]", "fd00::1", 443, true),
            // Addresses and networks.
            ("10.0.0.1", "10.0.0.1", 443, true),
            ("10.0.0.1", "10.0.0.10", 443, false),
            ("10.0.0.0/8", "10.20.30.40", 6443, true),
            ("10.0.0.0/8", "11.0.0.1", 6443, false),
            ("10.1.1.1/8", "10.20.30.40", 6443, true),
            ("fd00::/8", "fd12::3", 6443, true),
            ("fd00::/8", "10.0.0.1", 6443, false),
            ("10.0.0.1", "::ffff:10.0.0.1", 443, true),
            // Text that ends alike says nothing of an address.
            ("0.0.1", "10.0.0.1", 443, false),
            ("10.0.0.0/8", "ten.corp", 443, false),
            // This machine, listed or not.
            ("", "localhost", 6443, true),
            ("", "127.0.0.1", 6443, true),
            ("", "127.9.9.9", 6443, true),
            ("", "::1", 6443, true),
            ("", "localhost.corp", 6443, false),
        ];
        for (list, host, port, covered) in table {
            assert_eq!(covers(list, host, port), covered, "{list:?} {host}:{port}");
        }
    }
}
