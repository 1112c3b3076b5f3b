//! Mirrors of real repositories made here, and every way in which git can fail.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cordon::evidence::git::{Collected, Git, Remote};
use cordon::fault::{Fault, Result};
use cordon::secret::SecretString;
use url::Url;

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(dir)
        .args([
            "-c",
            "user.name=Example",
            "-c",
            "user.email=a@corp.example",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{args:?} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A repository with three commits, a tag, a second branch and a pull request reference.
pub(super) fn repository(dir: &Path) -> PathBuf {
    let path = dir.join("source");
    std::fs::create_dir(&path).unwrap();
    git(&path, &["init", "-q"]);
    for number in 0..3 {
        std::fs::write(path.join("file.txt"), format!("{number}\n")).unwrap();
        git(&path, &["add", "."]);
        git(&path, &["commit", "-q", "-m", &format!("change {number}")]);
    }
    git(&path, &["tag", "-a", "v1", "-m", "one"]);
    git(&path, &["branch", "side", "HEAD~1"]);
    git(&path, &["update-ref", "refs/pull/7/head", "HEAD~2"]);
    path
}

pub(super) fn remote(path: &Path) -> Remote {
    Remote::new(Url::from_directory_path(path).unwrap(), None).unwrap()
}

async fn collect(dir: &Path, remote: &Remote) -> Result<Collected> {
    let work = dir.join("work");
    std::fs::create_dir(&work).unwrap();
    Git::new(&work, remote, Duration::from_mins(1))
        .collect()
        .await
}

#[tokio::test]
async fn a_bundle_holds_every_reference() {
    let dir = tempfile::tempdir().unwrap();
    let source = repository(dir.path());
    // A hook of the source and a template of this user must not run.
    let hook = source.join(".git/hooks/post-checkout");
    std::fs::write(&hook, "#!/bin/sh\ntouch ran\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let found = collect(dir.path(), &remote(&source)).await.unwrap();
    let mut names: Vec<_> = found.refs.iter().map(|r| r.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "refs/heads/main",
            "refs/heads/side",
            "refs/pull/7/head",
            "refs/tags/v1"
        ]
    );
    assert!(found.version.starts_with("git version "));
    assert!(!source.join("ran").exists());
    // A stranger restores it from the bundle alone.
    let bundle = found.bundle.unwrap();
    git(
        dir.path(),
        &[
            "clone",
            "-q",
            "--mirror",
            bundle.to_str().unwrap(),
            "again.git",
        ],
    );
    let again = git(
        &dir.path().join("again.git"),
        &[
            "for-each-ref",
            "--format=%(objectname) %(objecttype) %(refname)",
        ],
    );
    assert_eq!(again.as_bytes(), found.listing.trim_ascii());
}

#[tokio::test]
async fn an_empty_repository_is_not_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("empty");
    std::fs::create_dir(&source).unwrap();
    git(&source, &["init", "-q"]);
    let found = collect(dir.path(), &remote(&source)).await.unwrap();
    assert!(found.refs.is_empty() && found.bundle.is_none());
    assert!(found.gaps[0].contains("empty"));
}

#[tokio::test]
async fn a_shallow_source_is_told_as_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let source = repository(dir.path());
    let url = Url::from_directory_path(&source).unwrap();
    git(
        dir.path(),
        &[
            "clone",
            "-q",
            "--bare",
            "--depth",
            "1",
            url.as_str(),
            "shallow.git",
        ],
    );
    let found = collect(dir.path(), &remote(&dir.path().join("shallow.git")))
        .await
        .unwrap();
    assert!(found.gaps[0].contains("shallow"), "{:?}", found.gaps);
    assert!(found.bundle.unwrap().exists());
}

async fn fails(remote: &Remote, program: Option<&Path>, limit: Duration) -> Fault {
    let dir = tempfile::tempdir().unwrap();
    let mut git = Git::new(dir.path(), remote, limit);
    if let Some(program) = program {
        git = git.with_program(program.to_owned());
    }
    git.collect().await.unwrap_err()
}

fn script(dir: &Path, body: &str) -> PathBuf {
    let path = dir.join("fake-git");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn every_failure_has_its_own_code() {
    let dir = tempfile::tempdir().unwrap();
    let gone = remote(&dir.path().join("gone"));
    let long = Duration::from_mins(1);
    assert_eq!(fails(&gone, None, long).await.code(), "git-refused");
    assert_eq!(
        fails(&gone, Some(Path::new("/nonexistent/git")), long)
            .await
            .code(),
        "git-missing"
    );
    let old = script(dir.path(), "echo git version 2.20.1");
    assert_eq!(fails(&gone, Some(&old), long).await.code(), "git-old");
    let slow = script(dir.path(), "exec sleep 30");
    assert_eq!(
        fails(&gone, Some(&slow), Duration::from_millis(200))
            .await
            .code(),
        "git-slow"
    );
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = Remote::new(format!("http://{closed}/x.git").parse().unwrap(), None).unwrap();
    assert_eq!(fails(&nobody, None, long).await.code(), "git-unreachable");
}

#[test]
fn only_safe_remotes_are_taken() {
    for url in [
        "ssh://git.example/x",
        "git://git.example/x",
        "http://git.example/x",
        "ext::sh -c true",
        "https://user:CANARY@git.example/x",
        "https://CANARY@git.example/x",
    ] {
        let fault = Remote::new(url.parse().unwrap(), None).unwrap_err();
        assert_eq!(fault.code(), "git-remote");
        assert!(!format!("{fault} {fault:?}").contains("CANARY"));
    }
}

/// Answers one request after the other with `answer` and gives back what was asked.
fn server(answer: String, requests: usize) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let handle = std::thread::spawn(move || {
        let mut asked = String::new();
        for _ in 0..requests {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 8192];
            let read = stream.read(&mut buffer).unwrap();
            asked.push_str(&String::from_utf8_lossy(&buffer[..read]));
            stream.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    (address, handle)
}

fn answer(status: &str, header: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{header}content-length: 0\r\nconnection: close\r\n\r\n")
}

#[tokio::test]
async fn a_credential_goes_to_its_origin_only_and_into_no_error() {
    let header = SecretString::from("Authorization: Bearer CANARY-5c1f");
    let (refusing, asked) = server(
        answer(
            "401 Unauthorized",
            "www-authenticate: Basic realm=\"x\"\r\n",
        ),
        1,
    );
    let url = format!("http://{refusing}/x.git").parse().unwrap();
    let fault = fails(
        &Remote::new(url, Some(header.clone())).unwrap(),
        None,
        Duration::from_mins(1),
    )
    .await;
    assert_eq!(fault.code(), "git-refused");
    assert!(!format!("{fault} {fault:?}").contains("CANARY"));
    assert!(
        asked
            .join()
            .unwrap()
            .contains("Authorization: Bearer CANARY-5c1f")
    );

    let thief = TcpListener::bind("127.0.0.1:0").unwrap();
    thief.set_nonblocking(true).unwrap();
    let to = format!(
        "location: http://{}/x.git/info/refs\r\n",
        thief.local_addr().unwrap()
    );
    let (moved, asked) = server(answer("302 Found", &to), 1);
    let url = format!("http://{moved}/x.git").parse().unwrap();
    fails(
        &Remote::new(url, Some(header)).unwrap(),
        None,
        Duration::from_mins(1),
    )
    .await;
    asked.join().unwrap();
    assert!(thief.accept().is_err(), "the redirect was followed");
}

#[tokio::test]
async fn a_credential_is_never_an_argument() {
    let dir = tempfile::tempdir().unwrap();
    let note = dir.path().join("note");
    let body = format!(
        "echo \"args $* value $GIT_CONFIG_VALUE_0 prompt $GIT_TERMINAL_PROMPT\" >> {}\ncase \"$*\" in *version) echo git version 2.47.3;; *) exit 1;; esac",
        note.display()
    );
    let fake = script(dir.path(), &body);
    let header = SecretString::from("Authorization: Bearer CANARY-77aa");
    let remote = Remote::new("https://git.example/x.git".parse().unwrap(), Some(header)).unwrap();
    assert_eq!(
        fails(&remote, Some(&fake), Duration::from_mins(1))
            .await
            .code(),
        "git-failed"
    );
    let note = std::fs::read_to_string(note).unwrap();
    assert!(note.lines().all(|line| {
        let (args, rest) = line.split_once(" value ").unwrap();
        !args.contains("CANARY") && rest == "Authorization: Bearer CANARY-77aa prompt 0"
    }));
    assert!(note.contains("protocol.allow=never") && note.contains("protocol.https.allow=always"));
}
