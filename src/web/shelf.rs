//! What pages read of kept evidence, in memory for the next page. A notice is looked at many times, its
//! texts and facts never change, and opening the store of the case takes longer than the page.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::Web;
use crate::access::{Ability, Principal};
use crate::app::Desk;
use crate::app::reader::Shelf;
use crate::canon::Digest;
use crate::case::event::Evidence;
use crate::fault::Result;
use crate::id::CaseId;

/// How much is kept, and the largest item, bytes.
const KEPT: usize = 16 * 1024 * 1024;
const ITEM: usize = 1024 * 1024;

/// What was read last, of all cases. Counsel's words are among it: it is never written out.
#[derive(Default)]
pub struct Lately(Mutex<Inner>);

impl std::fmt::Debug for Lately {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lately").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Inner {
    items: BTreeMap<(CaseId, Digest), (Bytes, u64)>,
    bytes: usize,
    /// Counts the reads: the smallest was used the longest time ago.
    reads: u64,
}

impl Lately {
    fn get(&self, case: &CaseId, digest: Digest) -> Option<Bytes> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.reads += 1;
        let read = inner.reads;
        let (bytes, used) = inner.items.get_mut(&(case.clone(), digest))?;
        *used = read;
        Some(bytes.clone())
    }

    fn put(&self, case: &CaseId, digest: Digest, bytes: &Bytes) {
        if bytes.len() > ITEM {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let item = (bytes.clone(), inner.reads);
        let before = inner.items.insert((case.clone(), digest), item);
        inner.bytes += bytes.len() - before.map_or(0, |(bytes, _)| bytes.len());
        while inner.bytes > KEPT {
            let oldest = inner.items.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            let gone = inner.items.remove(&oldest);
            inner.bytes -= gone.map_or(0, |(bytes, _)| bytes.len());
        }
    }
}

/// The evidence of a case: from memory, else from its store, which is opened once for a page.
pub(super) struct Case<'a> {
    web: &'a Web,
    id: &'a CaseId,
    principal: &'a Principal,
    desk: OnceCell<Desk>,
}

impl<'a> Case<'a> {
    pub(super) fn new(web: &'a Web, id: &'a CaseId, principal: &'a Principal) -> Self {
        Self {
            web,
            id,
            principal,
            desk: OnceCell::new(),
        }
    }

    fn desk(&self) -> Result<&Desk> {
        if let Some(desk) = self.desk.get() {
            return Ok(desk);
        }
        let opened = self.web.desk(self.principal, self.id, Ability::SeeCase)?;
        Ok(self.desk.get_or_init(|| opened))
    }
}

impl Shelf for Case<'_> {
    fn bytes(&self, evidence: &Evidence) -> Result<Bytes> {
        let lately = &self.web.lately;
        if let Some(bytes) = lately.get(self.id, evidence.sha256) {
            return Ok(bytes);
        }
        let bytes = self.desk()?.bytes(evidence)?;
        lately.put(self.id, evidence.sha256, &bytes);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first_and_large_items_are_not_kept() {
        let (lately, case) = (Lately::default(), CaseId::fresh());
        let digest = |n: usize| Digest::of(n.to_string().as_bytes());
        let item = Bytes::from(vec![7; ITEM]);
        let most = KEPT / ITEM;
        for n in 0..most {
            lately.put(&case, digest(n), &item);
            assert_eq!(lately.get(&case, digest(0)), Some(item.clone()));
        }
        lately.put(&case, digest(most), &item);
        assert!(lately.get(&case, digest(0)).is_some());
        assert!(lately.get(&case, digest(1)).is_none());
        assert!(lately.get(&CaseId::fresh(), digest(0)).is_none());
        lately.put(&case, digest(most + 1), &Bytes::from(vec![7; ITEM + 1]));
        assert!(lately.get(&case, digest(most + 1)).is_none());
        lately.put(&case, digest(0), &item);
        assert_eq!(lately.0.lock().unwrap().bytes, KEPT);
    }
}
