//! Failures in a row, and whether a refusal among them is to be believed.

/// A refusal that follows upon other failures is believed when it has come more often than this in a row.
const BELIEVED: u32 = 4;

/// Tries that failed since one last did not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failures {
    all: u32,
    /// Those of them, the last ones, that were refusals.
    refusals: u32,
}

impl Failures {
    /// One more. It is a refusal where somebody has to see to the credentials or the rights.
    pub fn add(&mut self, is_refusal: bool) {
        self.all += 1;
        self.refusals = if is_refusal { self.refusals + 1 } else { 0 };
    }

    /// How many, in a row.
    pub fn in_a_row(self) -> u32 {
        self.all
    }

    /// Whether the last was a refusal.
    pub fn is_refusal(self) -> bool {
        self.refusals > 0
    }

    /// Whether it was one that will hardly change by itself: an API server that has just begun refuses for some seconds what
    /// it allows once it has read the rights.
    pub fn is_believed_refusal(self) -> bool {
        self.is_refusal() && (self.refusals == self.all || self.refusals > BELIEVED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_believed_unless_it_follows_upon_other_failures() {
        let believed = |tries: &[bool]| {
            let mut failures = Failures::default();
            tries.iter().for_each(|is_refusal| failures.add(*is_refusal));
            (failures.in_a_row(), failures.is_refusal(), failures.is_believed_refusal())
        };
        assert_eq!(believed(&[]), (0, false, false));
        assert_eq!(believed(&[true]), (1, true, true));
        assert_eq!(believed(&[true, true]), (2, true, true));
        assert_eq!(believed(&[true, false]), (2, false, false));
        assert_eq!(believed(&[false, true]), (2, true, false));
        assert_eq!(believed(&[false, true, true, true, true]), (5, true, false));
        assert_eq!(believed(&[false, true, true, true, true, true]), (6, true, true));
    }
}
