//! What the desktop has, told to the window through the engine's feed.

use portolan_engine::{
    engine::Engine,
    feed::{DesktopView, Part},
};

const KEY: &str = "desktop";

/// What is known of it now.
pub(crate) fn view(engine: &Engine) -> DesktopView {
    match engine.feed().get(KEY) {
        Some(Part::Desktop(view)) => view,
        _ => DesktopView::default(),
    }
}

/// Changes what is known of it.
pub(crate) fn update(engine: &Engine, change: impl FnOnce(&mut DesktopView)) {
    if engine.feed().get(KEY).is_none() {
        engine.feed().set(KEY, Part::Desktop(DesktopView::default()));
    }
    engine.feed().update(KEY, |part| {
        if let Part::Desktop(view) = part {
            change(view);
        }
    });
}
