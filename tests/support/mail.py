"""A real mail server in this process that counts what it was given and fails where a test wants it to.

The count is the server's own: a message is counted when its whole content has arrived, whether or not the client ever
hears so. That is what "handed over at most once" is measured against.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

#: Instead of an answer.
HANG, DROP = "HANG", "DROP"


@dataclass(frozen=True)
class Received:
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.content, policy=policy.default))


@dataclass
class Faults:
    """What shall go wrong next, by the point of the conversation where it does; each fault is used once.

    CONNECT, EHLO, AUTH, MAIL, RCPT, DATA: the server's answer to that command (``"451 4.3.0 try later"``).
    "HANG" instead of an answer: none, ever; "DROP": the connection is cut.
    CONTENT: its answer once the whole content has arrived, which it then refuses (and does not count).
    ``slow`` is for every message: up to so many seconds before it is counted and up to so many before the answer.
    """

    answers: dict[str, deque[str]] = field(default_factory=dict)
    after_content: deque[str] = field(default_factory=deque)
    slow: float = 0.0

    def refuse(self, command: str, answer: str, times: int = 1) -> None:
        self.answers.setdefault(command.upper(), deque()).extend([answer] * times)

    def hang_after_content(self, times: int = 1) -> None:
        """Take (and count) the message, and never answer."""
        self.after_content.extend(["hang"] * times)

    def drop_after_content(self, times: int = 1) -> None:
        """Take (and count) the message, and cut the connection instead of answering."""
        self.after_content.extend(["drop"] * times)

    def next_answer(self, command: str) -> str | None:
        waiting = self.answers.get(command)
        return waiting.popleft() if waiting else None

    def clear(self) -> None:
        self.answers.clear()
        self.after_content.clear()
        self.slow = 0.0


class MailServer:
    """A context manager; ``port`` is where it listens, one that is free unless it is given."""

    def __init__(self, port: int = 0) -> None:
        self.faults = Faults()
        self.messages: list[Received] = []
        self.connections = 0
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="mail server", daemon=True)

    @property
    def by_message_id(self) -> Counter[str]:
        """How often each Message-ID was handed over."""
        return Counter(received.message_id for received in list(self.messages))

    @property
    def doubled(self) -> dict[str, int]:
        return {message_id: count for message_id, count in self.by_message_id.items() if count > 1}

    def to(self, address: str) -> list[Received]:
        return [received for received in list(self.messages) if address in received.recipients]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(10), "the mail server did not start"
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        loop = self._loop
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(
            loop.create_server(
                lambda: _Conversation(self, loop), host="127.0.0.1", port=self.port, backlog=1024
            )
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        try:
            loop.run_forever()
        finally:
            server.close()
            leftover = asyncio.all_tasks(loop)
            for task in leftover:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*leftover, return_exceptions=True))
            loop.close()


class _Conversation(SMTP):
    """One client's connection."""

    def __init__(self, server: MailServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.greeted = False
        super().__init__(self, hostname="mail.example", loop=loop, timeout=600, auth_require_tls=False)
        server.connections += 1

    async def push(self, status: Any) -> None:
        if not self.greeted:
            self.greeted = True
            answer = self.server.faults.next_answer("CONNECT")
            if answer:
                await super().push(answer)
                self.transport.close()
                return
        await super().push(status)

    async def _refused(self, command: str) -> bool:
        answer = self.server.faults.next_answer(command)
        if answer is None:
            return False
        if answer == DROP:
            self.transport.abort()
        if answer in (HANG, DROP):
            await asyncio.Event().wait()
        await self.push(answer)
        return True

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._refused("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._refused("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._refused("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._refused("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._refused("DATA"):
            await super().smtp_DATA(arg)

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.server.faults.next_answer("CONTENT")
        if answer:
            return answer
        await self._dawdle()
        content = bytes(envelope.original_content or b"")
        message_id = str(message_from_bytes(content)["Message-ID"] or "")
        self.server.messages.append(
            Received(message_id, envelope.mail_from or "", tuple(envelope.rcpt_tos), content)
        )
        if self.server.faults.after_content:
            fault = self.server.faults.after_content.popleft()
            if fault == "drop":
                self.transport.abort()
            await asyncio.Event().wait()
        await self._dawdle()
        return "250 2.0.0 taken"

    async def _dawdle(self) -> None:
        if self.server.faults.slow:
            await asyncio.sleep(random.uniform(0, self.server.faults.slow))
