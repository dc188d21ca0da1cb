"""A message as the bytes that a mail server takes. Plain functions: no database, no network.

The standard library's classes can do this too, at several times the cost per message: they parse and fold every header
again. Here the few headers that we write are written once, and the parts are encoded by the C functions below them.
"""

from __future__ import annotations

import binascii
import datetime
import functools
from dataclasses import dataclass, field
from email.utils import format_datetime, formataddr, parseaddr

from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import TemplateError

LINE = 900  # characters; a header line may have 998
WORD = 45  # bytes in one encoded word, which may have 75 characters


@dataclass(frozen=True, slots=True)
class Letter:
    """One email to one address, ready to be handed over."""

    message: int  # the Message's id
    sender: str  # "Name <address>" or the address alone
    to: str
    subject: str
    html: str
    text: str
    header_id: str
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    key: str = ""  # the same for every hand-over of this message, another one for every other message
    tags: tuple[str, ...] = ()
    repeated: bool = False  # handed over before with the same key, and nobody knows whether it was taken

    @property
    def envelope_sender(self) -> str:
        return plain_address(self.sender)

    @property
    def envelope_recipient(self) -> str:
        return ascii_address(self.to)

    def checked(self) -> Letter:
        """Raises TemplateError for an address that cannot be written into a header. Asked before the hand-over begins."""
        encode_address(self.sender)
        ascii_address(self.to)
        if self.reply_to:
            encode_address(self.reply_to)
        return self

    def all_headers(self, now: datetime.datetime) -> dict[str, str]:
        found = {
            "From": encode_address(self.sender),
            "To": self.envelope_recipient,
            "Subject": encode_words(self.subject),
            "Date": format_datetime(now),
            "Message-ID": self.header_id,
        }
        if self.reply_to:
            found["Reply-To"] = encode_address(self.reply_to)
        return {**found, **self.headers}

    def as_bytes(self, now: datetime.datetime, key_header: str = "") -> bytes:
        """Text and HTML as alternatives, lines ending in CR LF, nothing but ASCII."""
        boundary = f"=_{self.header_id.strip('<>').partition('@')[0]}"
        lines = [f"{name}: {one_line(value)}" for name, value in self.all_headers(now).items()]
        if key_header:
            lines.append(f"{key_header}: {self.key}")
        lines += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="{boundary}"', "", ""]
        parts = [
            b"\r\n".join(
                [
                    f"--{boundary}".encode(),
                    f"Content-Type: text/{kind}; charset=utf-8".encode(),
                    b"Content-Transfer-Encoding: quoted-printable",
                    b"",
                    _quoted_printable(content),
                    b"",
                ]
            )
            for kind, content in (("plain", self.text), ("html", self.html))
        ]
        return "\r\n".join(lines).encode("ascii") + b"".join(parts) + f"--{boundary}--\r\n".encode()


def _quoted_printable(text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    return binascii.b2a_qp(lines.encode(), istext=True)


def one_line(value: str) -> str:
    """Refuse what would begin another header."""
    if "\r" in value.replace("\r\n ", "") or "\n" in value.replace("\r\n ", ""):
        raise TemplateError(_t("A line break may not stand in the header of an email."))
    return value


def encode_words(text: str) -> str:
    if text.isascii() and text.isprintable() and len(text) < LINE and "=?" not in text:
        return text
    words: list[bytes] = [b""]
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(words[-1]) + len(encoded) > WORD:
            words.append(b"")
        words[-1] += encoded
    return "\r\n ".join(f"=?utf-8?b?{binascii.b2a_base64(word, newline=False).decode()}?=" for word in words)


@functools.lru_cache(maxsize=1024)
def encode_address(address: str) -> str:
    """A sender's address for a header; the same few stand in thousands of messages."""
    name, plain = parseaddr(address)
    if not plain:
        raise TemplateError(_t("“%s” is not a sender's address.") % address)
    plain = ascii_address(plain)
    return formataddr((one_line(name), plain)) if name else plain


@functools.lru_cache(maxsize=1024)
def plain_address(address: str) -> str:
    return ascii_address(parseaddr(address)[1])


def ascii_address(address: str) -> str:
    """The address with an international domain in its ASCII form. Raises TemplateError for what no server takes."""
    if address.isascii():
        if (
            not address.isprintable()
            or " " in address
            or "<" in address
            or ">" in address
            or "@" not in address[1:-1]
        ):
            raise TemplateError(_t("“%s” is not an email address.") % address)
        return address
    local, _at, domain = address.rpartition("@")
    try:
        plain = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        plain = ""
    if not plain.isascii() or not local:
        raise TemplateError(_t("“%s” is not an address that mail servers take.") % address)
    return ascii_address(plain)
