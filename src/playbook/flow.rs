//! Which step comes before which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Playbook, Step};

/// The order that the needs of a playbook's steps make. Needs that no step answers are left out, and
/// of two steps with the same id the first counts.
#[derive(Debug)]
pub struct Flow<'a> {
    /// The steps that can start one after another, in the order of the file where that is free.
    pub sorted: Vec<&'a Step>,
    /// Rings of steps that wait for each other, each in the order in which one needs the next.
    pub rings: Vec<Vec<&'a str>>,
    /// Steps that wait for a ring.
    pub unreachable: Vec<&'a str>,
    needs: BTreeMap<&'a str, Vec<&'a str>>,
    before: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Flow<'a> {
    /// The order of the steps of `playbook`, unreadable ones included.
    pub fn of(playbook: &'a Playbook) -> Self {
        let mut needs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (id, list) in &playbook.source.broken {
            needs.insert(id, list.iter().map(String::as_str).collect());
        }
        for step in &playbook.steps {
            let list = || step.needs.iter().map(String::as_str).collect();
            needs.entry(&step.id).or_insert_with(list);
        }
        let known: BTreeSet<&str> = needs.keys().copied().collect();
        for list in needs.values_mut() {
            list.retain(|need| known.contains(need));
        }
        let before = needs
            .keys()
            .map(|id| (*id, ancestors(id, &needs)))
            .collect();
        let mut flow = Self {
            sorted: Vec::new(),
            rings: Vec::new(),
            unreachable: Vec::new(),
            needs,
            before,
        };
        flow.find_rings();
        flow.sort(playbook);
        flow
    }

    /// Every step that has to end before `id` starts.
    pub fn before(&self, id: &str) -> impl Iterator<Item = &'a str> {
        self.before.get(id).into_iter().flatten().copied()
    }

    /// Whether `first` has to end before `then` starts.
    pub fn precedes(&self, first: &str, then: &str) -> bool {
        self.before
            .get(then)
            .is_some_and(|before| before.contains(first))
    }

    /// The steps that can never start, seen as if those in `done` had ended.
    fn stuck(&self, done: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
        let mut stuck: BTreeSet<&str> = self.needs.keys().copied().collect();
        stuck.retain(|id| !done.contains(id));
        loop {
            let free: Vec<&str> = stuck
                .iter()
                .copied()
                .filter(|id| !self.needs_of(id).any(|need| stuck.contains(need)))
                .collect();
            if free.is_empty() {
                return stuck;
            }
            for id in free {
                stuck.remove(id);
            }
        }
    }

    fn needs_of(&self, id: &str) -> impl Iterator<Item = &'a str> {
        self.needs.get(id).into_iter().flatten().copied()
    }

    fn find_rings(&mut self) {
        let all = self.stuck(&BTreeSet::new());
        let mut done = BTreeSet::new();
        let mut stuck = all.clone();
        while let Some(start) = stuck.first() {
            let mut path = vec![*start];
            let ring = loop {
                let last = path.last().copied().unwrap_or_default();
                let Some(next) = self.needs_of(last).find(|need| stuck.contains(need)) else {
                    break path;
                };
                if let Some(at) = path.iter().position(|id| *id == next) {
                    break path.split_off(at);
                }
                path.push(next);
            };
            done.extend(ring.iter().copied());
            self.rings.push(ring);
            stuck = self.stuck(&done);
        }
        self.unreachable = all.difference(&done).copied().collect();
    }

    fn sort(&mut self, playbook: &'a Playbook) {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&Step> = playbook
            .steps
            .iter()
            .filter(|step| seen.insert(step.id.as_str()))
            .collect();
        let mut done: BTreeSet<&str> = playbook.source.broken.keys().map(String::as_str).collect();
        while let Some(at) = waiting
            .iter()
            .position(|step| self.needs_of(&step.id).all(|need| done.contains(need)))
        {
            let step = waiting.remove(at);
            done.insert(&step.id);
            self.sorted.push(step);
        }
    }
}

/// Every step that `id` needs, directly or through others.
fn ancestors<'a>(id: &str, needs: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = needs.get(id).into_iter().flatten().copied().collect();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(needs.get(next).into_iter().flatten());
        }
    }
    found
}
