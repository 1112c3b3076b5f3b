//! Traces of the daemon for an OpenTelemetry collector, with the feature `otel`: the spans of requests
//! with what the log says of them, and therefore nothing of a person.
//!
//! They go where `OTEL_EXPORTER_OTLP_ENDPOINT` says (`http://127.0.0.1:4318`), over HTTP with JSON, and
//! nowhere without it.

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::http::otlp::Collector;

/// How long the last traces may take when the daemon ends.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What takes spans to the collector; `None` when none is named. A runtime has to be entered.
pub fn layer<S>() -> Option<OpenTelemetryLayer<S, Tracer>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let endpoint = crate::settings::collector()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector::new().ok()?)
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .ok()?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name("cordon").build())
        .build();
    let tracer = provider.tracer("cordon");
    PROVIDER.set(provider).ok();
    // Where in the source something was said is of no use to who reads traces.
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    Some(layer.with_location(false).with_threads(false))
}

/// Sends what is left. Blocks for a second at most.
pub fn flush() {
    if let Some(provider) = PROVIDER.get() {
        // A collector that does not answer is its own trouble.
        provider.shutdown_with_timeout(FLUSH_WITHIN).ok();
    }
}
