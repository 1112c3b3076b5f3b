//! The one integration-test binary.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod api;
mod architecture;
mod canon;
mod cli;
mod clock_answered;
mod clock_calendar;
mod clock_catalogue;
mod clock_duties;
mod clock_filed;
mod clock_grounds;
mod clock_places;
mod clock_quiet;
mod clocks;
mod contact;
mod contact_chats;
mod contact_deadline;
mod contact_demand;
mod contact_indicator;
mod daemon;
mod departures;
mod document;
mod document_docx;
mod document_pdf;
mod document_programs;
mod engine;
mod engine_close;
mod engine_find;
mod engine_fold;
mod engine_gate;
mod engine_policy;
mod engine_resume;
mod engine_snapshot;
mod engine_steps;
mod evidence;
mod faults;
mod faults_score;
mod github;
mod golden;
mod http;
mod intake;
mod intake_flood;
mod intake_foreign;
mod intake_unsigned;
mod intake_vendors;
mod mail;
mod notice_cited;
mod notice_golden;
mod notice_lint;
mod notice_lint_victim;
mod notice_payment;
mod notice_suspicion;
mod notice_texts;
mod notices;
mod okta;
mod ops;
mod outbox;
mod people;
mod playbook;
mod program;
mod rules;
mod samples;
mod sanctions;
mod serve;
mod signin;
mod socket;
mod staged;
mod store;
mod store_power;
mod store_writer;
mod sweep;
mod web;
mod web_guard;
