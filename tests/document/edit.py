#!/usr/bin/env python3
"""Edits a Word file the way a reviewer's other tools do: with python-docx, without tracking."""
import sys

import docx

source, target = sys.argv[1:]
document = docx.Document(source)


def find(start):
    return next(p for p in document.paragraphs if p.text.startswith(start))


quoted = find("Nothing in this")
quoted.runs[0].text = "Nothing in this draft accuses anybody."
document.add_comment(quoted.runs, text="Is draft right?\nI think so.", author="Grace Reviewer", initials="GR")
find("Between").insert_paragraph_before("A paragraph that stands on [e2] and is <b>new</b>.")
two = find("two")._p
two.getparent().remove(two)
document.save(target)
