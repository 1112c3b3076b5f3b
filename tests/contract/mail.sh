#!/bin/sh
# Sends notices through a real Postfix (STARTTLS, AUTH by Dovecot), reads them back by IMAP from Dovecot, and
# lets programs that are not ours check what arrived: dkimpy the signature, OpenSSL and GnuPG the encryption.
# A message of Postfix itself that a mailbox is gone is taken in by the daemon, from the maildir.
#
#   tests/contract/mail.sh              needs root: Postfix changes users
set -eu
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
  echo "not run: Postfix is started by root only" >&2
  test -z "${CI:-}" || exit 1
  exit 0
fi
if ! command -v postfix >/dev/null || ! command -v dovecot >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postfix dovecot-imapd >/dev/null
fi
python3 -c 'import dkim, nacl' 2>/dev/null || python3 -m pip install -q dkimpy pynacl
cargo test --locked --quiet --test it --no-run
program=$PWD/target/debug/cordon
check=$PWD/tests/contract/mail.py
t=$(mktemp -d)
chmod 755 "$t"
daemon=
stop() {
  test -z "$daemon" || kill "$daemon" 2>/dev/null || true
  postfix -c "$t/postfix" stop >/dev/null 2>&1 || true
  doveadm -c "$t/dovecot.conf" stop >/dev/null 2>&1 || true
  gpgconf --homedir "$t/gnupg" --kill all >/dev/null 2>&1 || true
  rm -rf "$t"
}
trap stop EXIT
trap 'exit 1' INT TERM
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
smtp=$(free)
imap=$(free)

mkdir -p "$t/postfix" "$t/queue" "$t/data" "$t/mail" "$t/gnupg" "$t/dovecot"
chmod 700 "$t/gnupg"
chown postfix "$t/data"
chown nobody:nogroup "$t/mail"
openssl req -x509 -noenc -newkey rsa:2048 -days 2 -subj "/CN=Company CA" -keyout "$t/ca.key" -out "$t/ca.pem" 2>/dev/null
openssl req -x509 -noenc -newkey rsa:2048 -days 2 -subj /CN=localhost -CA "$t/ca.pem" -CAkey "$t/ca.key" \
  -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
  -addext extendedKeyUsage=serverAuth -keyout "$t/server.key" -out "$t/server.pem" 2>/dev/null
cat >"$t/gone" <<'SH'
#!/bin/sh
cat >/dev/null
echo "the mailbox is gone"
exit 67
SH
chmod 755 "$t/gone"
cat >"$t/postfix/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $t/queue
data_directory = $t/data
command_directory = /usr/sbin
daemon_directory = $(postconf -h daemon_directory)
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
maillog_file = $t/maillog
maillog_file_prefixes = $t
inet_interfaces = loopback-only
inet_protocols = all
myhostname = mx.other.example
mydestination =
alias_maps =
virtual_mailbox_domains = other.example, company.example
virtual_mailbox_base = $t/mail
virtual_mailbox_maps = texthash:$t/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
transport_maps = texthash:$t/transport
smtpd_tls_cert_file = $t/server.pem
smtpd_tls_key_file = $t/server.key
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_received_header = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
CF
for box in office smime pgp gone; do echo "$box@other.example $box/"; done >"$t/mailboxes"
echo "desk@company.example desk/" >>"$t/mailboxes"
echo "gone@other.example gone:" >"$t/transport"
cat >"$t/postfix/master.cf" <<CF
localhost:$smtp inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
gone unix - n n - - pipe flags=R user=nobody argv=$t/gone
CF
cat >"$t/dovecot.conf" <<CF
base_dir = $t/dovecot
state_dir = $t/dovecot
log_path = $t/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
passdb {
  driver = static
  args = password=quiet-heron
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$t/mail/%n
}
mail_location = maildir:$t/mail/%n
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = 0
  }
}
service auth {
  unix_listener $t/queue/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
CF
postfix -c "$t/postfix" start >"$t/started" 2>&1 || { cat "$t/started" "$t/maillog" >&2; exit 1; }
dovecot -c "$t/dovecot.conf" || { cat "$t/dovecot.log" >&2; exit 1; }

cd "$t"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out dkim.key 2>/dev/null
openssl req -x509 -noenc -newkey rsa:2048 -days 2 -subj /CN=Office -addext subjectAltName=email:smime@other.example \
  -keyout smime.key -out smime.pem 2>/dev/null
gpg --homedir gnupg --batch --quiet --passphrase '' --quick-generate-key "Office <pgp@other.example>" default default 1y 2>/dev/null
gpg --homedir gnupg --armor --export pgp@other.example >pgp.asc
ssh-keygen -q -t ed25519 -N '' -C bo -f bo
chmod 600 dkim.key bo
cat >cordon.toml <<TOML
data = "data-of-cordon"
[serve]
listen = "127.0.0.1:0"
[[people]]
name = "Bo"
roles = ["legal", "incident_lead"]
emails = ["bo@company.example"]
key = "$(cat bo.pub)"
[[people]]
name = "Office"
roles = ["executive"]
emails = ["office@other.example", "smime@other.example", "pgp@other.example", "gone@other.example"]
[mail]
host = "localhost"
port = $smtp
security = "starttls"
from = "Case desk <desk@company.example>"
user = "desk"
password = "env:MAIL_PASSWORD"
ca = "file:ca.pem"
dkim = { domain = "company.example", selector = "case", key = "file:$t/dkim.key" }
bounces = { folder = "mail/desk" }
[[mail.recipient]]
address = "smime@other.example"
smime = "file:smime.pem"
[[mail.recipient]]
address = "pgp@other.example"
pgp = "file:pgp.asc"
TOML
export MAIL_PASSWORD=quiet-heron
cordon() { "$program" --config "$t/cordon.toml" "$@"; }
get() { python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
head -c 300000 /dev/urandom >access-log.bin
for box in office smime pgp gone; do
  case=$(cordon case open --email "$box-subject@mail-one.example" 2>/dev/null)
  notice=$(cordon notice draft "$case" executive --json 2>/dev/null | get notice)
  cordon notice attach "$case" "$notice" access-log.bin >/dev/null
  cordon notice approve "$case" "$notice" --as Bo --key bo --reason read >/dev/null 2>&1
  cordon notice send "$case" "$notice" --to "$box@other.example" --incomplete --json >"$box.sent"
  cordon notice show "$case" "$notice" --plain >"$box.text" 2>/dev/null
  cordon evidence export "$case" --to "$box.export" >/dev/null
  echo "$case" >"$box.case"
  echo "$box: $(get reply <"$box.sent")"
done
MAIL_PASSWORD=wrong cordon notice send "$(cat office.case)" none --to x@other.example >/dev/null 2>&1 && exit 1
python3 "$check" "$imap" || { cat maillog dovecot.log >&2; exit 1; }

# What Postfix sends back is taken in by the daemon.
for _ in $(seq 100); do
  test -z "$(ls mail/desk/new 2>/dev/null)" || break
  sleep 0.2
done
cp mail/desk/new/* bounce.eml
cordon serve --json >said 2>log &
daemon=$!
for _ in $(seq 100); do
  if cordon status "$(cat gone.case)" 2>/dev/null | grep -q "did not reach gone@other.example"; then break; fi
  sleep 0.2
done
cordon status "$(cat gone.case)" | grep "came back" || { cat log maillog bounce.eml >&2; exit 1; }
test -z "$(ls mail/desk/new)" || exit 1
cordon notice bounce "$(cat gone.case)" bounce.eml >/dev/null
if cordon notice bounce "$(cat office.case)" bounce.eml 2>/dev/null; then exit 1; fi
echo "mail: ok"
