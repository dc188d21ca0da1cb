"""From what an editor wrote in an HTTP call step to the request for one contact.

The structure of a request (scheme, host, port, path, names, JSON) is fixed when the step is read; merge tags only fill
places in it, each encoded for where it stands. So no value of a contact can make it another request.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from django.utils.translation import gettext as _t

from wagtail_journeys.calls import guard, secrets
from wagtail_journeys.calls.request import FORM, IDEMPOTENT, JSON, METHODS, Request, check_header
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.emails import filling, liquid, rendering, samples
from wagtail_journeys.emails.models import Message
from wagtail_journeys.exceptions import CallRefused, JourneysError, MissingValue, TemplateError

Params = Mapping[str, Any]

#: A text that is nothing but one merge tag, without filters: it keeps its type in JSON.
ALONE = re.compile(r"\s*\{\{-?\s*([A-Za-z_]\w*(?:\.[\w-]+)+)\s*-?\}\}\s*$")
_HELD = re.compile("\ue002(\\d+)\ue003")
NAME = re.compile(r"[a-z][a-z0-9_]{0,49}$")
MEMBER = re.compile(r"[^\s.{}]+(\.[^\s.{}]+){0,9}$")

MAX_URL = 4_000  # characters
MAX_BODY = 100_000


# Places for values ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A text with merge tags, cut at the secrets in it: Liquid never touches a secret."""

    pieces: tuple[tuple[Any, str], ...]  # (parsed Liquid, "") or (None, name of a secret)
    paths: tuple[liquid.Path, ...]
    alone: str = ""

    def fill(self, values: dict[str, Any], encode: Callable[[str], str] = str) -> str:
        """The text with values; each piece of it encoded, and marks where secrets go."""
        return "".join(
            secrets.mark(secret)
            if part is None
            else encode(_clean(liquid.render_part(part, values, self.paths)))
            for part, secret in self.pieces
        )


def _clean(text: str) -> str:
    """Without what could pass for a mark, and without halves of letters."""
    return secrets.clean(text).encode("utf-8", "replace").decode().replace("\x00", "")


def read_text(source: str) -> Text:
    """Raises TemplateError with words for the editor."""
    pieces: list[tuple[Any, str]] = []
    found: dict[liquid.Path, None] = {}
    end = 0
    for tag in [*secrets.TAG.finditer(source), None]:
        text = source[end : tag.start()] if tag else source[end:]
        if text:
            part = liquid.parse_part(liquid.TEXT, text)
            if "secret" in part.analyze().globals:
                raise TemplateError(
                    _t("A secret stands by itself, as in {{ secret.crm_token }}, without filters.")
                )
            found.update(dict.fromkeys(liquid.paths(part)))
            pieces.append((part, ""))
        if tag:
            if not secrets.exists(tag.group(1)):
                raise TemplateError(
                    _t("There is no secret “%s” in the settings of this site.") % tag.group(1)
                )
            pieces.append((None, tag.group(1)))
            end = tag.end()
    alone = ALONE.match(source)
    return Text(
        tuple(pieces), tuple(found), alone.group(1) if alone and not secrets.TAG.search(source) else ""
    )


def _put_aside(source: str) -> tuple[str, list[str]]:
    """The text with a short mark in the place of every merge tag, and the tags."""
    chunks: list[str] = []

    def hold(found: re.Match[str]) -> str:
        chunks.append(found.group())
        return f"\ue002{len(chunks) - 1}\ue003"

    return liquid.CHUNK.sub(hold, re.sub("[\ue000-\ue003]", "", source)), chunks


# The URL ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Url:
    origin: str  # scheme, host and port: never filled in
    path: tuple[tuple[str | Text, ...], ...]  # per segment
    query: tuple[str | Text, ...] | None

    def texts(self) -> Iterable[Text]:
        for part in (*self.path, self.query or ()):
            yield from (piece for piece in part if isinstance(piece, Text))

    def fill(self, values: dict[str, Any]) -> str:
        segments = []
        for segment in self.path:
            text = self._join(segment, values)
            if any(isinstance(piece, Text) for piece in segment) and text in {"", ".", ".."}:
                raise TemplateError(
                    _t("A part of the address would be “%s”, and the call another one.") % text
                )
            segments.append(text)
        url = self.origin + "/".join(segments)
        if self.query is not None:
            url += "?" + self._join(self.query, values)
        if len(url) > MAX_URL:
            raise TemplateError(_t("The address would be longer than %d characters.") % MAX_URL)
        return url

    @staticmethod
    def _join(pieces: Sequence[str | Text], values: dict[str, Any]) -> str:
        return "".join(
            piece if isinstance(piece, str) else piece.fill(values, lambda text: quote(text, safe=""))
            for piece in pieces
        )


def read_url(source: str) -> Url:
    """Raises TemplateError; scheme, host and port are checked here, on what the editor wrote."""
    text, chunks = _put_aside(source.strip())
    if not text:
        raise TemplateError(_t("The call has no address."))
    if any(chunk.startswith("{%") for chunk in chunks):
        raise TemplateError(_t("Only merge tags like {{ contact.email }} may stand in the address."))
    before = text.partition("\ue002")[0]
    try:
        parts, known = urlsplit(text), urlsplit(before)
    except ValueError as error:
        raise TemplateError(_t("The address cannot be read: %s") % error) from error
    if "\ue002" in parts.scheme + parts.netloc or parts.netloc != known.netloc or not parts.netloc:
        if chunks:
            raise TemplateError(
                _t("A merge tag may stand behind the host only, as in https://host/{{ contact.email }}")
            )
        raise TemplateError(_t("The address must begin with https://"))
    origin = f"{parts.scheme}://{parts.netloc}"
    try:
        guard.target_of(_HELD.sub("x", text))
    except CallRefused as error:
        raise TemplateError(str(error)) from error
    path = tuple(_pieces(segment, chunks) for segment in (parts.path or "/").split("/"))
    query = _pieces(parts.query, chunks) if parts.query else None
    return Url(origin, path, query)


def _pieces(text: str, chunks: list[str]) -> tuple[str | Text, ...]:
    found: list[str | Text] = []
    for number, piece in enumerate(_HELD.split(text)):
        if number % 2:
            found.append(read_text(chunks[int(piece)]))
        elif piece:
            found.append(quote(piece, safe="%/:?#[]@!$&'()*+,;=~-._"))
    return tuple(found)


# JSON -------------------------------------------------------------------------------------------------------------------


def read_json(source: str) -> Any:
    """The document with a Text in the place of every text that has merge tags. Raises TemplateError."""
    marked, chunks = _put_aside(source)

    def read(value: Any) -> Any:
        if isinstance(value, dict):
            if any(_HELD.search(key) for key in value):
                raise TemplateError(_t("A merge tag may not be the name of a member."))
            return {key: read(item) for key, item in value.items()}
        if isinstance(value, list):
            return [read(item) for item in value]
        if isinstance(value, str) and _HELD.search(value):
            return read_text(_HELD.sub(lambda found: chunks[int(found.group(1))], value))
        return value

    try:
        return read(json.loads(marked))
    except RecursionError as error:
        raise TemplateError(_t("The JSON is nested too deeply.")) from error
    except ValueError as error:
        words = _t(
            'The body is not JSON: %s. Merge tags stand between quotes, as in {"email": "{{ contact.email }}"}.'
        )
        raise TemplateError(words % getattr(error, "msg", error)) from error


def fill_json(document: Any, values: dict[str, Any]) -> Any:
    if isinstance(document, dict):
        return {key: fill_json(item, values) for key, item in document.items()}
    if isinstance(document, list):
        return [fill_json(item, values) for item in document]
    if not isinstance(document, Text):
        return document
    if document.alone:
        value: Any = values
        for part in document.alone.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and not isinstance(value, str):
            return _plain(value)
    return document.fill(values)


def _plain(value: Any) -> Any:
    """A number, a list … of a contact, as JSON has it."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_clean(str(key)): _plain(item) for key, item in value.items()}
    return value if isinstance(value, bool | int | float) or value is None else _clean(str(value))


def texts_in(document: Any) -> Iterable[Text]:
    if isinstance(document, Text):
        yield document
    elif isinstance(document, dict | list):
        for item in document.values() if isinstance(document, dict) else document:
            yield from texts_in(item)


# The whole step ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """A step that can be called, read once."""

    method: str
    url: Url
    headers: tuple[tuple[str, Text], ...]
    kind: str
    document: Any  # of JSON
    form: tuple[tuple[str, Text], ...]
    sign_with: str
    repeatable: bool
    keep: tuple[tuple[str, str], ...]

    @property
    def paths(self) -> tuple[liquid.Path, ...]:
        texts = [*self.url.texts(), *texts_in(self.document)]
        texts += [text for _name, text in (*self.headers, *self.form)]
        return tuple(
            sorted({path for text in texts for path in text.paths}, key=lambda path: (len(path), path))
        )


def items(params: Params, name: str) -> list[dict[str, Any]]:
    """The values of a list block as it is stored."""
    return [item["value"] for item in params.get(name) or []]


def defaults_of(params: Params) -> dict[str, str]:
    return {item["tag"]: item.get("default") or "" for item in items(params, "defaults")}


def plan_of(params: Params) -> Plan:
    """Raises TemplateError with the first thing that is wrong."""
    return _plan(json.dumps(params, sort_keys=True, default=str), json.dumps(secrets.names()))


@functools.lru_cache(maxsize=256)
def _plan(stored: str, _secrets: str) -> Plan:
    params: dict[str, Any] = json.loads(stored)
    found: dict[str, Any] = {}
    problems = _read(params, found)
    if problems:
        raise TemplateError(problems[0])
    return Plan(**found)


def problems_of(params: Params) -> list[str]:
    """Everything that keeps the step from being called, in words for the editor."""
    return _read(params, {})


def _read(params: Params, found: dict[str, Any]) -> list[str]:
    """Read the step into ``found`` (the fields of a Plan), part by part; returns what is wrong."""
    problems: list[str] = []

    def part(name: str, read: Callable[[], Any]) -> None:
        try:
            found[name] = read()
        except JourneysError as error:
            problems.append(str(error))

    method = params.get("method") or "POST"
    kind = params.get("body_kind") or ""
    if method not in METHODS:
        problems.append(_t("There is no method “%s”.") % method)
    if method == "GET" and kind:
        problems.append(_t("A GET call has no body. Choose another method, or no body."))
    found |= {"method": method, "kind": kind, "document": None, "form": ()}
    part("url", lambda: read_url(params.get("url") or ""))
    part("headers", lambda: tuple(_header(item) for item in items(params, "headers")))
    if kind == JSON:
        part("document", lambda: read_json(params.get("json") or ""))
    elif kind == FORM:
        part(
            "form",
            lambda: tuple(
                (item["name"], read_text(item.get("value") or "")) for item in items(params, "form")
            ),
        )
    part("sign_with", lambda: _signing(params.get("sign_with") or ""))
    found["repeatable"] = bool(params.get("repeatable")) or method in IDEMPOTENT
    part("keep", lambda: tuple(_kept(item) for item in items(params, "keep")))
    return problems


def _header(item: Mapping[str, Any]) -> tuple[str, Text]:
    name, value = str(item.get("name") or "").strip(), str(item.get("value") or "")
    check_header(name, liquid.CHUNK.sub("", value))
    if secrets.SENSITIVE.search(name) and not secrets.TAG.search(value):
        words = _t(
            "The value of the header “%s” is secret: put it into the settings of the site, and {{ secret.name }} here."
        )
        raise TemplateError(words % name)
    return name, read_text(value)


def _signing(name: str) -> str:
    if name and not secrets.exists(name):
        raise TemplateError(_t("There is no secret “%s” in the settings of this site.") % name)
    return name


def _kept(item: Mapping[str, Any]) -> tuple[str, str]:
    member, name = str(item.get("member") or "").strip(), str(item.get("name") or "").strip()
    if not MEMBER.match(member):
        raise TemplateError(
            _t("“%s” is not a member of an answer: write it like id or data.items.0.id") % member[:60]
        )
    if not NAME.match(name):
        raise TemplateError(
            _t("“%s” cannot be a name: use small letters, digits and underscores.") % name[:60]
        )
    return member, name


# For contacts -----------------------------------------------------------------------------------------------------------


def request_for(plan: Plan, context: Mapping[str, Any], defaults: Mapping[str, str]) -> Request:
    """The request with one contact's values, secrets still marked. What keeps it from being sent is its ``problem``."""
    try:
        values = liquid.pick(plan.paths, context, defaults)
        headers = tuple((name, text.fill(values)) for name, text in plan.headers)
        for name, value in headers:
            check_header(name, value)
        body = _body(plan, values)
        return Request(
            plan.method,
            plan.url.fill(values),
            headers,
            body,
            plan.kind,
            plan.sign_with,
            plan.repeatable,
            plan.keep,
        )
    except MissingValue as error:
        return Request(plan.method, "", problem=str(error))
    except (TemplateError, CallRefused) as error:
        return Request(plan.method, "", problem=str(error))


def _body(plan: Plan, values: dict[str, Any]) -> str:
    body = ""
    if plan.kind == JSON:
        body = json.dumps(fill_json(plan.document, values), ensure_ascii=False)
    elif plan.kind == FORM:
        body = "&".join(f"{quote_plus(name)}={text.fill(values, quote_plus)}" for name, text in plan.form)
    if len(body) > MAX_BODY:
        raise TemplateError(_t("The body would be longer than %d characters.") % MAX_BODY)
    return body


def contexts_for(people: Sequence[tuple[int, int, int | None]]) -> dict[int, dict[str, Any]]:
    """The values of merge tags for (key, contact id, entry event id), by key: the same that emails have."""
    return rendering.build_contexts(
        [Message(pk=key, contact_id=contact, entry_event_id=event) for key, contact, event in people]
    )


def sample_context() -> dict[str, Any]:
    """A made-up person."""
    return samples.context(filling.site_values(None))


def sample_defaults(plan: Plan, params: Params) -> dict[str, str]:
    """Tags that the made-up person has no value for show their own name."""
    return {**samples.defaults(plan.paths), **defaults_of(params)}


def data_of(journeys: Sequence[int]) -> dict[int, dict[str, Any]]:
    """What these journeys have kept so far, by journey id. One statement."""
    # Journeys know contacts and campaigns, not the other way round: reached by the name of their relation.
    model: Any = Contact._meta.get_field("journeys").related_model
    return dict(model._default_manager.filter(pk__in=journeys).values_list("pk", "data"))
