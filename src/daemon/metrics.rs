//! `GET /metrics`: numbers for Prometheus, in the text form of OpenMetrics. Nothing in them is of a
//! person or a case: phases, states, outcomes, names of sources and hosts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::{ConnectInfo, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use subtle::ConstantTimeEq as _;

use super::timers::Timers;
use crate::app::App;
use crate::app::alert::Alerts;
use crate::app::inbox::Departures;
use crate::app::survey::{Survey, Told, size};
use crate::case::state::Phase;
use crate::fault::Result;
use crate::http::Exchange;
use crate::secret::{ExposeSecret as _, SecretString};
use crate::settings::secrets;

/// The media type of the answer.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Numbers = Family<Labels, Gauge<i64>>;
type Counters = Family<Labels, Counter<u64, AtomicU64>>;
type Times = Family<Labels, Histogram, fn() -> Histogram>;

/// From a tenth of a millisecond to half a minute.
fn times() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 3.0, 12))
}

/// What is counted as it happens.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    messages: Counters,
    accepting: Times,
    providers: Times,
    throttled: Counters,
}

impl Counted {
    pub(super) fn new() -> Self {
        Self {
            messages: Counters::default(),
            accepting: Times::new_with_constructor(times),
            providers: Times::new_with_constructor(times),
            throttled: Counters::default(),
        }
    }

    /// A message was answered.
    pub(super) fn message(&self, source: &str, result: &str, seconds: f64) {
        let source = ("source", source.to_owned());
        let labels = vec![source.clone(), ("result", result.to_owned())];
        self.messages.get_or_create(&labels).inc();
        self.accepting.get_or_create(&vec![source]).observe(seconds);
    }

    /// A provider was asked.
    pub(super) fn exchange(&self, exchange: &Exchange) {
        let host = exchange.request.url.host_str().unwrap_or_default();
        let labels = vec![("host", host.to_owned())];
        let seconds = std::time::Duration::from_millis(exchange.took_ms).as_secs_f64();
        self.providers.get_or_create(&labels).observe(seconds);
        // So that it is there, with 0, from the first call on.
        let throttled = self.throttled.get_or_create(&labels);
        throttled.inc_by(exchange.throttled().into());
    }
}

/// Everything that the answer is made of.
pub(super) struct Metrics {
    pub(super) app: Arc<App>,
    pub(super) inbox: Arc<Departures>,
    pub(super) alerts: Arc<Alerts>,
    pub(super) timers: Arc<Timers>,
    pub(super) counted: Counted,
    token: Option<SecretString>,
}

impl Metrics {
    pub(super) fn new(
        app: Arc<App>,
        inbox: Arc<Departures>,
        alerts: Arc<Alerts>,
        timers: Arc<Timers>,
    ) -> Result<Self> {
        let token = app.settings.serve.metrics_token.as_ref();
        Ok(Self {
            token: token.map(secrets::resolve).transpose()?,
            app,
            inbox,
            alerts,
            timers,
            counted: Counted::new(),
        })
    }

    /// With a token, whoever has it; without one, who asks on this machine, and not through a proxy
    /// that stands before the daemon. Not every proxy says that it is one: where people reach the pages
    /// by another address there is one, and then only the token counts.
    fn refuses(&self, peer: SocketAddr, headers: &HeaderMap) -> Option<StatusCode> {
        if let Some(token) = &self.token {
            let given = headers.get(header::AUTHORIZATION);
            let given = given.and_then(|given| given.as_bytes().strip_prefix(b"Bearer "));
            let right =
                given.is_some_and(|given| given.ct_eq(token.expose_secret().as_bytes()).into());
            return (!right).then_some(StatusCode::UNAUTHORIZED);
        }
        let of_proxy = |name: &str| {
            ["forwarded", "via", "x-real-ip"].contains(&name) || name.starts_with("x-forwarded-")
        };
        let forwarded = self.app.settings.serve.public_url.is_some()
            || headers.keys().any(|name| of_proxy(name.as_str()));
        (forwarded || !peer.ip().to_canonical().is_loopback()).then_some(StatusCode::FORBIDDEN)
    }

    /// The whole answer. Looks at files.
    fn text(&self) -> String {
        let registry = self.registry();
        let mut text = String::new();
        if encode(&mut text, &registry).is_err() {
            text.clear();
            let _ = writeln!(text, "# EOF");
        }
        text
    }

    fn registry(&self) -> Registry {
        let mut registry = Registry::with_prefix("cordon");
        let counted = &self.counted;
        registry.register(
            "webhook_messages",
            "Messages of HR systems by source and result",
            counted.messages.clone(),
        );
        registry.register_with_unit(
            "webhook_accept",
            "Time from the head of a message to its answer, by source",
            Unit::Seconds,
            counted.accepting.clone(),
        );
        registry.register_with_unit(
            "provider_call",
            "Time to the answer of a provider, by host",
            Unit::Seconds,
            counted.providers.clone(),
        );
        registry.register(
            "provider_throttled",
            "Answers of a provider that asked to wait, by host",
            counted.throttled.clone(),
        );
        for (name, help, label, values) in self.gauges() {
            let family = Numbers::default();
            for (value, number) in values {
                let labels: Labels = label.map(|label| (label, value)).into_iter().collect();
                family.get_or_create(&labels).set(number);
            }
            registry.register(name, help, family);
        }
        registry
    }

    /// Numbers of now: name, what they say, their label, and each value of it with its number.
    fn gauges(&self) -> Vec<Gauged> {
        let survey = self.timers.survey();
        let counts = Counts::of(&survey);
        drop(survey);
        let now = self.app.clock.now();
        let number =
            |number: usize| vec![(String::new(), i64::try_from(number).unwrap_or(i64::MAX))];
        let data = &self.app.settings.data;
        let bytes = |folder: &str| {
            let bytes = i64::try_from(size(&data.join(folder))).unwrap_or(i64::MAX);
            (folder.to_owned(), bytes)
        };
        let mut stores = vec![bytes("hub"), bytes("messages")];
        stores.push(("cases".to_owned(), counts.bytes));
        let next = counts
            .deadline
            .map(|at| (String::new(), at.duration_since(now).as_secs()));
        vec![
            (
                "cases",
                "Cases by phase",
                Some("phase"),
                counts.cases.into_iter().collect(),
            ),
            (
                "doors",
                "Doors of all cases by state",
                Some("state"),
                counts.doors.into_iter().collect(),
            ),
            (
                "steps",
                "Steps that have ended, of the plans as they stand, by outcome",
                Some("outcome"),
                counts.steps.into_iter().collect(),
            ),
            ("store_bytes", "Size on the disk", Some("part"), stores),
            (
                "messages_behind",
                "Messages that were kept and not yet worked on",
                None,
                number(self.inbox.behind()),
            ),
            (
                "alerts_waiting",
                "Alerts that were not sent yet",
                None,
                number(self.alerts.waiting()),
            ),
            (
                "next_deadline_seconds",
                "Time until the next clock of a case ends; below zero when it has",
                None,
                next.into_iter().collect(),
            ),
        ]
    }
}

type Gauged = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Vec<(String, i64)>,
);

/// The cases in numbers.
#[derive(Default)]
struct Counts {
    cases: BTreeMap<String, i64>,
    doors: BTreeMap<String, i64>,
    steps: BTreeMap<String, i64>,
    bytes: i64,
    deadline: Option<crate::time::Timestamp>,
}

impl Counts {
    fn of(survey: &Survey) -> Self {
        let mut counts = Self::default();
        // What nothing is in is 0, not absent.
        for phase in ["open", "held", "closed", "unreadable"] {
            counts.cases.insert(phase.to_owned(), 0);
        }
        for seen in survey.cases().values() {
            counts.bytes = counts.bytes.saturating_add_unsigned(seen.bytes);
            let Told::Read(view) = &seen.told else {
                *counts.cases.entry("unreadable".to_owned()).or_default() += 1;
                continue;
            };
            let phase = match view.phase {
                Phase::None => "none",
                Phase::Open => "open",
                Phase::Held => "held",
                Phase::Closed => "closed",
            };
            *counts.cases.entry(phase.to_owned()).or_default() += 1;
            for (state, number) in &view.doors {
                let number = i64::try_from(*number).unwrap_or(i64::MAX);
                *counts.doors.entry(state.word().to_owned()).or_default() += number;
            }
            for (outcome, number) in &view.steps {
                let number = i64::try_from(*number).unwrap_or(i64::MAX);
                *counts.steps.entry((*outcome).to_owned()).or_default() += number;
            }
            counts.deadline = counts.deadline.into_iter().chain(view.deadline).min();
        }
        counts
    }
}

/// Answers a scrape.
pub(super) async fn scrape(
    State(metrics): State<Arc<Metrics>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if let Some(status) = metrics.refuses(peer, &headers) {
        let ask = [(header::WWW_AUTHENTICATE, "Bearer")];
        return if status == StatusCode::UNAUTHORIZED {
            (status, ask).into_response()
        } else {
            status.into_response()
        };
    }
    match tokio::task::spawn_blocking(move || metrics.text()).await {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
