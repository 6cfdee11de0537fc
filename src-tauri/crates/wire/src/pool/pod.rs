//! One pod's upgrades: who may take which, how many are kept, and which are too many. No task, no clock of its own.

use std::time::Duration;

use tokio::time::Instant;

use crate::spdy::Mux;

/// The most upgrades to one pod; more connections share. Each costs a TLS connection here, on the API server and on the
/// kubelet.
pub const EXCLUSIVE: usize = 256;

/// The most connections that share an upgrade: of its five workers none has more than two, and a client that does not
/// read holds up seven others at most.
const SHARED: usize = 8;

/// An upgrade serves so many connections: containerd before 2.0 never frees a finished stream pair.
const RETIRED: u32 = 1000;

/// A busy pod keeps so many upgrades beside those in use.
const SPARE: usize = 3;

/// Idle upgrades past that are kept for this long, since bursts come again.
const SPARED: Duration = Duration::from_secs(10);

/// An idle upgrade that does not become fit for this long has a worker that hangs.
const UNFIT: Duration = Duration::from_secs(10);

/// Between two looks for what is too many, at least.
const LOOK: Duration = Duration::from_secs(1);

/// One pod's upgrades.
#[derive(Debug, Default)]
pub(super) struct Pod {
    slots: Vec<Slot>,
    dialling: usize,
    /// How many have an interest in this pod.
    pub(super) wanted: usize,
    /// Whether the keeper looks again by itself.
    looked_after: bool,
}

#[derive(Debug)]
struct Slot {
    mux: Mux,
    taken: usize,
    served: u32,
    idle_since: Instant,
    /// Whether it was asked whether its peer is there.
    asked: bool,
}

/// What is known of the way to a pod from its upgrades, the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// There is none.
    Nothing,
    /// All there are should have answered by now.
    Silent,
    /// One was asked.
    Asked,
    /// One has answered, and not long ago.
    Proven,
}

impl Slot {
    fn is_open(&self) -> bool {
        self.served < RETIRED && self.mux.is_fit()
    }

    fn is_free(&self) -> bool {
        self.taken == 0 && self.is_open()
    }
}

impl Pod {
    /// A share in an upgrade: in an idle one, the one that was used last; past the bound, in the one that the fewest have,
    /// for one who `may_share`. That is nobody for whom another is being dialled.
    pub(super) fn take(&mut self, may_share: bool) -> Option<Mux> {
        let may_share = may_share && !self.has_room();
        let slots = &mut self.slots;
        let idle = |slots: &[Slot]| {
            let free = slots.iter().enumerate().filter(|(_, slot)| slot.is_free());
            free.max_by_key(|(_, slot)| slot.idle_since).map(|(at, _)| at)
        };
        let share = |slots: &[Slot]| {
            let open = slots.iter().enumerate().filter(|(_, slot)| slot.taken < SHARED && slot.is_open());
            open.min_by_key(|(_, slot)| slot.taken).map(|(at, _)| at)
        };
        let at = idle(slots).or_else(|| if may_share { share(slots) } else { None })?;
        let slot = &mut slots[at];
        slot.taken += 1;
        slot.served += 1;
        Some(slot.mux.clone())
    }

    /// Takes back a share. The upgrade is kept if its connection ended well and somebody may still want it.
    pub(super) fn give_back(&mut self, mux: &Mux, well: bool, now: Instant) {
        let Some(at) = self.slots.iter().position(|slot| slot.mux.is(mux)) else { return };
        let slot = &mut self.slots[at];
        slot.taken -= 1;
        slot.idle_since = now;
        let used_up = slot.served >= RETIRED || slot.mux.is_done_for();
        if slot.taken == 0 && (!well || used_up || self.wanted == 0) {
            self.slots.swap_remove(at);
        }
    }

    /// Whether one more may be dialled; then it counts as being dialled, until [`Pod::dialled`].
    pub(super) fn may_dial(&mut self) -> bool {
        let may = self.has_room();
        self.dialling += usize::from(may);
        may
    }

    fn has_room(&self) -> bool {
        self.slots.len() + self.dialling < EXCLUSIVE
    }

    /// Whether an idle upgrade is missing; then it counts as being dialled, until [`Pod::dialled`].
    pub(super) fn wants_one(&mut self) -> bool {
        self.is_short() && self.may_dial()
    }

    /// Whether an idle upgrade is missing.
    fn is_short(&self) -> bool {
        let ready = self.slots.iter().filter(|slot| slot.is_free()).count();
        self.wanted > 0 && ready + self.dialling < self.spare()
    }

    /// How many should be idle.
    fn spare(&self) -> usize {
        self.slots.iter().filter(|slot| slot.taken > 0).count().clamp(1, SPARE)
    }

    /// Whether there is something to do for the keeper that it does not know of. `surplus`: see [`Pod::trim`].
    pub(super) fn needs_keeper(&self, surplus: usize) -> bool {
        self.wanted > 0 && (self.is_short() || (!self.looked_after && self.too_many(surplus) > 0))
    }

    /// How many of the idle ones are to go, sooner or later: those past the reserve, and of the `surplus` that all pods
    /// have together what can be had here.
    fn too_many(&self, surplus: usize) -> usize {
        let idle = self.idle();
        idle.saturating_sub(self.spare()).max(surplus.min(idle))
    }

    /// A dial has ended, with an upgrade or in vain.
    pub(super) fn dialled(&mut self, mux: Option<Mux>, now: Instant) {
        self.dialling -= 1;
        if let Some(mux) = mux {
            self.slots.push(Slot { mux, taken: 0, served: 0, idle_since: now, asked: false });
        }
    }

    /// Drops idle upgrades that nobody wants, that are dead, or that have been too many for a while; when to look again, if
    /// nothing else happens. `surplus` is how many are too many to all pods.
    pub(super) fn trim(&mut self, surplus: usize, now: Instant) -> Option<Instant> {
        let wanted = self.wanted > 0;
        self.slots.retain(|slot| {
            let hangs = now >= slot.idle_since + UNFIT && !slot.mux.is_fit();
            slot.taken > 0 || (wanted && !slot.mux.is_done_for() && !hangs)
        });
        let too_many = self.too_many(surplus);
        let mut idle: Vec<Instant> =
            self.slots.iter().filter(|slot| slot.taken == 0).map(|slot| slot.idle_since).collect();
        idle.sort();
        let limit = idle[..too_many].iter().rfind(|since| now >= **since + SPARED).copied();
        if let Some(limit) = limit {
            self.slots.retain(|slot| slot.taken > 0 || slot.idle_since > limit);
        }
        let surplus = idle.first().filter(|_| too_many > 0).map(|since| *since + SPARED);
        let unfit = self.slots.iter().filter(|slot| slot.taken == 0 && !slot.mux.is_fit());
        let unfit = unfit.map(|slot| slot.idle_since + UNFIT).min();
        let look_again = surplus.into_iter().chain(unfit).min().map(|at| at.max(now + LOOK));
        self.looked_after = look_again.is_some();
        look_again
    }

    /// What is known of the way to the pod, by the best of its upgrades. One that has not said anything yet is asked, whatever
    /// the others do: its time to answer is not to begin when they have fallen silent.
    pub(super) fn known(&mut self) -> Known {
        let mut known = Known::Nothing;
        for slot in &mut self.slots {
            known = known.max(if slot.mux.is_proven() {
                Known::Proven
            } else if slot.mux.is_silent() {
                Known::Silent
            } else if slot.mux.is_done_for() {
                Known::Nothing
            } else {
                if !std::mem::replace(&mut slot.asked, true) {
                    slot.mux.ask();
                }
                Known::Asked
            });
        }
        known
    }

    /// Ends what is idle, and asks what is in use whether its peer is there.
    pub(super) fn renew(&mut self) {
        self.slots.retain(|slot| slot.taken > 0);
        self.slots.iter().for_each(|slot| slot.mux.ask());
    }

    /// Idle upgrades.
    pub(super) fn idle(&self) -> usize {
        self.slots.iter().filter(|slot| slot.taken == 0).count()
    }

    /// Whether nothing is left to know of it.
    pub(super) fn is_forgettable(&self) -> bool {
        self.wanted == 0 && self.dialling == 0 && self.slots.is_empty()
    }

    pub(super) fn upgrades(&self) -> impl Iterator<Item = &Mux> {
        self.slots.iter().map(|slot| &slot.mux)
    }
}
