//! Facts of the logs.

use super::{Facts, Said, Saying, Standing};
use crate::case::state::TrailRecord;
use crate::id::EvidenceId;
use crate::notice::facts::{Each, Logs};
use crate::time::utc;

impl Saying<'_> {
    pub(super) fn trails(&self, facts: &mut Facts) {
        // They are read side by side: the order in which they came says nothing.
        let mut trails: Vec<&TrailRecord> = self.state.trails.iter().collect();
        trails.sort_by(|a, b| a.trail.cmp(&b.trail));
        // A trail of which nothing came is a gap, and was not kept.
        let kept = || trails.iter().filter(|trail| !trail.evidence.is_empty());
        facts.put_each(
            "trails.saved",
            kept().map(|trail| saved(trail)),
            Standing::Fact,
        );
        let evidence: Vec<EvidenceId> = trails
            .iter()
            .flat_map(|trail| trail.evidence.clone())
            .collect();
        let gaps = self.gaps(&trails, &evidence);
        let read = kept().filter(|t| t.completeness.complete).count();
        facts.logs = Logs {
            kept: kept().count(),
            complete: kept().count() > 0 && read == trails.len() && gaps.is_empty(),
        };
        let args = vec![
            ("kept", kept().count().into()),
            ("read", read.into()),
            ("gaps", gaps.len().into()),
        ];
        let summary = vec![Said::Phrase("trails.summary", args)];
        facts.put("trails.summary", summary, evidence, Standing::Fact);
        facts.put_each("trails.gaps", gaps, Standing::Fact);
    }

    fn gaps(&self, trails: &[&TrailRecord], evidence: &[EvidenceId]) -> Each {
        let gaps = trails.iter().flat_map(|trail| {
            trail.completeness.gaps.iter().map(|gap| {
                let args = vec![
                    ("trail", trail.trail.as_str().into()),
                    ("gap", gap.as_str().into()),
                ];
                (Said::Phrase("trails.gap", args), trail.evidence.clone())
            })
        });
        let failed = self.state.inventory_failures.iter();
        let failed = failed.map(|(account, why)| {
            let args = vec![
                ("provider", account.provider.as_str().into()),
                ("why", why.as_str().into()),
            ];
            let shown = evidence.iter().take(1).cloned().collect();
            (Said::Phrase("trails.failed", args), shown)
        });
        gaps.chain(failed).collect()
    }
}

fn saved(trail: &TrailRecord) -> (Said, Vec<EvidenceId>) {
    let c = &trail.completeness;
    let mut args = vec![
        ("trail", trail.trail.as_str().into()),
        ("records", c.records.to_string().into()),
    ];
    let key = match (c.first, c.last) {
        (Some(first), Some(last)) => {
            args.push(("first", utc(first).into()));
            args.push(("last", utc(last).into()));
            if c.complete {
                "trails.saved.span.end"
            } else {
                "trails.saved.span.cut"
            }
        }
        _ if c.complete => "trails.saved.end",
        _ => "trails.saved.cut",
    };
    (Said::Phrase(key, args), trail.evidence.clone())
}
