//! A sweep, its trials, and the counts and indices that are kept as they change.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use gliss_types::{SweepId, SweepPlan, SweepState, TrialId, TrialState};

use super::rank::Rank;
use super::trial::{Phase, Trial};
use crate::Millis;

/// One search.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    pub(super) id: SweepId,
    pub(super) plan: Box<SweepPlan>,
    pub(super) state: SweepState,
    pub(super) points: u32,
    pub(super) epochs_total: u64,
    /// Proposed trials; number `n` stands at `n - 1`.
    pub(super) trials: Vec<Trial>,
    /// Numbers of proposed trials that wait.
    pub(super) queued: BTreeSet<u32>,
    /// Numbers of trials that an attempt has.
    pub(super) live: BTreeSet<u32>,
    /// Proposed trials by state.
    pub(super) counts: [u64; 7],
    /// Trials with a score, best first.
    pub(super) ranking: BTreeSet<(Rank, u32)>,
    pub(super) submitted: Millis,
    pub(super) started: Option<Millis>,
    pub(super) ended: Option<Millis>,
    pub(super) attempts: u64,
    pub(super) epochs_done: u64,
    /// Trials that failed alike, one after the other, and the reason that they have in common.
    pub(super) alike: Option<(String, u32)>,
    /// Why the engine paused it.
    pub(super) halted: Option<String>,
}

/// Where a sweep stands among those that have a trial to lease: the higher priority first, then the fewest live trials,
/// then the oldest.
pub(super) type Place = (Reverse<i32>, usize, SweepId);

/// Where a state stands in [`TrialState::ALL`].
pub(super) fn slot_of(state: TrialState) -> usize {
    match state {
        TrialState::Queued => 0,
        TrialState::Leased => 1,
        TrialState::Running => 2,
        TrialState::Completed => 3,
        TrialState::Stopped => 4,
        TrialState::Failed => 5,
        TrialState::Cancelled => 6,
    }
}

impl Sweep {
    pub(super) fn new(id: SweepId, plan: Box<SweepPlan>, points: u32, epochs_total: u64, submitted: Millis) -> Sweep {
        Sweep {
            id,
            plan,
            state: SweepState::Active,
            points,
            epochs_total,
            trials: Vec::new(),
            queued: BTreeSet::new(),
            live: BTreeSet::new(),
            counts: [0; 7],
            ranking: BTreeSet::new(),
            submitted,
            started: None,
            ended: None,
            attempts: 0,
            epochs_done: 0,
            alike: None,
            halted: None,
        }
    }

    /// Its id.
    pub fn id(&self) -> SweepId {
        self.id
    }

    /// What it searches.
    pub fn plan(&self) -> &SweepPlan {
        &self.plan
    }

    /// Where it is in its life.
    pub fn state(&self) -> SweepState {
        self.state
    }

    /// Points of its space, which are the trials that it will have.
    pub fn points(&self) -> u32 {
        self.points
    }

    /// Epochs that all its trials ask for; 0 where unknown.
    pub fn epochs_total(&self) -> u64 {
        self.epochs_total
    }

    /// Epochs finished and stored, over all trials.
    pub fn epochs_done(&self) -> u64 {
        self.epochs_done
    }

    /// Trials proposed so far, which have the numbers from 1 to this.
    pub fn proposed(&self) -> u32 {
        // No more than points, which is a u32.
        self.trials.len() as u32
    }

    /// A proposed trial.
    pub fn trial(&self, number: u32) -> Option<&Trial> {
        self.trials.get(number.checked_sub(1)? as usize)
    }

    /// Numbers of proposed trials that wait, ascending.
    pub fn queued(&self) -> &BTreeSet<u32> {
        &self.queued
    }

    /// Numbers of trials that an attempt has, ascending.
    pub fn live(&self) -> &BTreeSet<u32> {
        &self.live
    }

    /// Trials by state, in the order of [`TrialState::ALL`]. Points that were not proposed count as queued, or as
    /// cancelled where the sweep is.
    pub fn counts(&self) -> [u64; 7] {
        let mut counts = self.counts;
        let rest = if self.state == SweepState::Cancelled { TrialState::Cancelled } else { TrialState::Queued };
        counts[slot_of(rest)] += u64::from(self.points - self.proposed());
        counts
    }

    /// Numbers of the trials with a score, best first; of equals the lowest number first.
    pub fn ranking(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranking.iter().map(|(_, number)| *number)
    }

    /// When it was submitted.
    pub fn submitted(&self) -> Millis {
        self.submitted
    }

    /// When its first attempt began, if one has.
    pub fn started(&self) -> Option<Millis> {
        self.started
    }

    /// When it finished or was cancelled, if it has been.
    pub fn ended(&self) -> Option<Millis> {
        self.ended
    }

    /// Attempts leased in all.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Whether every point is a closed trial.
    pub fn is_done(&self) -> bool {
        self.proposed() == self.points && self.queued.is_empty() && self.live.is_empty()
    }

    /// Why the engine paused it; none where a person did, or it is not paused.
    pub fn halted(&self) -> Option<&str> {
        self.halted.as_deref()
    }

    /// Why it is not to go on: too many trials failed alike.
    pub(crate) fn is_hopeless(&self) -> Option<String> {
        let limit = self.plan.conduct.give_up_after;
        let (reason, count) = self.alike.as_ref().filter(|(_, count)| limit > 0 && *count >= limit)?;
        Some(format!("{count} trials in a row failed alike: {reason}"))
    }

    /// Counts a trial that ended among those that failed alike. Reasons are alike where only numbers differ.
    pub(super) fn count_alike(&mut self, state: TrialState, reason: Option<&str>) {
        let bare = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        match (state, reason) {
            (TrialState::Completed, _) => self.alike = None,
            (TrialState::Failed, Some(reason)) => match &mut self.alike {
                Some((before, count)) if bare(before) == bare(reason) => *count = count.saturating_add(1),
                _ => self.alike = Some((reason.to_owned(), 1)),
            },
            _ => {}
        }
    }

    /// Where it stands among those that have a trial to lease; none where it has none.
    pub(super) fn place(&self) -> Option<Place> {
        self.next_trial()?;
        Some((Reverse(self.plan.conduct.priority), self.live.len(), self.id))
    }

    /// The number of the trial to lease next: the lowest that waits, else the next point. None where there is neither,
    /// or nothing may be leased now.
    pub(crate) fn next_trial(&self) -> Option<u32> {
        let full = self.plan.conduct.max_running.is_some_and(|most| self.live.len() >= most as usize);
        if self.state != SweepState::Active || full {
            return None;
        }
        let fresh = (self.proposed() < self.points).then(|| self.proposed() + 1);
        self.queued.first().copied().or(fresh)
    }

    pub(crate) fn trial_id(&self, number: u32) -> TrialId {
        TrialId { sweep: self.id, number }
    }

    /// Moves a trial from one phase to another, and it in every count and index. `number` is a proposed trial's.
    pub(super) fn move_trial(&mut self, number: u32, phase: Phase) {
        let trial = &mut self.trials[number as usize - 1];
        let old = std::mem::replace(&mut trial.phase, phase);
        self.counts[slot_of(old.state())] -= 1;
        self.queued.remove(&number);
        self.live.remove(&number);
        self.enter(number);
    }

    /// Takes in a trial that is new.
    pub(super) fn add_trial(&mut self, trial: Trial) {
        self.trials.push(trial);
        self.enter(self.proposed());
    }

    fn enter(&mut self, number: u32) {
        let phase = &self.trials[number as usize - 1].phase;
        self.counts[slot_of(phase.state())] += 1;
        match phase {
            Phase::Queued => {
                self.queued.insert(number);
            }
            Phase::Leased | Phase::Running { .. } => {
                self.live.insert(number);
            }
            Phase::Closed(closed) => {
                if let Some(summary) = &closed.summary {
                    self.ranking.insert((Rank::of(&self.plan.objective, summary.score), number));
                }
            }
        }
    }
}
