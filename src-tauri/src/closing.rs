//! What closing the window does. It is never hidden where nothing brings it back.

use portolan_engine::settings::Closing;

/// What becomes of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It closes, and all ends with it.
    Ends,
    /// It waits in the tray.
    Hides,
    /// It waits on the desktop, which has no tray.
    Minimises,
}

/// What becomes of the window that somebody closes.
pub(crate) fn fate(closing: Closing, tray: bool, tunnels: bool) -> Fate {
    match (closing, tray, tunnels) {
        (Closing::Quit, _, _) => Fate::Ends,
        (Closing::Keep, true, _) => Fate::Hides,
        (Closing::Keep, false, true) => Fate::Minimises,
        // There is nothing to keep, and no place to wait in.
        (Closing::Keep, false, false) => Fate::Ends,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_hidden_only_where_a_tray_brings_it_back() {
        let table = [
            (Closing::Keep, true, true, Fate::Hides),
            (Closing::Keep, true, false, Fate::Hides),
            (Closing::Keep, false, true, Fate::Minimises),
            (Closing::Keep, false, false, Fate::Ends),
            (Closing::Quit, true, true, Fate::Ends),
            (Closing::Quit, true, false, Fate::Ends),
            (Closing::Quit, false, true, Fate::Ends),
            (Closing::Quit, false, false, Fate::Ends),
        ];
        for (closing, tray, tunnels, expected) in table {
            assert_eq!(fate(closing, tray, tunnels), expected, "{closing:?}, tray {tray}, tunnels {tunnels}");
        }
    }
}
