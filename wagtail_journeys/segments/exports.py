"""The members of a segment as a spreadsheet, written while it is read: a million rows need no memory."""

from __future__ import annotations

import csv
import datetime
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _t

from .models import Membership, Segment

FORMATS = ("csv", "xlsx")
COLUMNS = ("contact__email", "contact__external_id", "contact__first_name", "contact__last_name", "contact__locale")  # fmt: skip
#: What a spreadsheet would take for a formula.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def headings() -> list[str]:
    return [
        _t("email"), _t("external id"), _t("first name"), _t("last name"), _t("language"), _t("entered"), _t("left"),
    ]  # fmt: skip


def harmless(value: Any) -> str:
    """Text that no spreadsheet runs; moments in UTC, without a zone, as spreadsheets know none."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def rows(stays: QuerySet[Membership]) -> Iterator[list[str]]:
    yield headings()
    found = stays.order_by("pk").values_list(*COLUMNS, "entered_at", "left_at")
    for row in found.iterator(chunk_size=5000):
        yield [harmless(value) for value in row]


def response(segment: Segment, stays: QuerySet[Membership], kind: str) -> HttpResponseBase:
    """The answer to a request for "csv" or "xlsx"."""
    name = f"{slugify(segment.name) or 'segment'}.{kind}"
    if kind == "xlsx":
        return FileResponse(_workbook(rows(stays)), as_attachment=True, filename=name)
    answer = StreamingHttpResponse(_csv(rows(stays)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


class _Line:
    """Gives back what the writer writes."""

    def write(self, text: str) -> str:
        return text


def _csv(lines: Iterable[list[str]]) -> Iterator[str]:
    writer = csv.writer(cast("Any", _Line()))
    yield "\ufeff"  # so that Excel reads UTF-8
    for line in lines:
        yield writer.writerow(line)


def _workbook(lines: Iterable[list[str]]) -> Any:
    from openpyxl import Workbook  # type: ignore[import-untyped]
    from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_t("Members"))
    for line in lines:
        cells = []
        for text in line:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type = "s"  # never a formula
            cells.append(cell)
        sheet.append(cells)
    file = tempfile.TemporaryFile()  # noqa: SIM115 the response closes it
    book.save(file)
    file.seek(0)
    return file
