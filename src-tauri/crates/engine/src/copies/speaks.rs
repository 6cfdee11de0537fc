//! What a port probably speaks, by its name and its numbers, and how a client is told to go there.

use crate::{forward::PortRef, shell::quoted};

/// What a port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Http,
    Https,
    Postgres,
    Mysql,
    Redis,
    Mongo,
    /// Who knows.
    Unknown,
}

use Speaks::{Http, Https, Mongo, Mysql, Postgres, Redis, Unknown};

/// Words in a port's name. The first that fits counts: `https` before `http`.
const NAMES: [(&str, Speaks); 14] = [
    ("https", Https),
    ("http", Http),
    ("http2", Http),
    ("web", Http),
    ("metrics", Http),
    ("postgres", Postgres),
    ("postgresql", Postgres),
    ("pgsql", Postgres),
    ("psql", Postgres),
    ("mysql", Mysql),
    ("mariadb", Mysql),
    ("redis", Redis),
    ("mongo", Mongo),
    ("mongodb", Mongo),
];

/// Numbers, as programs have them by default.
const NUMBERS: [(u16, Speaks); 13] = [
    (80, Http),
    (443, Https),
    (3000, Http),
    (3306, Mysql),
    (5000, Http),
    (5432, Postgres),
    (6379, Redis),
    (8000, Http),
    (8080, Http),
    (8443, Https),
    (9090, Http),
    (9093, Http),
    (27017, Mongo),
];

impl Speaks {
    /// By the port's own name or number, else by the number that it has in the pod.
    pub(super) fn of(remote: &PortRef, in_pod: Option<u16>) -> Speaks {
        let own = match remote {
            PortRef::Name(name) => by_name(name),
            PortRef::Number(number) => by_number(*number),
        };
        own.or_else(|| by_number(in_pod?)).unwrap_or(Unknown)
    }

    /// `at` is host and port.
    pub(super) fn url(self, at: &str) -> Option<String> {
        Some(match self {
            Http => format!("http://{at}"),
            Https => format!("https://{at}"),
            Postgres => format!("postgresql://{at}"),
            Mysql => format!("mysql://{at}"),
            Redis => format!("redis://{at}"),
            // Or it would go on to the addresses that the replica set has in the cluster.
            Mongo => format!("mongodb://{at}/?directConnection=true"),
            Unknown => return None,
        })
    }

    pub(super) fn curl(self, at: &str) -> Option<String> {
        match self {
            Http => Some(format!("curl {}", quoted(&format!("http://{at}/")))),
            // Its certificate is for the name that it has in the cluster.
            Https => Some(format!("curl --insecure {}", quoted(&format!("https://{at}/")))),
            _ => None,
        }
    }

    pub(super) fn client(self, host: &str, port: u16) -> Option<String> {
        let host = quoted(host);
        Some(match self {
            Postgres => format!("psql -h {host} -p {port}"),
            // By its address: `localhost` would be a socket of this machine.
            Mysql => format!("mysql -h {host} -P {port}"),
            Redis => format!("redis-cli -h {host} -p {port}"),
            Mongo => {
                let at = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
                format!("mongosh {}", quoted(&format!("mongodb://{at}/?directConnection=true")))
            }
            Http | Https | Unknown => return None,
        })
    }
}

fn by_name(name: &str) -> Option<Speaks> {
    let words: Vec<&str> = name.split('-').collect();
    NAMES.iter().find(|(known, _)| words.contains(known)).map(|(_, speaks)| *speaks)
}

fn by_number(number: u16) -> Option<Speaks> {
    NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, speaks)| *speaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_known_by_its_name_else_by_its_number() {
        let name = |name: &str| PortRef::Name(name.into());
        let number = PortRef::Number;
        for (remote, in_pod, expected) in [
            (number(80), None, Http),
            (number(443), None, Https),
            (number(8443), Some(80), Https),
            (name("web-https"), None, Https),
            (name("http-admin"), Some(5432), Http),
            (name("tcp-postgresql"), None, Postgres),
            (number(15432), Some(5432), Postgres),
            (name("db"), Some(3306), Mysql),
            (name("redis"), None, Redis),
            (number(27017), None, Mongo),
            (name("grpc"), Some(50051), Unknown),
            (number(7), None, Unknown),
        ] {
            assert_eq!(Speaks::of(&remote, in_pod), expected, "{remote} {in_pod:?}");
        }
    }
}
