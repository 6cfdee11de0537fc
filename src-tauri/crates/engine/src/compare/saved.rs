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
    fn each_gets_a_file_of_its_own_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let view = view();
        let names: Vec<String> = (0..3)
            .map(|_| save(folder.path(), &view, &[]).unwrap().file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["portolan-web-http.json", "portolan-web-http-2.json", "portolan-web-http-3.json"]);
        let text = fs::read_to_string(folder.path().join(&names[0])).unwrap();
        assert_eq!(text, json(&view, &[]));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = save(&folder.path().join("gone"), &view(), &[]).unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
    }
}
