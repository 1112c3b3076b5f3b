//! The crash sweep: a child process runs a whole case and is killed at every write of the journal and
//! at every call to a provider, once per run; the operator types the command again, and in the end
//! everything has to be as if nothing had happened.
//!
//! A run begins at the command that is to be killed, on a copy of what the commands before it left in a
//! run without a crash (the bytes are the same, and a case costs seconds), with a fresh world up to the
//! command that closes, and with the world that was closed behind it.
//!
//! `CORDON_SWEEP` is the number of points to sweep, spread evenly, or `all`; `CORDON_SWEEP_THREADS`
//! how many cases run side by side; `CORDON_SWEEP_STEP` keeps to the points of one command, from 0.

mod judge;
mod script;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cordon::range::fault::{Faults, Moment};
use tempfile::TempDir;

use crate::program::{Ended, Program};
use crate::staged::{Staged, Struck, approvers, small_company};
use judge::End;
use script::{Operator, SCRIPT, Step};

/// What a run of the tests can afford where nobody asks for more.
const DEFAULT_BUDGET: usize = 120;

/// Where the child is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// This call of a command, before it is carried out or before its answer leaves.
    Call {
        step: usize,
        number: usize,
        moment: Moment,
    },
    /// This sync of a command, before or after it.
    Sync {
        step: usize,
        number: usize,
        after: bool,
    },
}

impl Point {
    const fn step(self) -> usize {
        match self {
            Self::Call { step, .. } | Self::Sync { step, .. } => step,
        }
    }
}

/// What a run came to.
#[derive(Default)]
struct Ran {
    end: Option<End>,
    wrong: Vec<String>,
    /// Exit codes by command.
    codes: Vec<i32>,
    /// Calls to providers, by command.
    calls: Vec<usize>,
    /// Syncs by command.
    syncs: Vec<usize>,
    /// Whether the point was reached.
    killed: bool,
    took_ms: u128,
}

/// A run without a crash, and what it left before each command.
struct Reference {
    runtime: tokio::runtime::Runtime,
    staged: Staged,
    ran: Ran,
    case: String,
    before: Vec<TempDir>,
    _folder: TempDir,
}

#[test]
fn a_killed_case_ends_as_if_nothing_had_happened() {
    let root = tempfile::tempdir_in(fast_disk()).unwrap();
    let Some(shim) = crate::store_power::shim(root.path()) else {
        return;
    };
    let began = Instant::now();
    // Calls run side by side, so that their number differs a little from run to run.
    let references = [Reference::make(&shim), Reference::make(&shim)];
    let reference = &references[0];
    for Reference { ran, .. } in &references {
        assert!(ran.wrong.is_empty(), "{:#?}", ran.wrong);
        assert!(
            ran.end == reference.ran.end,
            "two runs without a crash differ"
        );
    }
    let mut points = points(&references);
    if let Some(step) = crate::store_writer::setting("CORDON_SWEEP_STEP") {
        let step: usize = step.parse().unwrap();
        points.retain(|point| point.step() == step);
    }
    let chosen = sample(&points);
    let Ran {
        took_ms,
        calls,
        syncs,
        codes,
        ..
    } = &reference.ran;
    println!(
        "a case without a crash: {took_ms} ms; by command: calls {calls:?}, syncs {syncs:?}, exit codes {codes:?}"
    );
    let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                while let Some(point) = chosen.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let ran = reference.again(&shim, *point);
                    if !ran.killed {
                        missed.fetch_add(1, Ordering::SeqCst);
                    }
                    let found = differences(reference, *point, ran);
                    if !found.is_empty() {
                        println!("{point:?}: {found:#?}");
                        wrong.lock().unwrap().push(format!("{point:?}: {found:#?}"));
                    }
                }
            });
        }
    });
    let (wrong, missed) = (wrong.into_inner().unwrap(), missed.into_inner());
    let (of_calls, of_syncs): (Vec<Point>, Vec<Point>) = chosen
        .iter()
        .partition(|point| matches!(point, Point::Call { .. }));
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
    assert!(
        missed * 10 <= chosen.len(),
        "too many points were not reached"
    );
}

/// Every point of a case.
fn points(references: &[Reference]) -> Vec<Point> {
    let most = |count: &dyn Fn(&Ran) -> usize| {
        references
            .iter()
            .map(|one| count(&one.ran))
            .max()
            .unwrap_or(0)
    };
    let of_step = |step: usize| {
        let calls = (1..=most(&|ran| ran.calls[step])).flat_map(move |number| {
            [Moment::Arrived, Moment::Handled].map(|moment| Point::Call {
                step,
                number,
                moment,
            })
        });
        let syncs = (1..=most(&|ran| ran.syncs[step])).flat_map(move |number| {
            [false, true].map(|after| Point::Sync {
                step,
                number,
                after,
            })
        });
        calls.chain(syncs).collect::<Vec<_>>()
    };
    (0..SCRIPT.len()).flat_map(of_step).collect()
}

/// As many points as can be afforded, spread evenly.
fn sample(points: &[Point]) -> Vec<Point> {
    let budget = match crate::store_writer::setting("CORDON_SWEEP").as_deref() {
        Some("all") => points.len(),
        Some(number) => number.parse().unwrap(),
        None => DEFAULT_BUDGET,
    };
    let budget = budget.clamp(1, points.len());
    (0..budget)
        .map(|at| points[at * points.len() / budget])
        .collect()
}

fn threads() -> usize {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    crate::store_writer::setting("CORDON_SWEEP_THREADS").map_or(cores, |text| text.parse().unwrap())
}

/// A disk in memory where there is one: what a kill leaves does not depend on the disk.
fn fast_disk() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if tempfile::tempdir_in(&memory).is_ok() {
        memory
    } else {
        std::env::temp_dir()
    }
}

fn differences(reference: &Reference, point: Point, ran: Ran) -> Vec<String> {
    let mut wrong = ran.wrong;
    let expected = &reference.ran.codes[point.step()..];
    if wrong.is_empty() && ran.codes != expected {
        wrong.push(format!(
            "exit codes {:?} instead of {expected:?}",
            ran.codes
        ));
    }
    if wrong.is_empty() && ran.end != reference.ran.end {
        wrong.push(format!(
            "ended otherwise: {:#?} instead of {:#?}",
            ran.end, reference.ran.end
        ));
    }
    wrong
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Servers with a world as it is before anything is done, with `hook` before every call.
fn world(runtime: &tokio::runtime::Runtime, folder: &Path, faults: Faults) -> Staged {
    let struck = Struck {
        github: faults.clone(),
        okta: faults,
        ..Struck::default()
    };
    let staged = runtime.block_on(Staged::set(folder, small_company(), struck));
    staged.github.set_lag(Duration::from_millis(40));
    staged.okta.faults(|faults| faults.page_size = 40);
    staged
}

fn program_in(folder: &Path) -> Program {
    Program::at(folder, Some(folder.join("cordon.toml")))
}

impl Reference {
    fn make(shim: &Path) -> Self {
        let began = Instant::now();
        let runtime = runtime();
        let folder = tempfile::tempdir_in(fast_disk()).unwrap();
        let staged = world(&runtime, folder.path(), Faults::none());
        let mut case = Case::new(
            shim,
            None,
            Operator::of(&staged, folder.path(), program_in(folder.path())),
        );
        let mut before = Vec::new();
        let (mut calls, others) = (0, staged.others());
        for number in 0..SCRIPT.len() {
            before.push(tempfile::tempdir_in(fast_disk()).unwrap());
            copy(folder.path(), before[number].path());
            if case.play(number).is_none() {
                break;
            }
            let so_far = staged.calls.calls().len();
            case.ran.calls.push(so_far - calls);
            calls = so_far;
        }
        let (mut ran, name) = (case.ran, case.operator.case);
        ran.judge(&staged, folder.path(), &name, &others);
        ran.took_ms = began.elapsed().as_millis();
        Self {
            runtime,
            ran,
            case: name,
            before,
            staged,
            _folder: folder,
        }
    }

    /// Plays the case from the command of `point` on, which is killed there.
    fn again(&self, shim: &Path, point: Point) -> Ran {
        let folder = tempfile::tempdir_in(fast_disk()).unwrap();
        let program = program_in(folder.path());
        let victim = program.victim.clone();
        let first = point.step();
        let faults = Faults::none().hook(move |call, at| match point {
            // The log of the calls begins with this command.
            Point::Call { number, moment, .. } if call.number == number && at == moment => {
                victim.kill();
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        let closing = SCRIPT
            .iter()
            .position(|step| *step == Step::RunToTheEnd)
            .unwrap();
        let fresh = (first <= closing).then(|| world(&self.runtime, folder.path(), faults));
        let staged = fresh.as_ref().unwrap_or(&self.staged);
        let before = self.before[first].path();
        copy(&before.join("data"), &folder.path().join("data"));
        if fresh.is_none() {
            copy(before, folder.path());
        } else if first > 0 {
            // The case knows the keys of the people who were there when it was opened.
            for (_, role) in approvers(&staged.company) {
                std::fs::copy(before.join("keys").join(role), staged.key(role)).unwrap();
            }
        }
        let others = staged.others();
        let mut case = Case::new(
            shim,
            Some(point),
            Operator::of(staged, folder.path(), program),
        );
        case.operator.case.clone_from(&self.case);
        (first..SCRIPT.len()).all(|number| case.play(number).is_some());
        let (mut ran, name) = (case.ran, case.operator.case);
        ran.judge(staged, folder.path(), &name, &others);
        ran
    }
}

impl Ran {
    /// Looks at what the case came to, when it came to its end.
    fn judge(&mut self, staged: &Staged, folder: &Path, case: &str, others: &[String]) {
        if !self.wrong.is_empty() {
            return;
        }
        let (end, wrong) = judge::judge(staged, &folder.join("data/cases").join(case));
        self.end = Some(end);
        self.wrong.extend(wrong);
        if staged.others() != others {
            self.wrong
                .push("something of somebody else changed".to_owned());
        }
    }
}

/// Copies a folder; what is there already is written over, and what is not there is nothing.
fn copy(from: &Path, to: &Path) {
    if from.exists() {
        crate::store::copy(from, to);
    }
}

/// A case that is being played.
struct Case<'a> {
    shim: &'a Path,
    point: Option<Point>,
    operator: Operator<'a>,
    ran: Ran,
}

impl<'a> Case<'a> {
    fn new(shim: &'a Path, point: Option<Point>, operator: Operator<'a>) -> Self {
        Self {
            shim,
            point,
            operator,
            ran: Ran::default(),
        }
    }

    /// Plays one command; `None` when the case cannot go on.
    fn play(&mut self, number: usize) -> Option<()> {
        let code = self.until_it_ends(number, SCRIPT[number])?;
        self.ran.codes.push(code);
        Some(())
    }

    /// Runs a command, again when it was killed; gives its exit code unless the case cannot go on.
    fn until_it_ends(&mut self, number: usize, step: Step) -> Option<i32> {
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
        if again && Operator::was_done(step, &ended) {
            return Some(0);
        }
        let expected = match step {
            Step::RunToTheGates => 3,
            // Doors that the short playbook does not select stay open.
            Step::RunToTheEnd => 4,
            _ => 0,
        };
        if code != expected {
            self.ran.wrong.push(format!(
                "{step:?} ended with {code}: {}\n{}",
                ended.out, ended.err
            ));
            return None;
        }
        Some(code)
    }

    fn once(&mut self, number: usize, step: Step) -> Ended {
        let args = self.operator.args(step);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = self.operator.program.command(&args);
        let count = self.operator.folder.join("syncs");
        command
            .env("LD_PRELOAD", self.shim)
            .env("CORDON_SHIM_ROOT", &self.operator.folder)
            .env("CORDON_SHIM_COUNT", &count);
        match self.point {
            Some(Point::Sync {
                step: at,
                number: sync,
                after,
            }) if at == number && !self.ran.killed => {
                command.env(
                    "CORDON_SHIM_KILL_AT",
                    format!("{sync}{}", if after { "+" } else { "" }),
                );
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
        if listed.code != Some(0) {
            let what = format!("the cases cannot be listed: {listed:?}");
            return self.ran.wrong.push(what);
        }
        for case in listed.json()["cases"].as_array().unwrap() {
            let (id, phase) = (
                case["id"].as_str().unwrap(),
                case["phase"].as_str().unwrap(),
            );
            if phase != "open" {
                self.ran.wrong.push(format!("{id} is listed as `{phase}`"));
            }
            let verified = self
                .operator
                .program
                .run(&["evidence", "verify", "--case", id]);
            if verified.code != Some(0) {
                self.ran
                    .wrong
                    .push(format!("{id} does not verify: {verified:?}"));
            }
        }
    }
}
