//! Cordon: the response when a terminated contractor is suspected of identity misrepresentation.

// 0: words
pub mod canon;
pub mod fault;
pub mod hostile;
pub mod id;
pub mod secret;
pub mod time;
// 1: mechanisms
pub mod document;
pub mod http;
pub mod sshsig;
pub mod store;
// 2: the case and what it is made of
pub mod case;
pub mod door;
pub mod playbook;
pub mod provider;
// 3: what is made of a case
pub mod access;
pub mod clock;
pub mod contact;
pub mod evidence;
pub mod plan;
// 4: siblings that do not know each other
pub mod intake;
pub mod notice;
pub mod providers;
pub mod range;
pub mod run;
pub mod signin;
// 5: faces and composition
pub mod app;
pub mod carry;
pub mod cli;
pub mod daemon;
pub mod drill;
pub mod settings;
pub mod ui;
pub mod web;
pub mod workplace;
