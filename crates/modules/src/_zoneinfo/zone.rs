//! The transitions of a time zone, without objects.
//!
//! Local times are looked up in the transitions as the clock on the wall shows
//! them: for `fold=0` and for `fold=1`.

use super::rule::{Saving, TzString};

/// What a TZif file holds.
#[derive(Default)]
pub(super) struct Data {
    /// The kind of time that each transition begins, and when.
    pub(super) kinds: Vec<usize>,
    pub(super) moments: Vec<i64>,
    /// The kinds: seconds east of UTC, and whether it is a saving time.
    pub(super) offsets: Vec<i64>,
    pub(super) are_saving: Vec<bool>,
}

/// Which time holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// A kind of the file.
    Kind(usize),
    /// Those of the TZ string.
    Standard,
    Saving,
}

pub(super) struct Zone {
    kinds: Vec<usize>,
    moments: Vec<i64>,
    /// The moments on the wall, by `fold`.
    walls: [Vec<i64>; 2],
    offsets: Vec<i64>,
    /// By how much each kind differs from standard time.
    pub(super) savings: Vec<i64>,
    before: Option<usize>,
    pub(super) rule: Option<TzString>,
}

/// How many transitions are not behind a moment.
fn count_until(moments: &[i64], moment: i64) -> usize {
    moments.partition_point(|transition| *transition <= moment)
}

impl Zone {
    pub(super) fn new(data: Data, rule: Option<TzString>) -> Zone {
        let savings = data.savings();
        let walls = data.walls();
        let first_standard = data.are_saving.iter().position(|is_saving| !is_saving);
        let before = first_standard.or_else(|| data.kinds.first().copied());
        let Data { kinds, moments, offsets, .. } = data;
        Zone { kinds, moments, walls, offsets, savings, before, rule }
    }

    fn saving(&self) -> Option<&Saving> {
        self.rule.as_ref()?.saving.as_ref()
    }

    /// What holds when the rule does not change: its standard time, or the last
    /// kind of the file.
    fn after(&self) -> Option<Which> {
        if self.rule.is_some() {
            return Some(Which::Standard);
        }
        let last = self.kinds.last().copied();
        last.or_else(|| self.offsets.len().checked_sub(1)).map(Which::Kind)
    }

    /// What holds at all times, if one thing does.
    pub(super) fn always(&self, agrees: impl Fn(usize, &TzString) -> bool) -> Option<Which> {
        if self.offsets.len() > 1 || self.saving().is_some() {
            return None;
        }
        match (&self.rule, self.offsets.len()) {
            (Some(rule), 1) if !agrees(0, rule) => None,
            _ => self.after(),
        }
    }

    fn before(&self) -> Option<Which> {
        self.before.map(Which::Kind)
    }

    fn kind_at(&self, transition: usize) -> Option<Which> {
        self.kinds.get(transition).copied().map(Which::Kind)
    }

    /// What holds at a moment of the clock on the wall.
    pub(super) fn at_local(&self, moment: i64, year: i64, fold: bool) -> Option<Which> {
        let [first, second] = &self.walls;
        let wall = if fold { second } else { first };
        if wall.first().is_some_and(|first| moment < *first) {
            return self.before();
        }
        if wall.last().is_none_or(|last| moment > *last) {
            return match self.saving() {
                Some(saving) => Some(saving.at_local(moment, year, fold)),
                None => self.after(),
            };
        }
        self.kind_at(count_until(wall, moment).checked_sub(1)?)
    }

    /// What holds at a moment of UTC, and whether the clock shows it again.
    pub(super) fn at_utc(&self, moment: i64, year: i64) -> Option<(Which, bool)> {
        let Some(last) = self.moments.last() else { return self.behind(moment, year) };
        let Some(transition) = count_until(&self.moments, moment).checked_sub(1) else {
            return Some((self.before()?, false));
        };
        let previous = match transition.checked_sub(1) {
            Some(previous) => self.kind_at(previous)?,
            None => self.before()?,
        };
        let (which, fold) = match moment > *last {
            true => self.behind(moment, year)?,
            false => (self.kind_at(transition)?, false),
        };
        // The clock went back by this much.
        let shift = self.offset(previous) - self.offset(which);
        let since = moment - self.moments.get(transition)?;
        Some((which, fold || shift > since))
    }

    /// What holds behind the last transition.
    fn behind(&self, moment: i64, year: i64) -> Option<(Which, bool)> {
        match self.saving() {
            Some(saving) => Some(saving.at_utc(moment, year)),
            None => Some((self.after()?, false)),
        }
    }

    /// Seconds east of UTC.
    pub(super) fn offset(&self, which: Which) -> i64 {
        let rule = self.rule.as_ref();
        match which {
            Which::Kind(kind) => self.offsets.get(kind).copied().unwrap_or(0),
            Which::Standard => rule.map_or(0, |rule| rule.standard.offset),
            Which::Saving => self.saving().map_or(0, |saving| saving.time.offset),
        }
    }
}

impl Data {
    fn offset(&self, kind: usize) -> i64 {
        self.offsets.get(kind).copied().unwrap_or(0)
    }

    fn is_saving(&self, kind: usize) -> bool {
        self.are_saving.get(kind).copied().unwrap_or(false)
    }

    /// By how much the kinds differ from standard time: the file tells only
    /// whether they do, so what comes before or behind is compared with.
    fn savings(&self) -> Vec<i64> {
        let count = self.offsets.len();
        let mut savings = vec![0; count];
        for (index, &kind) in self.kinds.iter().enumerate().skip(1) {
            let is_known = savings.get(kind).is_none_or(|saving| *saving != 0);
            if is_known || !self.is_saving(kind) {
                continue;
            }
            let difference = |other: Option<usize>| {
                let other = other.and_then(|other| self.kinds.get(other)).copied()?;
                (!self.is_saving(other)).then(|| self.offset(kind) - self.offset(other))
            };
            let mut saving = difference(index.checked_sub(1)).unwrap_or(0);
            if saving == 0 && kind + 1 < count {
                saving = difference(Some(index + 1)).unwrap_or(0);
            }
            if let Some(place) = savings.get_mut(kind) {
                *place = saving;
            }
        }
        for (saving, is_saving) in savings.iter_mut().zip(&self.are_saving) {
            // An hour is the best guess.
            if *is_saving && *saving == 0 {
                *saving = 3600;
            }
        }
        savings
    }

    /// The moments on the wall: the clock shows the later time for `fold=0`.
    fn walls(&self) -> [Vec<i64>; 2] {
        let mut walls = [Vec::new(), Vec::new()];
        let mut previous = 0;
        for (&moment, &kind) in self.moments.iter().zip(&self.kinds) {
            let (one, other) = (self.offset(previous), self.offset(kind));
            walls[0].push(moment.saturating_add(one.max(other)));
            walls[1].push(moment.saturating_add(one.min(other)));
            previous = kind;
        }
        walls
    }
}
