//! What a plugin prints: an ExecCredential, in JSON, or in YAML, which client-go reads as well.

#[cfg(test)]
mod tests;

use std::time::SystemTime;

use k8s_openapi::jiff::Timestamp;
use portolan_wire::client::Credential;
use serde::Deserialize;

use super::{failure::Why, login::Made};

/// No `Debug`: it is secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: Option<String>,
    kind: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// The credential in what was printed, which must be of the version that was asked for.
pub(super) fn read(version: &str, printed: &[u8]) -> Result<Made, Why> {
    // The parser's error would quote what it cannot read.
    let printed: ExecCredential = serde_saphyr::from_slice(printed).map_err(|_| Why::NoExecCredential)?;
    if printed.kind.as_deref() != Some("ExecCredential") {
        return Err(Why::NoExecCredential);
    }
    if printed.api_version.as_deref() != Some(version) {
        return Err(Why::OtherVersion(version.to_owned()));
    }
    let status = printed.status.ok_or(Why::NoStatus)?;
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let token = said(status.token);
    let certificate = match (said(status.client_certificate_data), said(status.client_key_data)) {
        (Some(chain), Some(key)) => Some((chain, key)),
        (None, None) => None,
        _ => return Err(Why::Half),
    };
    if token.is_none() && certificate.is_none() {
        return Err(Why::Nothing);
    }
    let certificate = certificate.as_ref().map(|(chain, key)| (chain.as_str(), key.as_str()));
    let credential = Credential::new(token.as_deref(), certificate).map_err(Why::Unusable)?;
    let expires = said(status.expiration_timestamp).map(|text| text.parse::<Timestamp>()).transpose();
    let expires = expires.map_err(|_| Why::Expiry)?.map(SystemTime::from);
    Ok(Made { credential, expires })
}
