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

# Who may approve. Roles: responder, incident_lead, legal, hr, executive.
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
"#;
