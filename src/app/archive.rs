//! Archives of repositories that a provider makes: asked for, waited for, fetched, kept.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::desk::Desk;
use crate::canon::Digest;
use crate::case::event::{Event, Source};
use crate::fault::{Fault, Result};
use crate::hostile::one_line;
use crate::http::download;
use crate::id::EvidenceId;
use crate::provider::{Archive, Archives, Cx, Progress};

/// The first wait between two looks; each next is twice as long.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest wait between two looks.
const LONGEST: Duration = Duration::from_mins(1);
/// How often the file is fetched when it breaks off; each time at a fresh address.
const FETCHES: u32 = 3;

/// An archive that was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Archived {
    /// Which provider makes it.
    pub provider: String,
    /// The provider's id of it.
    pub id: String,
    /// The full names of the repositories in it.
    pub repositories: Vec<String>,
    /// Whether it had been begun before.
    pub resumed: bool,
    /// The archive; `None` while the provider is still making it.
    pub evidence: Option<EvidenceId>,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Option<Digest>,
}

impl Archived {
    fn of(provider: &str, archive: Archive) -> Self {
        Self {
            provider: provider.to_owned(),
            id: archive.id,
            repositories: archive.repositories,
            resumed: archive.resumed,
            evidence: None,
            bytes: 0,
            sha256: None,
        }
    }

    /// One line for people.
    pub fn line(&self) -> String {
        match &self.evidence {
            Some(evidence) => format!(
                "archive {} of {}, kept as {evidence}: {} bytes",
                self.id, self.provider, self.bytes
            ),
            None => format!("{} is still making archive {}", self.provider, self.id),
        }
    }

    /// What the title of its evidence begins with.
    fn mark(&self) -> String {
        format!("Archive {} of {}: ", self.id, self.provider)
    }
}

impl Desk {
    /// Has the provider make an archive of `repositories`, waits up to `patience` for it, and keeps it.
    /// Goes on with one that was begun in this case. `tell` shows a person how far it is.
    ///
    /// # Errors
    /// No provider makes archives, the credential may not ask for them, the provider gives it up, it
    /// cannot be fetched or kept. Still being made after `patience` is no error.
    pub async fn archive(
        &self,
        repositories: &[String],
        patience: Duration,
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<Archived> {
        let until = Instant::now() + patience;
        let (provider, maker) = self
            .providers
            .iter()
            .find_map(|(name, provider)| Some((name, provider.archives()?)))
            .ok_or_else(|| {
                Fault::input("archive", "No configured provider makes archives.")
                    .hint("configure [github] with the `owner_token` of an organization owner")
            })?;
        let clock = self.log.clock();
        let cx = Cx {
            witness: &*self.recorder,
            clock: &**clock,
        };
        let since = self.log.read(|state| state.opened);
        let since = since.unwrap_or_else(|| self.now());
        tell(&format!("Asking {provider} for an archive…"));
        let archive = maker.begin(repositories, since, cx).await?;
        self.note_ours(provider, &archive).await?;
        let mut archived = Archived::of(provider, archive);
        if !self.kept(&mut archived) {
            if !made(maker, &archived, until, tell, cx).await? {
                return Ok(archived);
            }
            tell(&format!("Fetching archive {} of {provider}…", archived.id));
            self.fetch(maker, &archived, cx).await?;
            self.kept(&mut archived);
        }
        Ok(archived)
    }

    /// Notes once what of the provider's log is our own doing.
    async fn note_ours(&self, provider: &str, archive: &Archive) -> Result<()> {
        let head = format!("Archive {} of {provider} is ours", archive.id);
        let noted = self
            .log
            .read(|state| state.notes.iter().any(|(_, text)| text.starts_with(&head)));
        if noted {
            return Ok(());
        }
        let text = format!(
            "{head} (asked for by {}, {}): {} in the audit log that name {} by {} are not the account holder's.",
            self.by,
            archive.evidence,
            archive.trace,
            one_line(&archive.repositories.join(", "), 200),
            one_line(&archive.by, 100),
        );
        let note = Event::CaseNoted { text };
        self.log.append(&self.by, vec![note]).await.map(|_| ())
    }

    /// Looks for the archive among the evidence.
    fn kept(&self, archived: &mut Archived) -> bool {
        let mark = archived.mark();
        self.log.read(|state| {
            let found = state.evidence.values().find(|evidence| {
                matches!(evidence.source, Source::Exchange { .. })
                    && evidence.title.starts_with(&mark)
            });
            if let Some(found) = found {
                archived.evidence = Some(found.id.clone());
                archived.bytes = found.bytes;
                archived.sha256 = Some(found.sha256);
            }
            found.is_some()
        })
    }

    /// Fetches the archive; its address is good for minutes only, so each attempt asks for it anew.
    async fn fetch(&self, maker: &dyn Archives, archived: &Archived, cx: Cx<'_>) -> Result<()> {
        let title = format!("{}{}", archived.mark(), archived.repositories.join(", "));
        let mut attempt = 1;
        loop {
            let place = maker.place(&archived.id, cx).await?;
            match crate::evidence::archive::keep(&self.recorder, &place, &title).await {
                Err(fault) if fault.code() == download::BROKEN && attempt < FETCHES => {
                    sleep(SHORTEST).await;
                    attempt += 1;
                }
                Err(fault) => {
                    return Err(
                        fault.hint("run the same command again: the archive is still there")
                    );
                }
                Ok(_) => return Ok(()),
            }
        }
    }
}

/// Waits until the archive is made; false when time runs out.
async fn made(
    maker: &dyn Archives,
    archived: &Archived,
    until: Instant,
    tell: &(dyn Fn(&str) + Sync),
    cx: Cx<'_>,
) -> Result<bool> {
    let (id, provider) = (&archived.id, &archived.provider);
    let mut wait = SHORTEST;
    loop {
        let word = match maker.progress(id, cx).await? {
            Progress::Made => return Ok(true),
            Progress::Failed { evidence } => {
                return Err(Fault::failed(
                    "archive-failed",
                    format!("{provider} gave up making archive {id}."),
                )
                .at(evidence)
                .hint("run the same command again: it begins another archive"));
            }
            Progress::Making { word } => word,
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        tell(&format!(
            "Archive {id} of {provider}: {word}; waiting for up to {} more minutes…",
            left.as_secs().div_ceil(60)
        ));
        sleep(wait.min(left)).await;
        wait = (wait * 2).min(LONGEST);
    }
}
