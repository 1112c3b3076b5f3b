#!/usr/bin/env python3
"""Checks this folder with nothing but Python's standard library.

Usage: python3 verify.py [FOLDER]

Signatures are checked with the program `ssh-keygen` when it is installed, and are otherwise
reported as not checked. Of notices that left it is checked that enough people with a role had
approved them; whether somebody decided about themself only `cordon evidence verify` tells.
Ends with 0 when everything holds, with 1 otherwise.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys

KNOWN_FORMAT = 1
MANIFEST = "manifest-sha256.txt"
problems = []


def problem(place, what):
    problems.append(f"{place}: {what}")


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def shown(text):
    """Text from outside, without anything that steers a terminal."""
    return "".join(c if c.isprintable() else f"[U+{ord(c):04X}]" for c in str(text))[:300]


def check_manifest():
    """Every file is as it was when the manifest was written, and there is no other."""
    named = {}
    with open(MANIFEST, encoding="ascii") as file:
        for number, line in enumerate(file, 1):
            digest, gap, path = line.rstrip("\n").partition("  ")
            if len(digest) != 64 or not gap or not path or path.startswith("/") or ".." in path.split("/"):
                problem(f"{MANIFEST} line {number}", "is not `sha256  path`")
            else:
                named[path] = digest
    found = set()
    for folder, _, files in os.walk("."):
        for name in files:
            found.add(os.path.relpath(os.path.join(folder, name), ".").replace(os.sep, "/"))
    for path in sorted(found - set(named) - {MANIFEST, MANIFEST + ".sig"}):
        problem(shown(path), "is not in the manifest")
    for path, digest in sorted(named.items()):
        if path not in found:
            problem(path, "is missing")
        elif os.path.islink(path) or sha256_of(path) != digest:
            problem(path, "was changed")
    print(f"manifest: {len(named)} files")


def canonical(line):
    """Whether a line has the one spelling of RFC 8785: sorted keys, no spaces, shortest escapes."""
    whole = True

    def ordered(pairs):
        nonlocal whole
        keys = [key.encode("utf-16-be", "surrogatepass") for key, _ in pairs]
        whole = whole and keys == sorted(set(keys))
        return dict(pairs)

    floats = []
    entry = json.loads(line, object_pairs_hook=ordered, parse_float=lambda text: floats.append(text) or 0.0)
    same = json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" == line
    # How floating-point numbers are written is left to the program that wrote them.
    return whole and (same or bool(floats))


def check_chain():
    """Each line carries the next number and the SHA-256 of the line before it."""
    entries, hashes = [], []
    before = "0" * 64
    with open("ledger.jsonl", "rb") as file:
        for number, line in enumerate(file, 1):
            place = f"ledger.jsonl line {number}"
            if not line.endswith(b"\n"):
                problem(place, "has no line end: the file was cut off")
            try:
                entry = json.loads(line)
                if entry["seq"] != number - 1:
                    problem(place, f"carries number {entry['seq']}, not {number - 1}")
                if entry["prev"] != before:
                    problem(place, f"does not continue line {number - 1}")
                if entry["v"] <= KNOWN_FORMAT and not canonical(line):
                    problem(place, "is not in canonical form")
                entries.append((number, entry))
            except (ValueError, KeyError, TypeError) as error:
                problem(place, f"is not a record: {error}")
            before = hashlib.sha256(line).hexdigest()
            hashes.append(before)
    newer = {e["v"] for _, e in entries if e.get("v", 0) > KNOWN_FORMAT}
    if newer:
        print(f"note: lines of format {sorted(newer)} are newer than this script; only their chain was checked")
    print(f"ledger: {len(hashes)} lines, the last is {before}")
    return [(n, e) for n, e in entries if e.get("v", 0) <= KNOWN_FORMAT], hashes


def kind(entry):
    return entry["event"]["kind"]


def body(entry):
    return entry["event"]["body"]


def in_folder(folder):
    """The files of a folder by the id that their names begin with."""
    if not os.path.isdir(folder):
        return {}
    return {name.split(".", 1)[0]: os.path.join(folder, name) for name in os.listdir(folder)}


def check_evidence(entries):
    """The bytes of every item are there and have the recorded SHA-256 and length."""
    files, privileged = in_folder("raw"), in_folder("privileged")
    count = withheld = 0
    for number, entry in entries:
        if kind(entry) != "evidence.kept":
            continue
        count += 1
        item = body(entry)
        path = (privileged if item.get("privileged") else files).get(item["id"])
        if path is None and item.get("privileged") and not privileged:
            withheld += 1
        elif path is None:
            problem(f"ledger.jsonl line {number}", f"the bytes of {item['id']} are missing")
        elif sha256_of(path) != item["sha256"] or os.path.getsize(path) != item["bytes"]:
            problem(path, f"is not what line {number} of the ledger recorded")
    print(f"evidence: {count} items{f', of which {withheld} are privileged and were left out' if withheld else ''}")


def signature_holds(text, signature, principal, namespace):
    """True, False, or None when `ssh-keygen` is not there. Writes nothing."""
    program = shutil.which("ssh-keygen")
    if program is None:
        return None
    command = [program, "-Y", "verify", "-f", "keys/allowed_signers", "-I", principal, "-n", namespace, "-s", signature]
    with open(text, "rb") as file:
        return subprocess.run(command, stdin=file, capture_output=True, check=False).returncode == 0


def told(holds):
    return {True: "signature holds", False: "SIGNATURE DOES NOT HOLD", None: "signature NOT CHECKED"}[holds]


def check_signed(place, text, expected, principal, namespace):
    """A signed text lies in its file exactly as the ledger holds it, and the signature holds."""
    for path, content in ((text, expected[0]), (text + ".sig", expected[1])):
        try:
            with open(path, encoding="utf-8", newline="") as file:
                if file.read() != content:
                    problem(path, f"is not what {place} holds")
                    return False
        except OSError:
            problem(path, "is missing")
            return False
    holds = signature_holds(text, text + ".sig", principal, namespace)
    if holds is False:
        problem(text, "the signature does not hold")
    return holds


def check_checkpoints(entries, hashes):
    """Each signed checkpoint names a line of this log and its SHA-256."""
    for number, entry in entries:
        if kind(entry) != "checkpoint.signed":
            continue
        place, point = f"ledger.jsonl line {number}", body(entry)
        count = point["entries"]
        fields = dict(line.split(" ", 1) for line in point["text"].splitlines()[1:])
        if fields.get("entries") != str(count) or fields.get("head") != point["head"]:
            problem(place, "the signed text says something else than its record")
        if not 0 < count < number or hashes[count - 1] != point["head"]:
            problem(place, f"line {count} is not the one that was signed")
        path = f"checkpoints/{count:08}.txt"
        holds = check_signed(place, path, (point["text"], point["signature"]), "recorder", "checkpoint@cordon")
        print(f"checkpoint over {count} lines at {fields.get('at')}: {told(holds)}")


def principal_of(name):
    """The name as `keys/allowed_signers` has it: letters that it cannot have are told apart by a hash."""
    allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._-+"
    plain = "".join(c if c in allowed else "_" for c in name)
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def check_signers(entries):
    """The allowed signers are the keys that the log was opened with, each for what it may sign."""
    opened = next((body(entry) for _, entry in entries if kind(entry) == "case.opened"), None)
    if opened is None:
        problem("ledger.jsonl", "no line of it opens the case")
        return {}

    def line(principal, namespaces, key):
        return f'{principal} namespaces="{namespaces}" {" ".join(key.split()[:2])}\n'

    expected = line("recorder", "checkpoint@cordon,export@cordon,on-behalf@cordon", opened["recorder"])
    with_key = [person for person in opened["people"] if person.get("key")]
    expected += "".join(line(principal_of(one["name"]), "approval@cordon", one["key"]) for one in with_key)
    with open("keys/allowed_signers", encoding="utf-8", newline="") as file:
        if file.read() != expected:
            problem("keys/allowed_signers", "the keys are not those that the log names")
    return {person["name"]: set(person["roles"]) for person in opened["people"]}


def digest_of(content):
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


class Notice:
    """A notice as the log has told it so far."""

    def __init__(self, drafted):
        self.text = drafted["text"]
        self.files = {}
        needs = drafted.get("approval") or {"roles": None, "people": 1}
        self.roles, self.people = needs["roles"], needs["people"]
        self.approved = {}

    def binds(self):
        """What an approval binds: the text; with files, the text and each of them."""
        if not self.files:
            return self.text
        lines = [f"text sha256:{self.text}\n"]
        lines += [f"file sha256:{self.files[name]} {name}\n" for name in sorted(self.files, key=str.encode)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def change(self, what, it):
        """Takes in what changes it: every approval before is void."""
        if what == "notice.revised":
            self.text = it["text"]
        elif what == "notice.attached":
            self.files[it["attachment"]["name"]] = it["attachment"]["sha256"]
        else:
            self.files.pop(it["name"], None)
        self.approved.clear()

    def approve(self, place, people, person, until):
        why = people.may_not(person, self.roles)
        if why:
            problem(place, why)
        else:
            self.approved[person] = until

    def leave(self, place, bound, at, excluded):
        """As many people as it asks for have approved exactly what leaves, and their approvals hold."""
        standing = (person for person in self.approved if person not in excluded)
        count = sum(1 for person in standing if at[:19] < self.approved[person][:19])
        if bound != self.binds() or count < self.people:
            problem(place, f"a notice was sent with {count} approvals that hold; it needs {shown(self.people)}")


class People:
    """Who may decide, as far as the log has told it."""

    def __init__(self, roster):
        self.roster, self.excluded, self.only = roster, set(), None

    def take(self, what, it):
        if what == "person.excluded":
            self.excluded.add(it["person"])
        elif what == "case.restricted":
            self.only = set(it["people"])
        elif what == "case.unrestricted":
            self.only = None

    def may_not(self, person, roles):
        """Why a person may not decide, or nothing."""
        if person not in self.roster:
            return "the person is not on the roster"
        if roles is not None and not self.roster[person] & set(roles):
            return f"the person has no role that may approve: {shown(' or '.join(roles))}"
        if person in self.excluded:
            return "the person was excluded from this case"
        if self.only is not None and person not in self.only:
            return "the case is restricted to others"
        return None


class Decisions:
    """What people decided, and what it binds."""

    def __init__(self, roster):
        self.people = People(roster)
        self.plans, self.notices, self.determinations = set(), {}, {}

    def take(self, number, entry):
        what, it, place = kind(entry), body(entry), f"ledger.jsonl line {number}"
        if what == "plan.made":
            if digest_of(it["plan"]) != it["digest"]:
                problem(place, "the digest is not the plan's")
            self.plans.add(it["digest"])
        elif what == "notice.drafted":
            self.notices[it["notice"]] = Notice(it)
        elif what in ("notice.revised", "notice.attached", "notice.detached", "notice.sending", "notice.dispatched"):
            notice = self.notices.get(it["notice"])
            if notice is None:
                problem(place, "no line of the log drafts this notice")
            elif what in ("notice.sending", "notice.dispatched"):
                notice.leave(place, it.get("text") or it["binds"], entry["at"], self.people.excluded)
            else:
                notice.change(what, it)
        elif what == "sanctions.proposed":
            if digest_of(it["content"]) != it["binds"]:
                problem(place, "the digest is not the determination's")
            self.determinations[it["determination"]] = it["binds"]
        elif what in ("gate.approved", "gate.denied", "notice.approved", "sanctions.approved"):
            self.decision(number, entry)
        else:
            self.people.take(what, it)

    def decision(self, number, entry):
        what, it, place = kind(entry), body(entry), f"ledger.jsonl line {number}"
        signed = it["signed"]
        bound = it.get("text") or it.get("binds") or it["plan"]
        if what == "notice.approved":
            notice = self.notices.get(it["notice"])
            known = notice is not None and notice.binds() == bound
        elif what == "sanctions.approved":
            known = self.determinations.get(it["determination"]) == bound
        else:
            known = bound in self.plans
        if not known:
            problem(place, "the decision binds no plan or text of this log")
        if f"\nbinds: sha256:{bound}\n" not in signed["text"]:
            problem(place, "the signed text binds something else")
        said = dict(line.split(": ", 1) for line in signed["text"].splitlines() if ": " in line)
        if said.get("case") != entry["case"]:
            problem(place, "the signed text is about another case")
        if said.get("decision") != ("deny" if what == "gate.denied" else "approve"):
            problem(place, "the signed text decides otherwise")
        subjects = (("gate", "step"), ("notice", "notice"), ("determination", "determination"))
        meant = next((f"{key} {it[name]}" for key, name in subjects if name in it), "")
        if said.get("for") != meant:
            problem(place, "the signed text is for something else")
        # A name with more than letters and single spaces stands there in another spelling.
        plain = signed["person"].isprintable() and signed["person"] == " ".join(signed["person"].split())
        theirs = not plain or said.get("person") == signed["person"]
        if not theirs:
            problem(place, "the signed text is of another person")
        if said.get("expires", "")[:19] < entry["at"][:19]:
            problem(place, "the decision had run out when it was written down")
        name = principal_of(signed["person"])
        path = f"approvals/{number:08}-{name[:60]}.txt"
        # Where the text says so, the server signed on behalf of a person who had signed in.
        server = "\non behalf: " in signed["text"]
        by = ("recorder", "on-behalf@cordon") if server else (name, "approval@cordon")
        holds = check_signed(place, path, (signed["text"], signed["signature"]), *by)
        if what == "notice.approved" and known and theirs and holds is not False:
            notice.approve(place, self.people, signed["person"], said.get("expires", ""))
        about = it.get("step") or it.get("notice") or it.get("determination")
        behalf = ", signed by the server on their behalf" if server else ""
        print(f"decision at {entry['at']}: {what} by {shown(signed['person'])} for {shown(about)}{behalf}: {told(holds)}")


def main():
    if len(sys.argv) > 2:
        print(__doc__)
        return 2
    os.chdir(sys.argv[1] if len(sys.argv) == 2 else os.path.dirname(os.path.abspath(__file__)))
    try:
        check_manifest()
        holds = signature_holds(MANIFEST, MANIFEST + ".sig", "recorder", "export@cordon")
        print(f"manifest: {told(holds)}")
        if holds is False:
            problem(MANIFEST + ".sig", "the signature does not hold")
        entries, hashes = check_chain()
        check_evidence(entries)
        check_checkpoints(entries, hashes)
        decisions = Decisions(check_signers(entries))
        for number, entry in entries:
            decisions.take(number, entry)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem("the folder", f"cannot be read to the end: {error}")
    for line in problems:
        print(f"PROBLEM {line}")
    print("DOES NOT VERIFY" if problems else "VERIFIED")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
