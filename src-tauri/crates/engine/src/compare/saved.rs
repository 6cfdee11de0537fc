//! A comparison as a file of the user's.

use std::path::{Path, PathBuf};

use super::{
    report::json,
    view::{ComparisonView, Probe},
};
use crate::{downloads, error::Error};

/// Writes it as JSON into a folder, under a name that no file there has yet; where that is.
pub(crate) fn save(folder: &Path, view: &ComparisonView, probes: &[Probe]) -> Result<PathBuf, Error> {
    let port = if view.port.name.is_empty() { view.port.port.to_string() } else { view.port.name.clone() };
    downloads::leave(folder, &format!("portolan-{}-{port}", view.service), "json", &json(view, probes))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::compare::report::tests::view;

    #[test]
    fn it_is_named_after_the_service_and_its_port() {
        let folder = tempfile::tempdir().unwrap();
        let view = view();
        let path = save(folder.path(), &view, &[]).unwrap();
        assert_eq!(path, folder.path().join("portolan-web-http.json"));
        assert_eq!(fs::read_to_string(path).unwrap(), json(&view, &[]));
    }
}
