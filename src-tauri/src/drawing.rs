//! How the window is drawn where there is no graphics processor: many virtual machines have none, nor do screens elsewhere.
//!
//! WebKit puts a page together with OpenGL, and where that is done in software it takes 22 to 30 ms a picture, whatever is in it.
//! Without OpenGL a list of 10,000 rows scrolls at more than twice as many frames a second (docs/performance.md, "The window").
//! The only way to say so that works before there is a window is the environment, and that cannot be changed safely once
//! there are threads: so this program is started once more, in its own place.

#[cfg(target_os = "linux")]
pub(crate) use linux::prepare;

/// Elsewhere there is nothing to prepare.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{env, fs, io, os::unix::process::CommandExt, path::Path, process::Command};

    /// WebKit reads it when the first page is made.
    const WITHOUT_OPENGL: &str = "WEBKIT_DISABLE_COMPOSITING_MODE";

    /// Where the kernel has its graphics processors, those that can draw as `renderD…`.
    const PROCESSORS: &str = "/dev/dri";

    /// Has WebKit draw without OpenGL where that would be done in software. Whoever has set the variable, `0` for OpenGL, has
    /// decided.
    pub(crate) fn prepare() {
        if env::var_os(WITHOUT_OPENGL).is_some_and(|said| !said.is_empty()) || can_draw(Path::new(PROCESSORS)) {
            return;
        }
        let error = again();
        // The window is drawn all the same, more slowly.
        eprintln!("{WITHOUT_OPENGL} cannot be set: {error}");
    }

    /// Whether a graphics processor can draw.
    fn can_draw(processors: &Path) -> bool {
        let Ok(entries) = fs::read_dir(processors) else { return false };
        entries.flatten().any(|entry| entry.file_name().as_encoded_bytes().starts_with(b"renderD"))
    }

    /// Starts this program in its own place, with the variable set; returns only if that fails.
    fn again() -> io::Error {
        let program = match env::current_exe() {
            Ok(program) => program,
            Err(error) => return error,
        };
        let mut words = env::args_os();
        let name = words.next().unwrap_or_else(|| program.clone().into());
        Command::new(program).arg0(name).args(words).env(WITHOUT_OPENGL, "1").exec()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_graphics_processor_is_one_that_draws() {
            let folder = tempfile::tempdir().expect("a folder");
            assert!(!can_draw(&folder.path().join("dri")));
            // One that only shows what others have drawn.
            fs::write(folder.path().join("card0"), "").expect("a file");
            assert!(!can_draw(folder.path()));
            fs::write(folder.path().join("renderD128"), "").expect("a file");
            assert!(can_draw(folder.path()));
        }
    }
}
