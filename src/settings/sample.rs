//! The commented configuration that `cordon init` writes.

/// Every setting with its meaning; what a company must fill in is commented out.
pub const SAMPLE: &str = r#"# Cordon. Secrets are named by reference and never written here:
#   env:NAME        an environment variable
#   file:/path      a file that only you can read (chmod 600)
#   cmd:program a b what a program prints, for instance a password manager

# Where cases are kept: one directory per case. Relative to this file.
data = "data"

# Times are shown in UTC and in this zone (IANA name).
zone = "UTC"

# What notices say about the company. A fact that is not here is listed as missing, never invented.
[company]
# name = "Example Company, Inc."
# address = "1 Example Street, Springfield, 00000, US"
# domain = "company.example"
# contact = "Jordan Doe, +1 555 0100, security@company.example"

# Where the organisation may have duties to tell somebody. Without this a few are watched for everybody;
# `cordon clock catalogue` lists all, and `--case CASE` says why one is not watched.
[organisation]
# jurisdictions = ["us", "us-ny", "eu", "de"] # also us-ca, us-tx, pt, uk, au, ca, sg, jp, kr, private
# land = "DE-BY"                          # whose holidays count, where they differ within a country; without
#                                         # it no such holiday makes a deadline later
# catalogue = "duties"                    # a folder: *.toml adds duties or replaces them by id, and
#                                         # holidays/*.toml does so with calendars
# [organisation.answers]                  # known in advance: yes, no or unknown; "no" rules out
# us_person = "yes"
# sec_registrant = "no"
# nydfs_covered_entity = "no"
# de_nis2_entity = "yes"
# dora_entity = "no"

# Who may approve, and sign in to the pages of `cordon serve` (`cordon people invite NAME`).
# Roles: responder, incident_lead, legal, hr, executive, auditor (reads), administrator (people).
# The key is the one line of the person's SSH public key file; `ssh-keygen -t ed25519` makes one.
# Give every address and login: by these Cordon knows when a case is about the person, and lets
# nobody approve in their own case.
# [[people]]
# name = "Jordan Doe"
# roles = ["incident_lead"]
# emails = ["jordan@company.example"]
# logins = ["jdoe-company"]
# key = "ssh-ed25519 AAAA… jordan@company.example"
#
# [[people]]
# name = "Robin Roe"
# roles = ["legal"]
# emails = ["robin@company.example"]
# key = "ssh-ed25519 AAAA… robin@company.example"

# Logins that are never closed: break-glass accounts, service accounts, whoever runs Cordon.
[protected]
# okta = ["break-glass@company.example"]
# github = ["company-ci-bot"]

# [github]
# org = "company"
# # What the App may: `cordon provider check` names each permission. Fine-grained tokens can be
# # administered by an App only; Codespaces by an owner's classic token only. Give both.
# app = { id = 1, installation = 1, key = "file:/etc/cordon/github-app.pem" }
# owner_token = "env:CORDON_GITHUB_TOKEN" # classic; scopes admin:org, repo, read:audit_log
# # enterprise = "company-enterprise"     # with managed users
# # base_url = "https://github.company.example/api/v3"
# # write_interval_ms = 1000               # GitHub asks for a second between two writes

# [okta]
# base_url = "https://company.okta.com"
# token = "env:CORDON_OKTA_TOKEN"         # or a service app with a key:
# # app = { client_id = "0oa…", key_id = "…", key = "file:/etc/cordon/okta-app.pem" }

# [mail]
# host = "smtp.company.example"
# port = 465
# security = "tls"                        # tls, starttls, or none on loopback
# from = "case-desk@company.example"
# user = "case-desk"
# password = "env:CORDON_MAIL_PASSWORD"
# ca = "file:company-ca.pem"              # a certificate authority of the company, beside the system's
# # Signed for the domain of `from`; its public half stands at SELECTOR._domainkey.DOMAIN.
# dkim = { domain = "company.example", selector = "case", key = "file:/etc/cordon/dkim.pem" }
# # Where the company's mail system files what comes back: a maildir that `cordon serve` looks into.
# bounces = { folder = "/var/mail/case-desk" }
# # Whoever has a key here gets no notice in plain text: a certificate (RSA), or an OpenPGP key.
# [[mail.recipient]]
# address = "counsel@outside.example"
# smime = "file:counsel.pem"              # or pgp = "file:counsel.asc"

# Whoever approved a notice does not send it too; whoever made its last revision, or suggested words that
# were taken into it, does not approve it. For the second every change has to be made signed in.
# [notices]
# sender_is_not_approver = true
# author_is_not_approver = true

# What `cordon serve` listens to. Plain HTTP is for this machine only: put a proxy with TLS in front,
# or give it a certificate. SIGHUP makes it read a renewed certificate, and [[people]].
# [serve]
# listen = "127.0.0.1:8470"
# keep_messages_days = 90                 # after they are settled; what waits is kept
# tls = { certificate = "/etc/cordon/cert.pem", key = "file:/etc/cordon/key.pem" }
# public_url = "https://cordon.company.example" # what people open; passkeys are bound to its name
# metrics_token = "env:CORDON_METRICS_TOKEN"    # for /metrics asked from another machine

# How people sign in to its pages: by invitation with a passphrase and an authenticator app, with a
# passkey that they add then, and by the company's identity provider where there is one. Addresses are compared with `emails` above.
# [signin]
# client_header = "X-Forwarded-For"       # in which a proxy on this machine names the client
# [signin.oidc]
# issuer = "https://login.company.example" # OpenID Connect; redirect to PUBLIC_URL/signin/idp/back
# client_id = "cordon"
# client_secret = "env:CORDON_OIDC_SECRET"
# match = "email"                         # verified; or "sub", with subjects = { "00u1" = "NAME" }
# second_factor = "totp"                  # unless the provider asked for several; or "idp"

# Whose messages it takes, at POST /hooks/NAME. A message opens a quiet record of a departure, or
# waits for a person in `cordon case list`; it never closes anything.
# kinds: standard (Standard Webhooks), generic, bamboohr, deel, finch, gusto, hibob, merge, okta,
#        personio, successfactors
# [[webhook]]
# name = "hr"
# kind = "standard"
# secrets = ["env:CORDON_HR_SECRET"]      # two while one is being changed
# route = "departure"                     # or suspicion, for a restricted sender with secrets of its own
# zone = "America/New_York"               # of times and dates that have none
#
# [[webhook]]
# name = "gusto"
# kind = "gusto"                          # names an employee by id only: the record is asked for
# secrets = ["env:CORDON_GUSTO_HOOK"]
# zone = "America/New_York"
# [webhook.api]                           # bamboohr, finch, gusto, hibob, personio
# base_url = "https://api.gusto.com"      # never taken from a message
# credential = "env:CORDON_GUSTO_TOKEN"   # a token; a key; or id:secret (hibob, personio)
#
# [[webhook]]
# name = "okta"
# kind = "okta"                           # signs nothing; sends a header with a secret
# secrets = ["file:/etc/cordon/okta-hook"]
# # header = "Authorization"
#
# [[webhook]]
# name = "other-hr"
# kind = "generic"                        # any sender with an HMAC in a header
# secrets = ["file:/etc/cordon/other-hr-hook"]
# [webhook.generic]
# header = "X-Signature"
# prefix = "sha256="                      # what stands before the signature
# algorithm = "sha256"                    # or sha512
# encoding = "hex"                        # or base64, base64url
# # key_encoding = "base64"               # when the secret is written so
# signed = ["{timestamp}", ".", "{body}"] # {body}, {timestamp}, {id}, literal text
# timestamp = "X-Timestamp"               # seconds since 1970
# tolerance_seconds = 300
# id = "/id"                              # positions are JSON Pointers
# kind = "/type"
# termination = ["worker.terminated"]
# recall = ["worker.termination_cancelled"]
# worker_id = "/worker/id"
# emails = ["/worker/work_email"]
# name = "/worker/name"
# effective = "/worker/last_day"
# garden_leave = ["worker.released"]      # kinds that are no end
# transfer = ["worker.moved"]
# rehire = ["worker.returned"]
# zone = "America/New_York"               # of times that have none; a date means the end of that day
# agency = "/worker/agency"               # for [[review]]; also department, worker_type
#
# # Departures that are reviewed by policy: how people are engaged, never who they are.
# [[review]]
# name = "agency contractors"
# agency = "Example Staffing"             # also department (or group), worker_type; all that are named
# worker_type = "contractor"
#
# # What begins by itself for a case of the route `suspicion`.
# [suspicion]
# contain = "gate"                        # or "now": what undo restores is closed at once, and people
#                                         # ratify it at a gate; the rest waits for them
# # ratify_within = "30m"                 # with "now": 5m to 24h, in place of what the playbook says; when it
#                                         # runs out, what was closed stays closed, nothing more is, and
#                                         # the incident lead and the responders are told
# playbook = "terminated-contractor"      # or the path of one of your own
"#;
