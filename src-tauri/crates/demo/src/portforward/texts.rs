//! What containerd and the kubelet say on a connection's error stream, word for word: clients know failures by them.

/// A sandbox's id, as containerd would have given it: 64 hexadecimal digits, the same for the same pod.
fn sandbox(uid: &str) -> String {
    let digits: String = uid.chars().filter(char::is_ascii_hexdigit).collect();
    digits.chars().cycle().take(if digits.is_empty() { 0 } else { 64 }).collect()
}

/// What comes before all others.
fn failed(uid: &str, port: u16, why: &str) -> String {
    format!("error forwarding port {port} to pod {}, uid : {why}", sandbox(uid))
}

fn inside(uid: &str, port: u16, why: &str) -> String {
    let network = format!("/var/run/netns/cni-{uid}");
    failed(uid, port, &format!("failed to execute portforward in network namespace \"{network}\": {why}"))
}

/// Nothing listens.
pub(super) fn refused(uid: &str, port: u16) -> String {
    let sandbox = sandbox(uid);
    let why = format!(
        "failed to connect to localhost:{port} inside namespace \"{sandbox}\", IPv4: dial tcp4 127.0.0.1:{port}: connect: \
         connection refused IPv6 dial tcp6: address localhost: no suitable address found "
    );
    inside(uid, port, &why)
}

/// The pod has ended.
pub(super) fn gone(uid: &str, port: u16) -> String {
    failed(uid, port, &format!("network namespace for sandbox \"{}\" is closed", sandbox(uid)))
}

/// The pod has reset the connection.
pub(super) fn reset(uid: &str, port: u16) -> String {
    inside(uid, port, &format!("read tcp4 127.0.0.1:{FROM}->127.0.0.1:{port}: read: connection reset by peer"))
}

/// The pod reads no more.
pub(super) fn broken(uid: &str, port: u16) -> String {
    inside(uid, port, &format!("write tcp4 127.0.0.1:{FROM}->127.0.0.1:{port}: write: broken pipe"))
}

/// A pair of streams that never came to be one.
pub(super) fn alone(request: &str) -> String {
    format!("(conn=0xc000b6f980, request={request}) timed out waiting for streams")
}

/// A second stream of one kind.
pub(super) fn twice(request: &str, kind: &str) -> String {
    format!("error processing stream for request {request}: {kind} stream already assigned")
}

/// Where the runtime's own end of a connection is; nobody looks.
const FROM: u16 = 50_000;
