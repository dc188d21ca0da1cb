"""The language of merge tags: Liquid, with limits. Knows nothing of the database; takes text and plain values only."""

from __future__ import annotations

import copy
import functools
import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.core.exceptions import SuspiciousOperation, ValidationError
from django.utils.html import strip_tags
from django.utils.translation import gettext as _t
from liquid import Environment, FalsyStrictUndefined, Mode, RenderContext
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError
from liquid.filter import with_context

from wagtail_journeys.exceptions import MissingValue, TemplateError

#: What a template may ask about; everything else is a mistake that is shown to the editor.
OBJECTS = frozenset({"contact", "event", "journey", "site"})
PLAIN = frozenset({"unsubscribe_url", "confirm_url", "preferences_url", "view_url"})
#: And what blocks ask about each contact, which is nobody's to name but theirs.
ROOTS = OBJECTS | {"blocks"}

#: Places where Liquid stands in a text.
CHUNK = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)

#: Words quoted inside Liquid are printed as they are, so they may not smuggle in HTML that nobody has sanitised.
QUOTED_HTML = re.compile(r"\"[^\"]*<[^\"]*\"|'[^']*<[^']*'")

SCHEMES = frozenset({"https", "http", "mailto", "tel"})

#: Where the links of an email shown again lead to: a look in the admin must not unsubscribe or confirm anybody.
NOWHERE = {name: f"#{name.removesuffix('_url')}" for name in PLAIN}
BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")

MAX_SUBJECT = 998  # characters
MAX_TEXT = 100_000  # characters of one value
MAX_ITEMS = 1_000  # of one list or range
MAX_BITS = 256  # of one whole number
MAX_OUTPUT = 400_000  # bytes of one part of an email
MAX_LOOPS = 10_000  # turns of all loops of one part


def _guard(value: object) -> object:
    """Refuse a value that is too large to go on with."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ResourceLimitError(_t("a text longer than %d characters") % MAX_TEXT, token=None)
    elif isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise ResourceLimitError(_t("a number that is too large"), token=None)
    elif isinstance(value, range | list | tuple):
        if len(value) > MAX_ITEMS:
            raise ResourceLimitError(_t("a list of more than %d items") % MAX_ITEMS, token=None)
        if (
            not isinstance(value, range)
            and sum(len(item) for item in value if isinstance(item, str)) > MAX_TEXT
        ):
            raise ResourceLimitError(_t("a list of more than %d characters") % MAX_TEXT, token=None)
    return value


def _guarded(function: Callable[..., object]) -> Callable[..., object]:
    """A filter that refuses large values, going in and coming out."""

    @functools.wraps(function)
    def guarded(*args: object, **kwargs: object) -> object:
        for value in args:
            _guard(value)
        return _guard(function(*args, **kwargs))

    return guarded


def _bounded_replace(replace: Callable[..., object]) -> Callable[..., object]:
    """``replace`` can multiply two lengths: look before doing it."""

    @functools.wraps(replace)
    def bounded(left: object, old: object, new: object = "") -> object:
        text, wanted, put = str(left), str(old), str(new)
        times = text.count(wanted) if wanted else len(text) + 1
        if len(text) + times * len(put) > MAX_TEXT:
            raise ResourceLimitError(_t("a text longer than %d characters") % MAX_TEXT, token=None)
        return replace(left, old, new)

    return bounded


@with_context
def _safe_url(value: object, *, context: RenderContext) -> str:
    """A merge tag that is a link must lead to a web page, an address or a telephone number."""
    url = str(value).strip()
    if url.startswith("/") and not url.startswith("//"):
        url = urljoin(str(context.get(["site", "root_url"], token=None, default="")), url)
    parts = urlsplit(url)
    if parts.scheme.lower() not in SCHEMES or any(ord(character) <= 32 for character in url):
        raise LiquidError(_t("“%s” is not a link that may stand in an email") % url[:60], token=None)
    if parts.scheme.lower() in {"http", "https"} and not parts.hostname:
        raise LiquidError(_t("“%s” is not a link that may stand in an email") % url[:60], token=None)
    return url


def _strip_html(value: object) -> str:
    try:
        return strip_tags(str(value))
    except SuspiciousOperation as error:  # it would take too long
        raise LiquidError(_t("a text with too many “<”"), token=None) from error


class LimitedEnvironment(Environment):
    loop_iteration_limit = MAX_LOOPS
    output_stream_limit = MAX_OUTPUT
    local_namespace_limit = 1_000_000
    block_nesting_limit = 10
    context_depth_limit = 20

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in ("include", "render", "tablerow", "cycle", "increment", "decrement"):
            del self.tags[tag]
        del self.filters["safe"]
        self.filters["replace"] = _bounded_replace(self.filters["replace"])
        self.filters["strip_html"] = _strip_html
        self.filters["safe_url"] = _safe_url
        for name, function in list(self.filters.items()):
            self.filters[name] = _guarded(function)


def _environment(autoescape: bool) -> Environment:
    return LimitedEnvironment(
        undefined=FalsyStrictUndefined, autoescape=autoescape, tolerance=Mode.STRICT, strict_filters=True
    )


HTML = _environment(autoescape=True)
TEXT = _environment(autoescape=False)

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """The four parts of an email, parsed, and the paths of the merge tags in them."""

    subject: Any
    preheader: Any
    html: Any
    text: Any
    paths: tuple[Path, ...]


@functools.lru_cache(maxsize=256)
def parse(subject: str, preheader: str, html: str, text: str) -> Parsed:
    """Raises TemplateError with words for the editor. The same text is parsed once per process."""
    for chunk in CHUNK.findall(html):
        if QUOTED_HTML.search(chunk):
            raise TemplateError(_t("There may be no HTML inside a merge tag: “%s”") % chunk[:60])
    parts = [
        parse_part(TEXT, subject),
        parse_part(TEXT, preheader),
        parse_part(HTML, html),
        parse_part(TEXT, text),
    ]
    found: dict[Path, None] = {}
    for part in parts:
        found.update(dict.fromkeys(paths(part)))
    if not CHUNK.search(subject):
        parts[0] = subject  # nothing to fill in
    if not CHUNK.search(preheader):
        parts[1] = preheader
    return Parsed(
        parts[0], parts[1], parts[2], parts[3], tuple(sorted(found, key=lambda path: (len(path), path)))
    )


def parse_part(environment: Environment, source: str) -> Any:
    try:
        return environment.from_string(source)
    except LiquidError as error:
        raise TemplateError(_words(error, source)) from error


def paths(part: Any) -> Iterable[Path]:
    """The merge tags of a parsed text, each as its path; raises TemplateError for what cannot be one."""
    analysis = part.analyze()
    for name in analysis.filters:
        if name not in part.env.filters:
            raise TemplateError(_t("There is no filter “%s”.") % name)
    for root, uses in analysis.globals.items():
        if root in PLAIN:
            continue
        if root not in ROOTS:
            raise TemplateError(
                _t("There is no “%(name)s”. A merge tag begins with one of: %(known)s.")
                % {"name": root, "known": ", ".join(sorted(OBJECTS))}
            )
        for use in uses:
            path: list[str] = []
            for segment in use.segments:
                if isinstance(segment, list):
                    raise TemplateError(_t("“%s”: a merge tag inside a merge tag is not supported.") % use)
                if not isinstance(segment, str):
                    break
                path.append(segment)
            if len(path) < 2:
                raise TemplateError(_t("“%s” is not a value: say which one, as in contact.first_name.") % use)
            yield tuple(path)


def render_part(part: Any, values: dict[str, Any], paths: Sequence[Path] = ()) -> str:
    """Raises MissingValue naming the tag (out of ``paths``), or TemplateError."""
    if isinstance(part, str):
        return part
    try:
        return part.render(values)
    except UndefinedError as error:
        tag = str(error.message).removesuffix(" is undefined").strip("'\"")
        # What is missing may be the first half of the tag's name.
        tag = next((name for name in map(".".join, paths) if f"{name}.".startswith(f"{tag}.")), tag)
        raise MissingValue(_t("“%s” has no value and no default") % tag) from error
    except LiquidError as error:
        raise TemplateError(_words(error, "")) from error
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        # A filter given something it was not made for.
        raise TemplateError(_t("The email cannot be filled in: %s") % error) from error


@dataclass(frozen=True, slots=True)
class Rendered:
    """One email. ``context_used`` are the values it took: kept, they render the same email again."""

    subject: str
    preheader: str
    html: str
    text: str
    context_used: dict[str, Any]


def fill_in(
    parsed: Parsed,
    context: Mapping[str, Any],
    defaults: Mapping[str, str],
    mapping: Mapping[str, str] | None = None,
) -> Rendered:
    """The email with one contact's values. The template sees only the values that it names.

    ``defaults`` are used for tags without a value; an empty one prints nothing. Raises MissingValue naming the tag, or
    TemplateError.
    """
    used = pick(parsed.paths, context, defaults, mapping)
    values = {**used, **{name: context.get(name) for name in PLAIN}}
    subject = " ".join(render_part(parsed.subject, values, parsed.paths).split())
    preheader = " ".join(render_part(parsed.preheader, values, parsed.paths).split())
    html = render_part(parsed.html, values, parsed.paths)
    text = BLANK_LINES.sub("\n\n", render_part(parsed.text, values, parsed.paths)).strip("\n") + "\n"
    # The unsubscribe link stands in the headers of every message that has one, whatever the template says.
    used |= {
        name: NOWHERE[name]
        for name in PLAIN
        if values[name] and (name == "unsubscribe_url" or values[name] in html or values[name] in text)
    }
    return Rendered(subject[:MAX_SUBJECT], preheader, html, text, used)


def is_path(text: str) -> bool:
    """Whether it names a value, as in "contact.first_name"."""
    root, *rest = text.split(".")
    return root in OBJECTS and bool(rest) and all(part.strip() == part and part for part in rest)


def pick(
    paths: Sequence[Path],
    context: Mapping[str, Any],
    defaults: Mapping[str, str],
    mapping: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The values of ``paths``, nested as the template asks for them. What has no value is left out.

    ``mapping`` names another value for a tag: {"contact.first_name": "event.name"}.
    """
    used: dict[str, Any] = {name: {} for name in ROOTS}
    used["site"]["root_url"] = context["site"][
        "root_url"
    ]  # links that are merge tags are made absolute with it
    for path in paths:
        value: Any = context
        name = ".".join(path)
        for segment in mapping[name].split(".") if mapping and name in mapping else path:
            value = value.get(segment) if isinstance(value, dict) else None
        if value is None or value == "":
            default = defaults.get(name)
            if default is None:
                continue
            value = default or None  # an explicit blank prints nothing and counts as nothing in {% if %}
        place = used
        for segment in path[:-1]:
            inside = place.get(segment)
            if not isinstance(inside, dict):
                inside = place[segment] = {}
            place = inside
        # What blocks were told is only read, and the same list may be shown to everybody.
        own = isinstance(value, dict | list) and path[0] != "blocks"
        place[path[-1]] = copy.deepcopy(value) if own else value
    return used


def _words(error: LiquidError, source: str) -> str:
    """One sentence instead of the library's little drawing of the place."""
    place = ""
    if error.token is not None and error.token.start_index >= 0:
        text = error.token.source or source
        start = max(
            text.rfind("{{", 0, error.token.start_index + 2), text.rfind("{%", 0, error.token.start_index + 2)
        )
        place = " ".join(text[max(start, 0) : max(start, 0) + 60].split())
    if place:
        return _t("%(problem)s, near “%(place)s”") % {"problem": error.message, "place": place}
    return str(error.message)


def problem(source: str) -> str:
    """What is wrong with a text that contains Liquid, or nothing."""
    try:
        list(paths(parse_part(TEXT, source)))
    except TemplateError as error:
        return str(error)
    return ""


def validate_outputs(value: object) -> None:
    """Form validator: every ``{{ … }}`` can be read. Tags like ``{% if %}`` may span blocks: the whole email is checked
    elsewhere."""
    for chunk in OUTPUT.findall(str(value)):
        try:
            parse_part(TEXT, clean_chunk(chunk))
        except TemplateError as error:
            raise ValidationError(str(error)) from error


def clean_chunk(chunk: str) -> str:
    """Liquid as its author meant it, out of rich text: without the formatting and entities an editor put inside."""
    return html.unescape(re.sub(r"</?[a-zA-Z][^>]*>", "", chunk)).replace("\u00a0", " ")


def literal(text: str) -> str:
    """``text`` so that Liquid prints it as it is: for words that come from pages, not from the author of the email."""
    return re.sub(r"\{[{%]", lambda found: f"{{{{ '{found.group()}' }}}}", text)
