//! Who looks at the window: axe-core in it, and a camera, at each size.

use portolan_tests::Result;
use serde_json::Value;

use crate::window::Window;

/// axe-core as npm installs it for the window's own checks.
const AXE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js");

/// The smallest, a laptop's half and a whole one.
const SIZES: [(u32, u32); 3] = [(900, 600), (1100, 700), (1440, 900)];

/// As the person who has chosen it in the desktop's settings sees it.
#[derive(Clone, Copy)]
pub(crate) struct Theme {
    pub(crate) name: &'static str,
    gtk: &'static str,
}

pub(crate) const THEMES: [Theme; 2] =
    [Theme { name: "dark", gtk: "Adwaita:dark" }, Theme { name: "light", gtk: "Adwaita" }];

impl Theme {
    /// What the app has in its environment then.
    pub(crate) fn gtk(self) -> (&'static str, &'static str) {
        ("GTK_THEME", self.gtk)
    }
}

pub(crate) struct Eye {
    /// That of the window that is looked at.
    pub(crate) theme: Theme,
    script: String,
    violations: Vec<String>,
}

impl Eye {
    pub(crate) fn new() -> Result<Eye> {
        let axe = std::fs::read_to_string(AXE).map_err(|error| format!("{AXE}: {error}: npm ci in ui"))?;
        // As a string, which a page's policy does not concern: the driver runs it.
        let script = format!(
            "{axe};const done = arguments[arguments.length - 1];\
             axe.run(document, {{resultTypes: ['violations']}}).then(\
               ({{violations}}) => done(violations.flatMap(({{id, nodes}}) => nodes.map(({{html, failureSummary}}) => \
                 `${{id}}: ${{html.slice(0, 200)}} ${{failureSummary.replace(/\\s+/g, ' ')}}`))),\
               (error) => done([`axe: ${{error}}`]))"
        );
        Ok(Eye { theme: THEMES[0], script, violations: Vec::new() })
    }

    /// Photographs what is shown in all sizes, and notes what axe finds wrong with it.
    pub(crate) async fn sees(&mut self, window: &Window, view: &str) -> Result<()> {
        let theme = self.theme.name;
        for size in SIZES {
            window.resize(size).await?;
            let found = window.ask_page(&self.script, Vec::new()).await?;
            for one in found.as_array().into_iter().flatten().filter_map(Value::as_str) {
                // At once: a view that cannot be reached must not hide what was found before.
                println!("{theme} {view} {size:?}: {one}");
                self.violations.push(format!("{theme} {view} {size:?}: {one}"));
            }
            window.photograph(&format!("{view}-{theme}-{}", size.0)).await?;
        }
        Ok(())
    }

    /// Fails if anything was wrong.
    pub(crate) fn closes(self) -> Result<()> {
        let Eye { violations, .. } = self;
        if violations.is_empty() {
            return Ok(());
        }
        Err(format!("{} violations:\n{}", violations.len(), violations.join("\n")).into())
    }
}
