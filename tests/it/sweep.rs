//! The crash sweep: a child process runs a whole case and is killed at every write of the journal and
//! at every call to a provider, once per run; the operator types the command again, and in the end
//! everything has to be as if nothing had happened.
//!
//! `CORDON_SWEEP` is the number of points to sweep, spread evenly, or `all`; `CORDON_SWEEP_THREADS`
//! how many cases run side by side.

mod judge;
mod script;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use cordon::range::fault::{Faults, Moment};
use tempfile::TempDir;

use crate::program::{Ended, Program};
use crate::staged::{Staged, Struck, small_company};
use judge::End;
use script::{Operator, SCRIPT, Step};

pub(crate) use judge::changes;

/// What a run of the tests can afford where nobody asks for more.
const DEFAULT_BUDGET: usize = 120;

/// Where the child is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The call of this number, before it is carried out or before its answer leaves.
    Call { number: usize, moment: Moment },
    /// This sync of a command, before or after it.
    Sync { step: usize, number: usize, after: bool },
}

/// What a run of the whole case came to.
struct Ran {
    end: Option<End>,
    wrong: Vec<String>,
    /// Exit codes by command.
    codes: Vec<i32>,
    /// Calls to providers.
    calls: usize,
    /// Syncs by command.
    syncs: Vec<usize>,
    /// Whether the point was reached.
    killed: bool,
    took_ms: u128,
}

#[test]
fn a_killed_case_ends_as_if_nothing_had_happened() {
    let root = tempfile::tempdir_in(fast_disk()).unwrap();
    let Some(shim) = crate::store_power::shim(root.path()) else { return };
    let began = Instant::now();
    // Calls run side by side, so that their number differs a little from run to run.
    let references: Vec<Ran> = (0..2).map(|_| whole_case(&shim, None)).collect();
    let reference = &references[0];
    for ran in &references {
        assert!(ran.wrong.is_empty(), "{:#?}", ran.wrong);
        assert!(ran.end == reference.end, "two runs without a crash differ");
    }
    let points = points(&references);
    let chosen = sample(&points);
    println!(
        "a case without a crash: {} ms, {} calls, {} syncs, exit codes {:?}",
        reference.took_ms,
        reference.calls,
        reference.syncs.iter().sum::<usize>(),
        reference.codes
    );
    let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                while let Some(point) = chosen.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let ran = whole_case(&shim, Some(*point));
                    if !ran.killed {
                        missed.fetch_add(1, Ordering::SeqCst);
                    }
                    let found = differences(reference, ran);
                    if !found.is_empty() {
                        println!("{point:?}: {found:#?}");
                        wrong.lock().unwrap().push(format!("{point:?}: {found:#?}"));
                    }
                }
            });
        }
    });
    let (wrong, missed) = (wrong.into_inner().unwrap(), missed.into_inner());
    let (of_calls, of_syncs): (Vec<Point>, Vec<Point>) =
        chosen.iter().partition(|point| matches!(point, Point::Call { .. }));
    println!(
        "swept {} of {} points ({} at calls, {} at syncs of the journal; {missed} were not reached) in {} s: {} wrong",
        chosen.len(),
        points.len(),
        of_calls.len(),
        of_syncs.len(),
        began.elapsed().as_secs(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} points end otherwise", wrong.len());
    assert!(missed * 10 <= chosen.len(), "too many points were not reached");
}

/// Every point of a case.
fn points(references: &[Ran]) -> Vec<Point> {
    let most = |count: &dyn Fn(&Ran) -> usize| references.iter().map(count).max().unwrap_or(0);
    let calls = (1..=most(&|ran| ran.calls))
        .flat_map(|number| [Moment::Arrived, Moment::Handled].map(|moment| Point::Call { number, moment }));
    let syncs = (0..SCRIPT.len()).flat_map(|step| {
        (1..=most(&|ran| ran.syncs[step]))
            .flat_map(move |number| [false, true].map(|after| Point::Sync { step, number, after }))
    });
    calls.chain(syncs).collect()
}

/// As many points as can be afforded, spread evenly.
fn sample(points: &[Point]) -> Vec<Point> {
    let budget = match crate::store_power::setting("CORDON_SWEEP").as_deref() {
        Some("all") => points.len(),
        Some(number) => number.parse().unwrap(),
        None => DEFAULT_BUDGET,
    };
    let budget = budget.clamp(1, points.len());
    (0..budget).map(|at| points[at * points.len() / budget]).collect()
}

fn threads() -> usize {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    crate::store_power::setting("CORDON_SWEEP_THREADS").map_or(cores, |text| text.parse().unwrap())
}

/// A disk in memory where there is one: what a kill leaves does not depend on the disk.
fn fast_disk() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if tempfile::tempdir_in(&memory).is_ok() { memory } else { std::env::temp_dir() }
}

fn differences(reference: &Ran, ran: Ran) -> Vec<String> {
    let mut wrong = ran.wrong;
    if ran.codes != reference.codes {
        wrong.push(format!("exit codes {:?} instead of {:?}", ran.codes, reference.codes));
    }
    if wrong.is_empty() && ran.end != reference.end {
        wrong.push(format!("ended otherwise: {:#?} instead of {:#?}", ran.end, reference.end));
    }
    wrong
}

/// Runs a whole case in a fresh world, killed at `point`.
fn whole_case(shim: &Path, point: Option<Point>) -> Ran {
    let began = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir_in(fast_disk()).unwrap();
    let program = Program::at(folder.path(), Some(folder.path().join("cordon.toml")));
    let victim = program.victim.clone();
    let faults = Faults::none().hook(move |call, moment| match point {
        Some(Point::Call { number, moment: at }) if call.number == number && moment == at => {
            victim.kill();
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    let struck = Struck { github: faults.clone(), okta: faults };
    let staged = runtime.block_on(Staged::set(folder.path(), small_company(), struck));
    staged.github.set_lag(std::time::Duration::from_millis(40));
    staged.okta.faults(|faults| faults.page_size = 40);
    let others = staged.others();
    let mut case = Case { shim, point, folder: &folder, operator: Operator::of(&staged, program), ran: Ran::new() };
    case.play();
    let Case { operator, mut ran, .. } = case;
    if ran.wrong.is_empty() {
        let dir = folder.path().join("data/cases").join(&operator.case);
        let (end, wrong) = judge::judge(&staged, &dir);
        ran.end = Some(end);
        ran.wrong.extend(wrong);
        if staged.others() != others {
            ran.wrong.push("something of somebody else changed".to_owned());
        }
    }
    ran.calls = staged.calls.calls().len();
    ran.took_ms = began.elapsed().as_millis();
    ran
}

impl Ran {
    fn new() -> Self {
        Self { end: None, wrong: Vec::new(), codes: Vec::new(), calls: 0, syncs: Vec::new(), killed: false, took_ms: 0 }
    }
}

/// A case that is being played.
struct Case<'a> {
    shim: &'a Path,
    point: Option<Point>,
    folder: &'a TempDir,
    operator: Operator<'a>,
    ran: Ran,
}

impl Case<'_> {
    fn play(&mut self) {
        for (number, step) in SCRIPT.into_iter().enumerate() {
            let t = Instant::now();
            let Some(code) = self.to_its_end(number, step) else { return };
            if self.point.is_none() { println!("{step:?} {} ms, {:?} syncs", t.elapsed().as_millis(), self.ran.syncs.last()); }
            self.ran.codes.push(code);
        }
    }

    /// Runs a command, again when it was killed; gives its exit code unless the case cannot go on.
    fn to_its_end(&mut self, number: usize, step: Step) -> Option<i32> {
        let killed_before = self.ran.killed;
        let mut ended = self.once(number, step);
        if ended.code.is_none() {
            assert!(!self.ran.killed, "killed twice");
            self.ran.killed = true;
            if step == Step::Open {
                self.look_at_what_was_opened();
            }
            ended = self.once(number, step);
        }
        let again = self.ran.killed && !killed_before;
        let code = ended.code?;
        self.operator.read(step, &ended);
        if again && self.operator.was_done(step, &ended) {
            return Some(0);
        }
        let expected = match step {
            Step::RunToTheGates => 3,
            // Doors that the short playbook does not select stay open.
            Step::RunToTheEnd => 4,
            _ => 0,
        };
        if code != expected {
            self.ran.wrong.push(format!("{step:?} ended with {code}: {}\n{}", ended.out, ended.err));
            return None;
        }
        Some(code)
    }

    fn once(&mut self, number: usize, step: Step) -> Ended {
        let args = self.operator.args(step);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = self.operator.program.command(&args);
        let count = self.folder.path().join("syncs");
        command.env("LD_PRELOAD", self.shim).env("CORDON_SHIM_ROOT", self.folder.path()).env("CORDON_SHIM_COUNT", &count);
        match self.point {
            Some(Point::Sync { step: at, number: sync, after }) if at == number && !self.ran.killed => {
                command.env("CORDON_SHIM_KILL_AT", format!("{sync}{}", if after { "+" } else { "" }));
            }
            _ => {}
        }
        let ended = self.operator.program.end(command);
        if ended.code.is_some() {
            let syncs = std::fs::read_to_string(&count).unwrap();
            self.ran.syncs.push(syncs.trim().parse().unwrap());
        }
        ended
    }

    /// What an operator sees who looks for the case whose opening was killed.
    fn look_at_what_was_opened(&mut self) {
        let listed = self.operator.program.run(&["case", "list", "--json"]);
        let cases: BTreeMap<String, String> = match listed.code {
            Some(0) => listed.json()["cases"]
                .as_array()
                .unwrap()
                .iter()
                .map(|case| (case["id"].as_str().unwrap().to_owned(), case["phase"].as_str().unwrap().to_owned()))
                .collect(),
            _ => {
                self.ran.wrong.push(format!("the cases cannot be listed: {listed:?}"));
                return;
            }
        };
        for (id, phase) in cases {
            if phase != "open" {
                self.ran.wrong.push(format!("{id} is listed as `{phase}`"));
            }
            let verified = self.operator.program.run(&["evidence", "verify", "--case", &id]);
            if verified.code != Some(0) {
                self.ran.wrong.push(format!("{id} does not verify: {verified:?}"));
            }
        }
    }
}
