"""Reading the Maildir that the catch-all inbox of the demo writes."""

import email
import email.policy
import mailbox
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True)
class Summary:
    """One line of the inbox."""

    key: str
    subject: str
    sender: str
    to: str
    date: datetime | None


@dataclass(frozen=True)
class Mail(Summary):
    """A message laid open."""

    html: str
    text: str
    headers: list[tuple[str, str]]
    links: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)


class LinkCollector(HTMLParser):
    """Collects (address, link text): links cannot be followed inside the sandboxed frame."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self._href: str | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and (values.get("href") or "").startswith(("http://", "https://")):
            self._href, self._text = values["href"], []
        elif tag == "img" and self._href:
            self._text.append(values.get("alt") or "")

    def handle_data(self, data: str) -> None:
        if self._href:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.links.append((self._href, " ".join(" ".join(self._text).split()) or self._href))
            self._href = None


def _maildir() -> mailbox.Maildir:
    path = Path(settings.INBOX_DIR)
    path.parent.mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(path, create=True)


def _date(message: EmailMessage) -> datetime | None:
    try:
        return parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError):
        return None


def _summary(key: str, message: EmailMessage) -> dict:
    return {
        "key": key,
        "subject": str(message["Subject"] or ""),
        "sender": str(message["From"] or ""),
        "to": str(message["To"] or message["X-RcptTo"] or ""),
        "date": _date(message),
    }


def newest(limit: int = 100, search: str = "") -> tuple[list[Summary], int]:
    """The newest messages, and how many there are (with ``search``: how many of the newest fit)."""
    box = _maildir()
    folder = Path(settings.INBOX_DIR)
    arrived = sorted(
        (
            (path.stat().st_mtime_ns, path.name.partition(":")[0], path)
            for sub in ("new", "cur")
            for path in (folder / sub).iterdir()
        ),
        reverse=True,
    )
    box.close()
    parser = email.parser.BytesHeaderParser(policy=email.policy.default)
    found: list[Summary] = []
    for _arrived, key, path in arrived:
        if len(found) == limit:
            break
        with path.open("rb") as file:
            line = Summary(**_summary(key, parser.parse(file)))
        if search.lower() in f"{line.subject} {line.to}".lower():
            found.append(line)
    return found, len(arrived)


def read(key: str) -> Mail | None:
    """One message, or None when there is no such message (any more)."""
    try:
        raw = _maildir().get_bytes(key)
    except KeyError:
        return None
    message = email.message_from_bytes(raw, policy=email.policy.default)
    html = _part(message, "html")
    collector = LinkCollector()
    collector.feed(html)
    return Mail(
        **_summary(key, message),
        html=html,
        text=_part(message, "plain"),
        headers=[(name, str(value)) for name, value in message.items()],
        links=collector.links,
        attachments=[part.get_filename() or "?" for part in message.iter_attachments()],
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return "" if part is None else part.get_content()


def clear() -> None:
    _maildir().clear()
