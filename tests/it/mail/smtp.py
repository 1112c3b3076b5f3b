"""A real SMTP server that fails as told: one behaviour for each connection, the last for all after it.

ok          takes the mail: 250 with a queue id
later       answers 451 to the text
refused     answers 554 to the text
drop        has the text, and hangs up without an answer
greylist    answers 450 to the recipient
stall-STAGE says `STAGE` on stdout and answers nothing for a minute: ehlo, rcpt, data (which takes the mail first)
"""
import asyncio
import socket
import sys

from aiosmtpd.controller import Controller

behaviours = sys.argv[1:] or ["ok"]
connections = 0


def say(line, content=b""):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.flush()


class Keep:
    def behaviour(self, session):
        global connections
        if not hasattr(session, "behaviour"):
            session.behaviour = behaviours[min(connections, len(behaviours) - 1)]
            connections += 1
        return session.behaviour

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        if self.behaviour(session) == "stall-ehlo":
            say("STAGE ehlo")
            await asyncio.sleep(60)
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 no such mailbox"
        if self.behaviour(session) == "greylist":
            return "450 4.7.1 come again"
        if self.behaviour(session) == "stall-rcpt":
            say("STAGE rcpt")
            await asyncio.sleep(60)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        behaviour = self.behaviour(session)
        if behaviour == "later":
            return "451 4.3.0 try again"
        if behaviour == "refused":
            return "554 5.7.1 not this"
        say("MAIL %d" % len(envelope.original_content), envelope.original_content)
        if behaviour == "drop":
            server.transport.abort()
            await asyncio.sleep(60)
        if behaviour == "stall-data":
            say("STAGE data")
            await asyncio.sleep(60)
        return "250 kept as 4711"


free = socket.socket()
free.bind(("127.0.0.1", 0))
port = free.getsockname()[1]
free.close()
controller = Controller(Keep(), hostname="127.0.0.1", port=port)
controller.start()
say("PORT %d" % port)
sys.stdin.read()
