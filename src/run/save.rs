//! Saving trails without a plan. Reads only.

use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;

use super::Providers;
use super::backoff::ATTEMPT;
use super::call::{self, Pull};
use super::snapshot::{Follow, Reading};
use crate::case::event::Actor;
use crate::case::log::CaseLog;
use crate::fault::Result;
use crate::http::Witness;
use crate::provider::{Account, Cx, Page, Provider, TrailSpec, Window};

/// How long one call may take.
const LIMIT: Duration = Duration::from_mins(1);
/// How often a page is tried, the first time included.
const TRIES: u32 = 3;

/// Reads every trail of `accounts` to its end: providers side by side, within one the most perishable
/// first.
///
/// # Errors
/// The case log cannot be written. A trail that cannot be read to its end is recorded with the gap.
pub async fn save_trails(
    log: &CaseLog,
    providers: &Providers,
    witness: &Arc<dyn Witness>,
    accounts: &[Account],
    window_days: u32,
) -> Result<()> {
    let cx = Cx {
        witness: &**witness,
        clock: &**log.clock(),
    };
    let each = providers.iter().map(|(name, provider)| async move {
        let mut trails: Vec<&TrailSpec> = provider.spec().trails.iter().collect();
        trails.sort_by_key(|spec| spec.retention_hours.unwrap_or(0));
        for spec in trails {
            for account in accounts.iter().filter(|account| account.provider == *name) {
                read(log, &**provider, spec, account, window_days, cx).await?;
            }
        }
        Ok::<(), crate::fault::Fault>(())
    });
    try_join_all(each).await?;
    Ok(())
}

async fn read(
    log: &CaseLog,
    provider: &dyn Provider,
    spec: &TrailSpec,
    account: &Account,
    days: u32,
    cx: Cx<'_>,
) -> Result<()> {
    let until = log.clock().now();
    let since = until
        .saturating_sub(Duration::from_secs(u64::from(days) * 86_400))
        .unwrap_or(crate::time::Timestamp::MIN);
    let pull = Pull {
        trail: spec.name.to_owned(),
        account: account.clone(),
        window: Window { since, until },
        cursor: None,
    };
    let mut reading = Reading::of(pull, spec, until);
    let gap = loop {
        let page = match page(provider, &mut reading, cx).await {
            Ok(page) => page,
            Err(why) => {
                break Some(format!(
                    "A page could not be read, nor anything after it: {why}"
                ));
            }
        };
        let (event, follow) = reading.take(page);
        log.append(&Actor::Engine, vec![event]).await?;
        match follow {
            Follow::Page => {}
            Follow::End => break None,
            Follow::Gap(gap) => break Some(gap),
        }
    };
    log.append(&Actor::Engine, vec![reading.end(gap).1]).await?;
    Ok(())
}

async fn page(provider: &dyn Provider, reading: &mut Reading, cx: Cx<'_>) -> Result<Page, String> {
    let mut tried = 1;
    loop {
        let (page, throttled) = call::page(provider, reading.pull(), LIMIT, cx).await;
        reading.waited(throttled);
        match page {
            Ok(page) => return Ok(page),
            Err(miss) if tried >= TRIES => return Err(miss.to_string()),
            Err(_) => tokio::time::sleep(ATTEMPT.after(tried)).await,
        }
        tried += 1;
    }
}
