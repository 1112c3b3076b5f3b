//! Repositories as evidence: a mirror and a bundle, made by the `git` program.
//!
//! The program runs without a prompt, hooks, system or user configuration, and may speak only the
//! protocol of the remote. A credential reaches it through its environment, never its arguments,
//! and only for the origin of the remote. What git cannot mirror is told as a gap.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use url::Url;

use super::recorder::{Label, Recorder};
use crate::case::event::Source;
use crate::fault::{Fault, Result, io};
use crate::hostile::one_line;
use crate::id::EvidenceId;
use crate::secret::{ExposeSecret as _, SecretString};

/// `GIT_CONFIG_COUNT`, which keeps a credential out of the arguments, came with this version.
const MINIMUM: (u32, u32) = (2, 31);
/// The largest output that is taken from git, bytes: about 600,000 refs.
const OUTPUT_LIMIT: u64 = 64 * 1024 * 1024;
/// How much of what git says about a failure is kept, bytes.
const ERROR_LIMIT: u64 = 64 * 1024;
/// Variables that would change what git does or write its traffic to a file.
const UNSET: [&str; 30] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_PROXY_COMMAND",
    "GIT_TEMPLATE_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_ALLOW_PROTOCOL",
    "GIT_SHALLOW_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_TRACE",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_SETUP",
    "GIT_TRACE_CURL",
    "GIT_TRACE_CURL_NO_DATA",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_CURL_VERBOSE",
];

/// A repository to mirror.
#[derive(Debug, Clone)]
pub struct Remote {
    url: Url,
    header: Option<SecretString>,
}

impl Remote {
    /// A repository behind `url`: `https`, `http` on this machine, or `file`. `header` is a whole
    /// header line such as `Authorization: Bearer …`; it is sent to this origin only.
    ///
    /// # Errors
    /// Another protocol, or a credential inside the URL.
    pub fn new(url: Url, header: Option<SecretString>) -> Result<Self> {
        let bad = |what: &str| Fault::input("git-remote", what.to_owned());
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        match url.scheme() {
            "https" | "file" => {}
            "http" if local => {}
            _ => {
                return Err(bad(
                    "A repository is mirrored over https or from a folder only.",
                ));
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            // The URL is not repeated: it may hold a secret.
            return Err(bad("The URL of the repository holds a credential.")
                .hint("name the credential in the settings instead"));
        }
        Ok(Self { url, header })
    }

    /// A repository named by a person: a URL, or the folder of a repository on this machine.
    ///
    /// # Errors
    /// As [`Self::new`]; neither a URL nor a folder that is there.
    pub fn named(name: &str, header: Option<SecretString>) -> Result<Self> {
        let path = Path::new(name);
        let url = if path.exists() {
            let folder = std::fs::canonicalize(path).map_err(io("find the repository", path))?;
            Url::from_file_path(&folder).ok()
        } else {
            Url::parse(name).ok()
        };
        let url = url.ok_or_else(|| {
            Fault::input("git-remote", "This is neither a folder nor an address.")
                .at(name.escape_debug())
                .hint("give a path, or an https address")
        })?;
        Self::new(url, header)
    }

    /// The URL, without a credential.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// What the header is limited to: scheme, host and port.
    fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// One reference of a repository, as `git for-each-ref` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ref {
    /// `refs/heads/main`. Hostile text.
    pub name: String,
    /// `commit`, `tag`, …
    pub kind: String,
    /// The object's id.
    pub object: String,
}

/// A mirror as collected, before it becomes evidence.
#[derive(Debug)]
pub struct Collected {
    /// The version line of git.
    pub version: String,
    /// The raw listing of the references.
    pub listing: Vec<u8>,
    /// The listing, read.
    pub refs: Vec<Ref>,
    /// The bundle; `None` when the repository is empty.
    pub bundle: Option<PathBuf>,
    /// What git said about the bundle.
    pub verified: Vec<u8>,
    /// What the bundle does not hold, and why.
    pub gaps: Vec<String>,
}

/// The `git` program in one folder.
#[derive(Debug)]
pub struct Git<'a> {
    program: PathBuf,
    dir: &'a Path,
    remote: &'a Remote,
    limit: Duration,
}

/// The arguments of the clone, for the record.
pub const CLONE: [&str; 5] = ["clone", "--mirror", "--quiet", "--template=", "--"];
/// The arguments of the listing, for the record.
pub const LIST: [&str; 2] = [
    "for-each-ref",
    "--format=%(objectname) %(objecttype) %(refname)",
];
/// The arguments of the bundle, for the record.
pub const BUNDLE: [&str; 5] = [
    "bundle",
    "create",
    "--quiet",
    "../repository.bundle",
    "--all",
];

impl<'a> Git<'a> {
    /// Works in the empty folder `dir`; each call of git may take `limit`.
    pub fn new(dir: &'a Path, remote: &'a Remote, limit: Duration) -> Self {
        let program = PathBuf::from("git");
        Self {
            program,
            dir,
            remote,
            limit,
        }
    }

    /// Uses another program than the `git` of the search path.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// Mirrors the repository, lists its references, bundles all of them and has git check the
    /// bundle.
    ///
    /// # Errors
    /// `git-missing`, `git-old`, `git-refused`, `git-unreachable`, `git-slow`, `git-failed`.
    pub async fn collect(&self) -> Result<Collected> {
        let version = self.version().await?;
        let mirror = self.dir.join("mirror.git");
        let mut clone = CLONE.to_vec();
        clone.extend([self.remote.url.as_str(), "mirror.git"]);
        self.run(self.dir, &clone).await?;
        let listing = self.run(&mirror, &LIST).await?;
        let refs = read_refs(&listing);
        let mut gaps = vec![
            "files in Git LFS and the content of submodules are not in a bundle".to_owned(),
            "references that the server hides and objects that no reference reaches are not sent"
                .to_owned(),
        ];
        let shallow = self
            .run(&mirror, &["rev-parse", "--is-shallow-repository"])
            .await?;
        if shallow.trim_ascii() == b"true" {
            gaps.insert(
                0,
                "the source is shallow: it lacks the older history".to_owned(),
            );
        }
        if refs.is_empty() {
            gaps.insert(
                0,
                "the repository is empty: there is nothing to bundle".to_owned(),
            );
            return Ok(Collected {
                version,
                listing,
                refs,
                bundle: None,
                verified: Vec::new(),
                gaps,
            });
        }
        self.run(&mirror, &BUNDLE).await?;
        let verified = self
            .run(&mirror, &["bundle", "verify", "../repository.bundle"])
            .await?;
        Ok(Collected {
            version,
            listing,
            refs,
            bundle: Some(self.dir.join("repository.bundle")),
            verified,
            gaps,
        })
    }

    async fn version(&self) -> Result<String> {
        let line = self.run(self.dir, &["version"]).await?;
        let line = one_line(&String::from_utf8_lossy(&line), 200);
        let mut numbers = line
            .strip_prefix("git version ")
            .unwrap_or_default()
            .split('.')
            .map(|part| part.parse().unwrap_or(0));
        let found: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found < MINIMUM {
            return Err(Fault::failed(
                "git-old",
                format!(
                    "`{line}` is too old; {}.{} or newer is needed.",
                    MINIMUM.0, MINIMUM.1
                ),
            )
            .hint("install a newer git"));
        }
        Ok(line)
    }

    /// The program with everything switched off that could prompt, run, redirect or trace.
    fn command(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        for name in UNSET {
            command.env_remove(name);
        }
        command
            .current_dir(dir)
            .env("HOME", self.dir)
            .env("XDG_CONFIG_HOME", self.dir)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("LC_ALL", "C");
        let allow = format!("protocol.{}.allow=always", self.remote.url.scheme());
        for setting in [
            "protocol.allow=never",
            "protocol.ext.allow=never",
            &allow,
            "core.hooksPath=/dev/null",
            "core.fsmonitor=false",
            "credential.helper=",
            "http.followRedirects=false",
            "http.cookieFile=",
            "fetch.recurseSubmodules=false",
            "gc.auto=0",
            "maintenance.auto=false",
        ] {
            command.args(["-c", setting]);
        }
        match &self.remote.header {
            Some(header) => command
                .env("GIT_CONFIG_COUNT", "1")
                .env(
                    "GIT_CONFIG_KEY_0",
                    format!("http.{}/.extraHeader", self.remote.origin()),
                )
                .env("GIT_CONFIG_VALUE_0", header.expose_secret()),
            None => command.env_remove("GIT_CONFIG_COUNT"),
        };
        command
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, dir: &Path, args: &[&str]) -> Result<Vec<u8>> {
        let verb = args.first().copied().unwrap_or_default();
        let failed = |code, what: &str| {
            Fault::failed(code, what.to_owned()).at(format!("git {verb} of {}", self.remote.url))
        };
        let mut child = self.command(dir, args).spawn().map_err(|error| {
            failed("git-missing", "The program `git` could not be started.")
                .caused_by(error)
                .hint("install git, or leave the mirror out")
        })?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(failed("git-failed", "git gives no output."));
        };
        let work = async {
            let ((output, whole), (said, _)) =
                tokio::try_join!(bounded(stdout, OUTPUT_LIMIT), bounded(stderr, ERROR_LIMIT))?;
            std::io::Result::Ok((output, whole, said, child.wait().await?))
        };
        let (output, whole, said, status) = tokio::time::timeout(self.limit, work)
            .await
            .map_err(|_| {
                failed("git-slow", "git did not end in time and was stopped.")
                    .hint("give it more time, or mirror by hand and add the bundle as a file")
            })?
            .map_err(|error| failed("git-failed", "git could not be followed.").caused_by(error))?;
        if !status.success() {
            return Err(self.judge(&String::from_utf8_lossy(&said), failed));
        }
        if !whole {
            return Err(failed(
                "git-failed",
                "git gave more output than can be taken.",
            ));
        }
        Ok(output)
    }

    /// What a failure of git means for the person.
    fn judge(&self, said: &str, failed: impl Fn(&'static str, &str) -> Fault) -> Fault {
        let mut said = one_line(said, 600);
        if let Some(header) = &self.remote.header {
            said = said.replace(header.expose_secret(), "[redacted]");
        }
        let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let fault = if any(&[
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "error: 401",
            "error: 403",
            "error: 404",
            "not found",
            "does not appear to be a git repository",
            "does not exist",
        ]) {
            failed(
                "git-refused",
                "The repository is not there, or the credential may not read it.",
            )
            .hint("check that the credential may read the contents of this repository")
        } else if any(&[
            "Could not resolve",
            "Failed to connect",
            "Connection",
            "timed out",
            "SSL",
        ]) {
            failed(
                "git-unreachable",
                "The server of the repository could not be reached.",
            )
        } else if any(&["unable to update url base from redirection", "redirect"]) {
            failed(
                "git-redirected",
                "The server of the repository points to another place.",
            )
            .hint("give the URL that it points to")
        } else {
            failed("git-failed", "git failed.")
        };
        fault.caused_by(said)
    }
}

/// Reads up to `limit` bytes and lets the rest go by; says whether that was all.
async fn bounded(
    stream: impl tokio::io::AsyncRead + Unpin,
    limit: u64,
) -> std::io::Result<(Vec<u8>, bool)> {
    let mut kept = Vec::new();
    let mut stream = stream.take(limit);
    stream.read_to_end(&mut kept).await?;
    let mut rest = stream.into_inner();
    let passed = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok((kept, passed == 0))
}

fn read_refs(listing: &[u8]) -> Vec<Ref> {
    String::from_utf8_lossy(listing)
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, ' ');
            Some(Ref {
                object: parts.next()?.to_owned(),
                kind: parts.next()?.to_owned(),
                name: parts.next()?.to_owned(),
            })
        })
        .collect()
}

/// A repository that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bundled {
    /// The listing of its references.
    pub listing: EvidenceId,
    /// The bundle; `None` when the repository is empty.
    pub bundle: Option<EvidenceId>,
    /// How many references.
    pub refs: u64,
    /// How many bytes the bundle has.
    pub bytes: u64,
    /// What is not in the bundle, and why.
    pub gaps: Vec<String>,
}

/// Mirrors a repository and keeps the listing of its references and a bundle of all of them as
/// evidence. Each call of git may take `limit`. The mirror itself is removed.
///
/// # Errors
/// As [`Git::collect`]; nothing is kept then.
pub async fn bundle(recorder: &Recorder, remote: &Remote, limit: Duration) -> Result<Bundled> {
    let work = Work::begin(recorder.log().dir())?;
    let found = Git::new(&work.0, remote, limit).collect().await?;
    let about = remote.url.as_str();
    let command = |args: &[&str]| {
        std::iter::once("git")
            .chain(args.iter().copied())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let listing = recorder
        .keep_program_output(
            command(&LIST),
            &found.version,
            &format!("References of {about}"),
            found.listing.into(),
        )
        .await?;
    let mut bundled = Bundled {
        listing,
        bundle: None,
        refs: found.refs.len() as u64,
        bytes: 0,
        gaps: found.gaps,
    };
    if let Some(path) = found.bundle {
        bundled.bytes = std::fs::metadata(&path)
            .map_err(io("look at the bundle", &path))?
            .len();
        let label = Label {
            title: format!("Bundle of {about}, verified by git"),
            media_type: "application/x-git-bundle".to_owned(),
            source: Source::Program {
                command: command(&BUNDLE),
                version: found.version,
            },
        };
        bundled.bundle = Some(recorder.keep_path_as(&path, label).await?);
    }
    Ok(bundled)
}

/// A folder in the case that is removed at the end, however that comes.
pub(super) struct Work(pub(super) PathBuf);

impl Work {
    pub(super) fn begin(case: &Path) -> Result<Self> {
        let path = case.join("work").join(EvidenceId::fresh().as_str());
        std::fs::create_dir_all(&path).map_err(io("make the folder", &path))?;
        Ok(Self(path))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
