//! Which steps are free to begin: pure bookkeeping over the edges of a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::Plan;

/// What became of a step, as far as the steps behind it are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It ended; what needs it goes on.
    On,
    /// A gate that a person shut: what names it is barred.
    Shut,
    /// Skipped because of a shut gate: what needs nothing else is barred too.
    Barred,
}

#[derive(Debug, Default)]
struct Node {
    /// Steps that need this one.
    behind: Vec<usize>,
    /// Needs that have not ended.
    left: usize,
    /// Needs in all, and how many of them were barred or shut.
    needs: usize,
    barred: usize,
    /// A gate that it names was shut.
    shut: bool,
    ended: bool,
}

/// The edges of a plan and what has ended.
#[derive(Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    free: BTreeSet<usize>,
    left: usize,
}

impl Graph {
    /// A plan of which nothing has ended. Needs that are not in the plan are left out: the start
    /// refuses such a plan.
    pub(super) fn new(plan: &Plan) -> Self {
        let places: BTreeMap<_, _> = (plan.steps.iter().enumerate())
            .map(|(place, step)| (step.id.as_str(), place))
            .collect();
        let mut nodes: Vec<Node> = plan.steps.iter().map(|_| Node::default()).collect();
        for (place, step) in plan.steps.iter().enumerate() {
            let needs: BTreeSet<_> = step
                .needs
                .iter()
                .filter_map(|need| places.get(need.as_str()))
                .collect();
            for need in &needs {
                if let Some(node) = nodes.get_mut(**need) {
                    node.behind.push(place);
                }
            }
            if let Some(node) = nodes.get_mut(place) {
                node.left = needs.len();
                node.needs = needs.len();
            }
        }
        let free = (nodes.iter().enumerate())
            .filter(|(_, node)| node.left == 0)
            .map(|(place, _)| place)
            .collect();
        let left = nodes.len();
        Self { nodes, free, left }
    }

    /// Takes out every step that is free to begin, in plan order.
    pub(super) fn take_free(&mut self) -> BTreeSet<usize> {
        std::mem::take(&mut self.free)
    }

    /// Puts a step back that may not begin yet.
    pub(super) fn put_back(&mut self, place: usize) {
        self.free.insert(place);
    }

    /// Whether a shut gate bars a step that is free.
    pub(super) fn is_barred(&self, place: usize) -> bool {
        (self.nodes.get(place))
            .is_some_and(|node| node.shut || (node.needs > 0 && node.barred == node.needs))
    }

    /// Whether a shut gate bars every step behind this one that `acts`, and there is one.
    pub(super) fn bars_all_behind(&self, place: usize, acts: impl Fn(usize) -> bool) -> bool {
        let behind = self.nodes.get(place).map_or(&[][..], |node| &node.behind);
        let mut acting = behind.iter().filter(|behind| acts(**behind)).peekable();
        acting.peek().is_some()
            && acting.all(|behind| self.nodes.get(*behind).is_some_and(|node| node.shut))
    }

    /// A step has ended.
    pub(super) fn end(&mut self, place: usize, way: Way) {
        let Some(node) = self.nodes.get_mut(place) else {
            return;
        };
        if std::mem::replace(&mut node.ended, true) {
            return;
        }
        self.left -= 1;
        self.free.remove(&place);
        for behind in std::mem::take(&mut node.behind) {
            let Some(node) = self.nodes.get_mut(behind) else {
                continue;
            };
            node.left -= 1;
            node.barred += usize::from(way != Way::On);
            node.shut |= way == Way::Shut;
            if node.left == 0 && !node.ended {
                self.free.insert(behind);
            }
        }
    }

    /// Whether every step has ended.
    pub(super) const fn is_done(&self) -> bool {
        self.left == 0
    }
}
