"""Reads what arrived by IMAP, and checks it with programs that are not ours: python3 mail.py IMAP_PORT."""
import base64
import email
import email.policy
import glob
import hashlib
import imaplib
import json
import os
import subprocess
import sys
import time

import dkim

RECORD = b"v=DKIM1; k=rsa; p=" + base64.b64encode(
    subprocess.run(["openssl", "pkey", "-in", "dkim.key", "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
)


def arrived(box):
    """The one mail in a mailbox, as bytes."""
    for _ in range(100):
        with imaplib.IMAP4("127.0.0.1", int(sys.argv[1])) as server:
            server.login(box, "quiet-heron")
            server.select("INBOX")
            found = server.search(None, "ALL")[1][0].split()
            if found:
                assert len(found) == 1, (box, found)
                return server.fetch(found[0], "(RFC822)")[1][0][1]
        time.sleep(0.2)
    raise SystemExit(f"nothing arrived for {box}")


def opened(box, mail):
    """The entity that the mail encloses, or the mail itself."""
    if box == "smime":
        run = ["openssl", "cms", "-decrypt", "-recip", "smime.pem", "-inkey", "smime.key"]
        return subprocess.run(run, input=mail, check=True, capture_output=True).stdout
    if box == "pgp":
        parts = email.message_from_bytes(mail, policy=email.policy.SMTP).get_payload()
        message = parts[1].get_payload(decode=True)
        run = ["gpg", "--homedir", "gnupg", "--batch", "--quiet", "--decrypt"]
        return subprocess.run(run, input=message, check=True, capture_output=True).stdout
    return mail


for box in ("office", "smime", "pgp"):
    mail = arrived(box)
    asked = []

    def txt(name, timeout=5):
        asked.append(name)
        return RECORD if name == b"case._domainkey.company.example." else None

    assert dkim.verify(mail, dnsfunc=txt), f"{box}: DKIM does not hold"
    assert not dkim.verify(mail.replace(b"Subject: ", b"Subject: x"), dnsfunc=txt), f"{box}: DKIM holds for anything"
    head = email.message_from_bytes(mail, policy=email.policy.SMTP)
    sent = json.load(open(f"{box}.sent"))
    assert head["Message-ID"] == sent["message_id"], (head["Message-ID"], sent)
    assert "queued as" in sent["reply"], sent
    assert "using TLSv1" in " ".join(head.get_all("Received")), "not over TLS"
    text = open(f"{box}.text", encoding="utf-8").read()
    inner = email.message_from_bytes(opened(box, mail), policy=email.policy.SMTP)
    body = inner.get_body().get_content()
    body = body.replace("\r\n", "\n").rstrip()
    named = hashlib.sha256(open("access-log.bin", "rb").read()).hexdigest()
    # Below the text stand the files that go with it, each with its hash.
    assert body.startswith(text.rstrip()) and named in body[len(text.rstrip()) :], f"{box}: another text arrived"
    if box != "office":
        assert text.splitlines()[0].encode() not in mail, f"{box}: in plain text"
    attached = {part.get_filename(): part.get_payload(decode=True) for part in inner.iter_attachments()}
    assert attached == {"access-log.bin": open("access-log.bin", "rb").read()}, f"{box}: {list(attached)} arrived with it"
    # What was kept as evidence is what arrived, below what the server wrote on top.
    files = filter(os.path.isfile, glob.glob(f"{box}.export/**/*", recursive=True))
    kept = [open(file, "rb").read() for file in files]
    whole = mail.replace(b"\r\n", b"\n").rstrip()
    assert any(one and whole.endswith(one.replace(b"\r\n", b"\n").rstrip()) and b"DKIM-Signature" in one for one in kept), f"{box}: evidence differs"
    print(f"{box}: arrived, DKIM holds by dkimpy, text, file and evidence equal")
