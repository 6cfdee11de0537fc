use portolan_wire::client::Unusable;

use super::*;

const V1: &str = "client.authentication.k8s.io/v1";

fn with(status: &str) -> String {
    format!(
        r#"{{"apiVersion": "{V1}", "kind": "ExecCredential", "spec": {{"interactive": false}}, "status": {status}}}"#
    )
}

#[test]
fn a_credential_is_read_in_both_versions_in_json_and_in_yaml() {
    let beta = "client.authentication.k8s.io/v1beta1";
    let yaml = format!("apiVersion: {V1}\nkind: ExecCredential\nstatus:\n  token: s3cr3t\n");
    for (version, text) in
        [(V1, with(r#"{"token": "s3cr3t"}"#)), (beta, with(r#"{"token": "t"}"#).replace(V1, beta)), (V1, yaml)]
    {
        let made = read(version, text.as_bytes()).unwrap();
        assert_eq!(
            format!("{made:?}"),
            "Made { credential: Credential { token: true, certificate: false }, expires: None }"
        );
    }
}

#[test]
fn it_may_expire() {
    let at = |text: &str| read(V1, with(&format!(r#"{{"token": "t", "expirationTimestamp": {text}}}"#)).as_bytes());
    let noon = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_772_366_400);
    for text in [r#""2026-03-01T12:00:00Z""#, r#""2026-03-01T13:00:00+01:00""#, r#""2026-03-01T12:00:00.000Z""#] {
        assert_eq!(at(text).unwrap().expires, Some(noon), "{text}");
    }
    assert_eq!(at("null").unwrap().expires, None);
    assert_eq!(at(r#""noon""#).unwrap_err(), Why::Expiry);
}

#[test]
fn what_is_none_is_told_so() {
    let other = "client.authentication.k8s.io/v1beta1";
    let table = [
        ("", Why::NoExecCredential),
        ("s3cr3t", Why::NoExecCredential),
        ("{\"token\": \"s3cr3t\"", Why::NoExecCredential),
        (&with("{}").replace("ExecCredential", "Secret"), Why::NoExecCredential),
        (&with(r#"{"token": "s3cr3t"}"#).replace(V1, other), Why::OtherVersion(V1.into())),
        (&with("null"), Why::NoStatus),
        (&with("{}"), Why::Nothing),
        (&with(r#"{"token": ""}"#), Why::Nothing),
        (&with(r#"{"token": "t", "clientCertificateData": "s3cr3t"}"#), Why::Half),
        (&with(r#"{"clientKeyData": "s3cr3t"}"#), Why::Half),
        (&with(r#"{"token": "s3cr3t\n"}"#), Why::Unusable(Unusable::Token)),
        (
            &with(r#"{"clientCertificateData": "s3cr3t", "clientKeyData": "s3cr3t"}"#),
            Why::Unusable(Unusable::Certificate),
        ),
    ];
    for (text, why) in table {
        let found = read(V1, text.as_bytes()).unwrap_err();
        assert_eq!(found, why, "{text}");
        assert!(!format!("{found} {found:?}").contains("s3cr3t"));
    }
}
