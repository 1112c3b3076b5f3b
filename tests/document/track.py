#!/usr/bin/env python3
"""Edits a Word file in LibreOffice Writer, through UNO, with the recording of changes on.

Run with the Python that has `uno`: track.py SOURCE TARGET PIPE. The file must hold no comments: without
its user interface, as on a server, Writer cannot draw their margin and ends.
"""
import subprocess
import sys
import tempfile
import time

import uno
from com.sun.star.beans import PropertyValue

source, target, pipe = sys.argv[1:]


def value(name, content):
    property = PropertyValue()
    property.Name, property.Value = name, content
    return property


with tempfile.TemporaryDirectory() as home:
    office = subprocess.Popen([
        "soffice", f"-env:UserInstallation=file://{home}", "--headless", "--norestore", "--nologo",
        f"--accept=pipe,name={pipe};urp;",
    ])
    try:
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        for attempt in range(240):
            try:
                context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
                break
            except Exception:
                time.sleep(0.25)
        else:
            sys.exit("LibreOffice did not start")
        desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        document = desktop.loadComponentFromURL(f"file://{source}", "_blank", 0, (value("Hidden", True),))
        assert document.RecordChanges, "the file asks for tracking"

        def replace(old, new):
            search = document.createSearchDescriptor()
            search.SearchString = old
            found = document.findFirst(search)
            assert found is not None, old
            found.String = new

        replace("first with", "the first item with")
        replace("Between", "In between")
        paragraphs = document.Text.createEnumeration()
        while paragraphs.hasMoreElements():
            paragraph = paragraphs.nextElement()
            if paragraph.supportsService("com.sun.star.text.Paragraph") and paragraph.String.startswith("Not known"):
                cursor = document.Text.createTextCursorByRange(paragraph.End)
                document.Text.insertControlCharacter(cursor, 0, False)
                document.Text.insertString(cursor, "Not known: who else had the key.", False)
                break
        document.storeToURL(f"file://{target}", (value("FilterName", "MS Word 2007 XML"),))
        document.close(False)
        try:
            desktop.terminate()
        except Exception:
            pass  # the connection goes with the program
    finally:
        try:
            office.wait(20)
        except subprocess.TimeoutExpired:
            office.kill()
