"""The list of suppressed addresses as a file: read from other systems, written for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _t
from import_export.formats.base_formats import CSV, XLSX, Format
from import_export.resources import ModelResource

from .models import Suppression, address_hash, normalise_email

#: Rows and bytes of one file at most.
MOST_ROWS = 20_000
MOST_BYTES = 4_000_000

#: What the column with the addresses may be called; a file without any of these has it first.
COLUMNS = ("address_hash", "address", "email", "email_address", "e-mail", "recipient")

_HASH = re.compile(r"[0-9a-f]{64}")
_SALT = "wagtail_journeys.suppression"

FORMATS: dict[str, type[Format]] = {"csv": CSV, "xlsx": XLSX}

#: What makes a spreadsheet take a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class SuppressionResource(ModelResource):
    """The columns of the exported file. There are no addresses in it: nobody here knows them any more."""

    class Meta:
        model = Suppression
        fields = ("address_hash", "reason", "note", "since")
        export_order = fields

    def dehydrate_note(self, row: Suppression) -> str:
        return f"'{row.note}" if row.note.startswith(_FORMULA) else row.note


@dataclass
class Found:
    """What a file says: hashes of addresses, and how many rows say nothing that can be used."""

    hashes: list[str] = field(default_factory=list)
    known: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def new(self) -> int:
        return len(self.hashes) - self.known

    def pack(self) -> str:
        """For the form that asks once more: signed, and without a single address."""
        packed = b"".join(bytes.fromhex(hashed) for hashed in self.hashes)
        return signing.dumps(packed.hex(), salt=_SALT, compress=True)


def unpack(packed: str) -> list[str]:
    """Raises BadSignature for what is not from us, or older than a day."""
    text: str = signing.loads(packed, salt=_SALT, max_age=24 * 60 * 60)
    return [text[start : start + 64] for start in range(0, len(text), 64)]


def read(name: str, content: bytes) -> Found:
    """Addresses, or their hashes as this site makes them. Raises ValidationError with words for the editor."""
    if len(content) > MOST_BYTES:
        raise ValidationError(_t("The file is larger than %d MB.") % (MOST_BYTES // 1_000_000))
    if not name.lower().endswith((".csv", ".txt")):
        raise ValidationError(_t("Choose a file with the ending .csv."))
    values = _column(content)
    if len(values) > MOST_ROWS:
        raise ValidationError(_t("The file has more than %d rows. Split it.") % MOST_ROWS)
    found = Found()
    seen: dict[str, None] = {}
    for value in values:
        text = str(value or "").strip()
        hashed = _hash(text)
        if hashed:
            seen.setdefault(hashed)
        elif text:
            found.wrong.append(text[:80])
    found.hashes = list(seen)
    found.known = Suppression.objects.filter(address_hash__in=found.hashes).count()
    if not found.hashes:
        raise ValidationError(_t("There is no address in the file."))
    return found


def _column(content: bytes) -> Sequence[Any]:
    try:
        data = CSV().create_dataset(content.decode("utf-8-sig"))
    except Exception as error:  # a damaged file can fail in any way inside the libraries that read it
        raise ValidationError(_t("The file cannot be read: %s") % str(error)[:200]) from error
    headers = [str(header or "").strip().lower() for header in data.headers or []]
    named = next((name for name in COLUMNS if name in headers), None)
    if named is not None:
        column: list[Any] = data.get_col(headers.index(named))
        return column
    first = (
        [data.headers[0]] if data.headers else []
    )  # a plain list has no headers: its first row is an address
    return [*first, *(data.get_col(0) if data.height else [])]


def _hash(text: str) -> str:
    if _HASH.fullmatch(text.lower()):
        return text.lower()
    address = normalise_email(text)
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address_hash(address)


def export(kind: str, rows: Any) -> tuple[bytes, str]:
    """The file and its content type."""
    made = FORMATS[kind]()
    content = made.export_data(SuppressionResource().export(rows))
    return content.encode() if isinstance(content, str) else content, made.get_content_type()
