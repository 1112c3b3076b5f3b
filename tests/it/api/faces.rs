//! One thing to do, by whichever face: what the command line and the pages do, the API does, or it is said
//! why not.

use std::collections::BTreeSet;

use cordon::web::api::operations;
use cordon::web::signin;

use crate::program::verbs;
use crate::web::matrix::{OF_CASE, OF_NONE};

/// What of the API does the same.
enum By {
    Same(&'static [&'static str]),
    /// Nothing does, and why.
    Not(&'static str),
}

use By::{Not, Same};

const PERSON: &str = "a person decides, with a key or a session of their own";
const SIGN_IN: &str = "a person signs in; a program has a token";
const SECRET: &str = "what lets somebody in is told to a person";
const MACHINE: &str = "is about this machine, or a file of it";

#[rustfmt::skip]
const VERBS: &[(&str, By)] = &[
    ("drill",                  Not("plays in a company that is not there")),
    ("init",                   Not(MACHINE)),
    ("provider check",         Same(&["check_providers"])),
    ("provider show",          Same(&["list_providers"])),
    ("case open",              Same(&["open_case", "open_message"])),
    ("case list",              Same(&["list_cases", "list_messages"])),
    ("case show",              Same(&["show_case"])),
    ("case hold",              Same(&["hold_case"])),
    ("case recall",            Same(&["recall_case"])),
    ("case recall-link",       Same(&["make_recall_link"])),
    ("case recall-unlink",     Same(&["withdraw_recall_link"])),
    ("case release",           Same(&["release_case"])),
    ("case close",             Same(&["close_case"])),
    ("case restrict",          Same(&["restrict_case"])),
    ("case unrestrict",        Same(&["unrestrict_case"])),
    ("case exclude",           Same(&["exclude_person"])),
    ("case lead",              Same(&["record_lead"])),
    ("case leads",             Same(&["list_leads"])),
    ("case unlead",            Same(&["dismiss_lead"])),
    ("case dismiss",           Same(&["dismiss_message"])),
    ("case handover",          Same(&["show_handover"])),
    ("case timeline",          Same(&["list_timeline"])),
    ("case choose",            Same(&["choose_account"])),
    ("case withdraw",          Same(&["withdraw_account"])),
    ("inventory",              Same(&["begin_inventory", "list_candidates"])),
    ("plan",                   Same(&["make_plan", "show_plan"])),
    ("run",                    Same(&["begin_run", "stop_work"])),
    ("approve",                Not(PERSON)),
    ("deny",                   Not(PERSON)),
    ("verify",                 Same(&["begin_verify"])),
    ("undo",                   Same(&["list_undoable", "begin_undo"])),
    ("status",                 Same(&["show_case", "show_work", "list_gates"])),
    ("snapshot",               Same(&["begin_snapshot", "import_trail", "begin_mirror", "begin_archive"])),
    ("evidence list",          Same(&["list_evidence"])),
    ("evidence show",          Same(&["show_evidence", "evidence_bytes"])),
    ("evidence export",        Same(&["export_case"])),
    ("evidence verify",        Same(&["verify_evidence"])),
    ("contact add",            Same(&["add_contact"])),
    ("contact import",         Same(&["import_mail"])),
    ("contact list",           Same(&["list_contacts"])),
    ("contact show",           Same(&["list_contacts"])),
    ("contact mark",           Same(&["judge_contact"])),
    ("clock list",             Same(&["list_clocks", "list_duties", "list_delays"])),
    ("clock show",             Same(&["list_clocks", "list_duties"])),
    ("clock choose",           Same(&["choose_start"])),
    ("clock receipt",          Same(&["record_receipt"])),
    ("clock unreceipt",        Same(&["withdraw_receipt"])),
    ("clock catalogue",        Same(&["list_known_duties"])),
    ("clock instant add",      Same(&["record_instant"])),
    ("clock instant list",     Same(&["list_instants"])),
    ("clock instant withdraw", Same(&["withdraw_instant"])),
    ("clock answer",           Same(&["answer_question"])),
    ("clock delay",            Same(&["record_delay"])),
    ("clock undelay",          Same(&["withdraw_delay"])),
    ("clock calendar",         Same(&["show_calendar"])),
    ("fact list",              Same(&["list_facts"])),
    ("fact show",              Same(&["show_fact"])),
    ("fact record",            Same(&["record_fact"])),
    ("fact withdraw",          Same(&["withdraw_fact"])),
    ("sanctions show",         Same(&["show_sanctions"])),
    ("sanctions hold",         Same(&["hold_claims"])),
    ("sanctions propose",      Same(&["propose_determination"])),
    ("sanctions approve",      Not(PERSON)),
    ("notice list",            Same(&["list_notices"])),
    ("notice draft",           Same(&["draft_notice"])),
    ("notice show",            Same(&["show_notice"])),
    ("notice lint",            Same(&["show_review"])),
    ("notice approve",         Not(PERSON)),
    ("notice send",            Same(&["send_notice"])),
    ("notice review",          Same(&["show_review"])),
    ("notice submit",          Same(&["submit_notice"])),
    ("notice comment",         Same(&["comment_notice"])),
    ("notice resolve",         Same(&["resolve_comment"])),
    ("notice suggest",         Same(&["suggest_words"])),
    ("notice take",            Same(&["take_suggestions"])),
    ("notice decline",         Same(&["decline_suggestion"])),
    ("notice edit",            Same(&["edit_notice"])),
    ("notice export",          Same(&["export_notice"])),
    ("notice import",          Same(&["import_word"])),
    ("notice redline",         Same(&["redline_notice"])),
    ("notice attach",          Same(&["attach_file"])),
    ("notice detach",          Same(&["detach_file"])),
    ("notice dispatch",        Same(&["dispatch_notice"])),
    ("notice receipt",         Same(&["record_notice_receipt"])),
    ("notice bounce",          Same(&["take_in_bounce"])),
    ("playbook check",         Not(MACHINE)),
    ("playbook show",          Same(&["list_playbooks"])),
    ("playbook graph",         Not(MACHINE)),
    ("playbook schema",        Not(MACHINE)),
    ("serve",                  Not(MACHINE)),
    ("people list",            Same(&["list_people"])),
    ("people invite",          Not(SECRET)),
    ("people revoke",          Same(&["revoke_person"])),
    ("people break-glass",     Not(SECRET)),
    ("token new",              Not(SECRET)),
    ("token list",             Same(&["list_tokens"])),
    ("token revoke",           Same(&["revoke_token"])),
    ("completions",            Not(MACHINE)),
    ("man",                    Not(MACHINE)),
];

/// What is done in the pages, as the tables of who gets what ask for it; of a case from its path on.
#[rustfmt::skip]
const FORMS: &[(&str, By)] = &[
    ("/gates/go",                        Not(PERSON)),
    ("/clocks/{clock}",                  Same(&["choose_start"])),
    ("/facts",                           Same(&["record_fact"])),
    ("/facts/withdraw",                  Same(&["withdraw_fact"])),
    ("/clocks/{clock}/answer",           Same(&["answer_question"])),
    ("/clocks/{clock}/receipt",          Same(&["record_receipt"])),
    ("/clocks/{clock}/receipt/withdraw", Same(&["withdraw_receipt"])),
    ("/clocks/{clock}/delay",            Same(&["record_delay"])),
    ("/clocks/{clock}/delay/1/withdraw", Same(&["withdraw_delay"])),
    ("/instants",                        Same(&["record_instant"])),
    ("/instants/x/withdraw",             Same(&["withdraw_instant"])),
    ("/notices",                         Same(&["draft_notice"])),
    ("/notices/{notice}/do/approve",     Not(PERSON)),
    ("/notices/{notice}/do/decline",     Same(&["decline_suggestion"])),
    ("/notices/{notice}/do/dispatch",    Same(&["dispatch_notice"])),
    ("/notices/{notice}/do/submit",      Same(&["submit_notice"])),
    ("/notices/{notice}/do/comment",     Same(&["comment_notice"])),
    ("/notices/{notice}/do/resolve",     Same(&["resolve_comment"])),
    ("/notices/{notice}/do/suggest",     Same(&["suggest_words"])),
    ("/notices/{notice}/do/change",      Same(&["edit_notice"])),
    ("/notices/{notice}/do/take",        Same(&["take_suggestions"])),
    ("/notices/{notice}/do/detach",      Same(&["detach_file"])),
    ("/notices/{notice}/do/send",        Same(&["send_notice"])),
    ("/notices/{notice}/bring/attach",   Same(&["attach_file"])),
    ("/notices/{notice}/bring/word",     Same(&["import_word"])),
    ("/notices/{notice}/bring/receipt",  Same(&["record_notice_receipt"])),
    ("/plan/find",                       Same(&["begin_inventory"])),
    ("/plan/make",                       Same(&["make_plan"])),
    ("/plan/begin",                      Same(&["begin_run"])),
    ("/plan/reopen",                     Same(&["begin_run"])),
    ("/plan/stop",                       Same(&["stop_work"])),
    ("/accounts/choose",                 Same(&["choose_account"])),
    ("/accounts/withdraw",               Same(&["withdraw_account"])),
    ("/leads",                           Same(&["record_lead"])),
    ("/leads/lead_00000000000000000000000000/dismiss", Same(&["dismiss_lead"])),
    ("/recall-links",                    Same(&["make_recall_link"])),
    ("/recall-links/0123456789ab/withdraw", Same(&["withdraw_recall_link"])),
    ("/sanctions/hold",                  Same(&["hold_claims"])),
    ("/bring/determination",             Same(&["propose_determination"])),
    ("/sanctions/x/approve",             Not(PERSON)),
    ("/undo",                            Same(&["begin_undo"])),
    ("/export",                          Same(&["export_case"])),
    ("/bring/evidence",                  Same(&["keep_evidence"])),
    ("/do/hold",                         Same(&["hold_case"])),
    ("/do/recall",                       Same(&["recall_case"])),
    ("/do/note",                         Same(&["add_note"])),
    ("/do/release",                      Same(&["release_case"])),
    ("/do/restrict",                     Same(&["restrict_case"])),
    ("/do/unrestrict",                   Same(&["unrestrict_case"])),
    ("/do/exclude",                      Same(&["exclude_person"])),
    ("/do/close",                        Same(&["close_case"])),
    ("/messages/0123456789ab/open",      Same(&["open_message"])),
    ("/messages/0123456789ab/dismiss",   Same(&["dismiss_message"])),
    ("/recall/x",                        Not("is for whoever has the link, and needs no token")),
    ("/signin",                          Not(SIGN_IN)),
    ("/signin/break-glass",              Not(SIGN_IN)),
    ("/signin/code",                     Not(SIGN_IN)),
    ("/signin/passkey",                  Not(SIGN_IN)),
    ("/signin/passkey/begin",            Not(SIGN_IN)),
    ("/signout",                         Not(SIGN_IN)),
    ("/welcome/{ticket}",                Not(SIGN_IN)),
    ("/account/sessions/end",            Not(SIGN_IN)),
    ("/account/sessions/end-others",     Not(SIGN_IN)),
    ("/account/passkeys",                Not(SECRET)),
    ("/account/passkeys/begin",          Not(SECRET)),
    ("/account/passkeys/remove",         Not(SIGN_IN)),
    ("/account/tokens",                  Not(SECRET)),
    ("/account/tokens/revoke",           Same(&["revoke_own_token"])),
    ("/people/acknowledge",              Not("a person says that they have seen it")),
    ("/people/invite",                   Not(SECRET)),
    ("/people/revoke",                   Same(&["revoke_person"])),
];

/// What only programs ask for, and why.
const PROGRAMS: &[(&str, &str)] = &[
    ("me", "a person knows who they are"),
    ("list_own_tokens", "stands on the page of one's account"),
    ("list_log", "stands on the page of the log"),
];

/// What differs between the rows of a table and what there is, in both directions.
fn apart(what: &str, there: &[String], table: &[(&str, By)]) -> Vec<String> {
    let rows: BTreeSet<&str> = table.iter().map(|(name, _)| *name).collect();
    assert_eq!(rows.len(), table.len(), "{what}: a row stands twice");
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    let missing = there
        .difference(&rows)
        .map(|name| format!("{what}: no row says what of the API does `{name}`"));
    let stale = rows
        .difference(&there)
        .map(|name| format!("{what}: there is no `{name}`"));
    missing.chain(stale).collect()
}

/// Everything that a form of a page does.
fn forms() -> Vec<String> {
    let rows = OF_CASE.iter().chain(OF_NONE);
    let rows = rows.filter(|(method, ..)| *method == "POST");
    let pages = rows.map(|(_, end, _)| (*end).to_owned());
    let routes = signin::routes();
    let routes = routes.iter().filter(|route| route.method == "POST");
    pages
        .chain(routes.map(|route| route.path.to_owned()))
        .collect()
}

#[test]
fn what_a_person_can_do_a_program_can_or_it_is_said_why_not() {
    let mut wrong = apart("the command line", &verbs(), VERBS);
    wrong.extend(apart("the pages", &forms(), FORMS));
    let there: BTreeSet<&str> = operations().iter().map(|one| one.name).collect();
    let mut named: BTreeSet<&str> = PROGRAMS.iter().map(|(name, _)| *name).collect();
    for (row, by) in VERBS.iter().chain(FORMS) {
        match by {
            Same(theirs) => {
                assert!(!theirs.is_empty(), "{row}: by nothing, and no reason");
                for operation in *theirs {
                    let only = PROGRAMS.iter().any(|(one, _)| one == operation);
                    assert!(!only, "{row}: {operation} is not for programs alone");
                }
                named.extend(*theirs);
            }
            Not(why) => assert!(!why.is_empty(), "{row}: no reason"),
        }
    }
    let unknown = named.difference(&there);
    wrong.extend(unknown.map(|name| format!("there is no operation `{name}`")));
    let alone = there.difference(&named);
    wrong.extend(alone.map(|name| format!("no row says who else does `{name}`")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
