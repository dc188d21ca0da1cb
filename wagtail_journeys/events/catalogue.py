"""The names of events: those that the package itself writes, those that were seen, and those that people declare.

What was seen is learnt in ``learning``; who needs which event is told in ``needs``.
"""

from __future__ import annotations

import datetime
import difflib
import re
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.utils import formats, timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from wagtail_journeys.conf import conf
from wagtail_journeys.events import needs as needing
from wagtail_journeys.events.needs import Need

if TYPE_CHECKING:
    from wagtail_journeys.events.log import Recorded
    from wagtail_journeys.events.models import EventDefinition

PAGE_VIEW = "page_view"
PAGE_LEFT = "page_left"
OUTBOUND_CLICK = "outbound_click"
FILE_CLICK = "file_click"
DOCUMENT_DOWNLOAD = "document_download"
FORM_SUBMIT = "form_submit"
LOGIN = "login"
LOGOUT = "logout"
SIGN_UP = "sign_up"
SITE_SEARCH = "site_search"
PAGE_PUBLISHED = "page_published"
ORDER_COMPLETED = "order_completed"
ORDER_REFUNDED = "order_refunded"
IDENTIFY = "identify"
CONSENT_CHANGED = "consent_changed"
EMAIL_CONFIRMED = "email_confirmed"
EMAILS_PAUSED = "emails_paused"
EMAILS_RESUMED = "emails_resumed"
EMAIL_SENT = "email_sent"
EMAIL_DELIVERED = "email_delivered"
EMAIL_OPENED = "email_opened"
EMAIL_CLICKED = "email_clicked"
EMAIL_BOUNCED = "email_bounced"
EMAIL_COMPLAINED = "email_complained"
EMAIL_UNSUBSCRIBED = "email_unsubscribed"
JOURNEY_ENTERED = "journey_entered"
JOURNEY_ENDED = "journey_ended"
JOURNEY_CONVERTED = "journey_converted"
ENROL = "campaign_enrolled"

LABELS = {
    PAGE_VIEW: _("viewed a page"),
    PAGE_LEFT: _("left a page"),
    OUTBOUND_CLICK: _("followed a link to another site"),
    FILE_CLICK: _("opened a file"),
    DOCUMENT_DOWNLOAD: _("downloaded a document"),
    FORM_SUBMIT: _("submitted a form"),
    LOGIN: _("logged in"),
    LOGOUT: _("logged out"),
    SIGN_UP: _("signed up"),
    SITE_SEARCH: _("searched the site"),
    PAGE_PUBLISHED: _("published a page"),
    ORDER_COMPLETED: _("completed an order"),
    ORDER_REFUNDED: _("got an order refunded"),
    IDENTIFY: _("told us about themselves"),
    CONSENT_CHANGED: _("changed a consent"),
    EMAIL_CONFIRMED: _("confirmed the email address"),
    EMAILS_PAUSED: _("paused emails"),
    EMAILS_RESUMED: _("ended the pause of emails"),
    EMAIL_SENT: _("was sent an email"),
    EMAIL_DELIVERED: _("got an email"),
    EMAIL_OPENED: _("opened an email"),
    EMAIL_CLICKED: _("clicked a link in an email"),
    EMAIL_BOUNCED: _("could not be reached by email"),
    EMAIL_COMPLAINED: _("complained about an email"),
    EMAIL_UNSUBSCRIBED: _("unsubscribed with an email"),
    JOURNEY_ENTERED: _("entered a campaign"),
    JOURNEY_ENDED: _("ended a campaign"),
    JOURNEY_CONVERTED: _("reached the goal of a campaign"),
    ENROL: _("was added to a campaign"),
}

#: What happens to a contact without the contact doing anything.
NOT_BY_CONTACTS = frozenset(
    {EMAIL_SENT, EMAIL_DELIVERED, EMAIL_BOUNCED, JOURNEY_ENTERED, JOURNEY_ENDED, JOURNEY_CONVERTED}
)
#: What mail programs and filters do by themselves, too; their property ``verdict`` says who it was.
BY_MACHINES_TOO = frozenset({EMAIL_OPENED, EMAIL_CLICKED})
#: The verdict on an open or a click that a person made.
HUMAN = "human"
#: Who changed a consent (its property ``by``) where it was not the contact.
STAFF = "staff"

#: Source of events that the engine itself records.
ENGINE = "engine"
#: Property of such an event: how many campaigns, each started by the one before, have led to it.
CHAIN = "chain"


#: What a visitor's browser sends by itself: anybody can send the same.
BROWSER = "browser"
VISITORS = frozenset({BROWSER})
#: The words of JOURNEYS_UNDECLARED_EVENTS.
MODES = ("known", "all", "declared")
#: Property that marks an event which may start nothing, as it is not declared.
UNDECLARED = "undeclared"

_JOURNEY = {"journey": "number", "campaign": "number", "campaign_name": "text", "version": "number"}
_EMAIL = {
    "message": "text",
    "template": "number",
    "template_name": "text",
    "campaign": "number",
    "campaign_name": "text",
    "journey": "number",
    "step": "text",
    "variant": "text",
    "variant_id": "text",
}
#: Properties of events that the package records itself.
PROPERTIES: dict[str, dict[str, str]] = {
    PAGE_VIEW: {"title": "text", "referrer": "text", "locale": "text"},
    PAGE_LEFT: {"seconds": "number", "depth": "number"},
    OUTBOUND_CLICK: {"href": "text"},
    FILE_CLICK: {"href": "text"},
    FORM_SUBMIT: {"form_title": "text", "locale": "text"},
    ORDER_COMPLETED: {"order_id": "text", "revenue": "number"},
    ORDER_REFUNDED: {"order_id": "text", "revenue": "number"},
    JOURNEY_ENTERED: {**_JOURNEY},
    JOURNEY_ENDED: {**_JOURNEY, "outcome": "text", "reason": "text"},
    JOURNEY_CONVERTED: {**_JOURNEY},
    EMAILS_PAUSED: {"until": "text"},
    EMAIL_SENT: {**_EMAIL},
    EMAIL_DELIVERED: {**_EMAIL},
    EMAIL_OPENED: {**_EMAIL, "verdict": "text", "reasons": "text"},
    EMAIL_CLICKED: {**_EMAIL, "url": "text", "verdict": "text", "reasons": "text"},
    EMAIL_BOUNCED: {**_EMAIL, "reason": "text"},
    EMAIL_COMPLAINED: {**_EMAIL},
    EMAIL_UNSUBSCRIBED: {**_EMAIL},
}

KEEP = 10.0  # seconds that a process believes what it knows of the declarations


@dataclass(frozen=True)
class Known:
    """What people declared, as the doors and the sentences need it."""

    at: float
    labels: dict[str, str] = field(default_factory=dict)
    #: Declared, and not for visitors to send.
    forbidden: frozenset[str] = frozenset()
    #: Declared for visitors to send.
    allowed: frozenset[str] = frozenset()


_known: Known | None = None


def known() -> Known:
    """No statement, save one in ``KEEP`` seconds."""
    global _known
    if _known is None or time.monotonic() - _known.at >= KEEP:
        _known = _look_up()
    return _known


def _look_up() -> Known:
    rows = _definitions().filter(declared=True).values_list("name", "label", "anonymous_allowed")
    rows = [row for row in rows if row[0] not in LABELS]
    return Known(
        time.monotonic(),
        {name: label for name, label, _allowed in rows if label},
        frozenset(name for name, _label, allowed in rows if not allowed),
        frozenset(name for name, _label, allowed in rows if allowed),
    )


def for_visitors() -> frozenset[str]:
    """The names declared for visitors to send, as they stand now. One statement."""
    return _look_up().allowed


def forget() -> None:
    """Look the declarations up anew; other processes do within ``KEEP`` seconds."""
    global _known
    _known = None


def _definitions() -> Any:
    from wagtail_journeys.events.models import EventDefinition

    return EventDefinition.objects.all()


def label(name: str) -> str:
    """The words for an event name; a name that nobody has put into words stands for itself in quotes."""
    return str(LABELS.get(name) or known().labels.get(name) or f"“{name}”")


def only_visitors(sources: Iterable[str]) -> bool:
    """Whether nobody but visitors' browsers has sent it."""
    found = set(sources)
    return bool(found) and found <= VISITORS


# --- What may start campaigns -------------------------------------------------------------------------------------------


def hold(records: Sequence[Recorded]) -> None:
    """Find those events that may start nothing (``held``), as JOURNEYS_UNDECLARED_EVENTS says. At most one statement.

    They are facts all the same: segments count them, and histories show them.
    """
    doubtful = [record for record in records if _is_doubtful(record.name, record.source)]
    if not doubtful:
        return
    names = {record.name for record in doubtful}
    declared = dict(
        _definitions().filter(name__in=names, declared=True).values_list("name", "anonymous_allowed")
    )
    for record in doubtful:
        allowed = declared.get(record.name)
        record.held = allowed is None or (record.source in VISITORS and not allowed)
        if record.held:
            record.properties = {**record.properties, UNDECLARED: True}


def _is_doubtful(name: str, source: str) -> bool:
    if name in LABELS or conf.UNDECLARED_EVENTS == "all":
        return False
    return source in VISITORS or conf.UNDECLARED_EVENTS == "declared"


# --- What is offered while somebody types -------------------------------------------------------------------------------


def choices() -> list[tuple[str, Any]]:
    """Names that can occur, with their words: the built-in ones, then the others of the catalogue by name."""
    rows = list(
        _definitions().order_by("name").values_list("name", "label", "declared", "sources", "ignored")
    )
    ignored = {name for name, *_rest, is_ignored in rows if is_ignored}
    built_in = [(name, words) for name, words in LABELS.items() if name != IDENTIFY and name not in ignored]
    others = [
        (name, words or (_held_words() if _is_held(name, declared, sources) else name))
        for name, words, declared, sources, is_ignored in rows
        if name not in LABELS and not is_ignored
    ]
    return built_in + others


def _held_words() -> str:
    return _t("not declared yet")


def _is_held(name: str, declared: bool, sources: Collection[str]) -> bool:
    """Whether events of the name start nothing as it stands."""
    if declared or name in LABELS or conf.UNDECLARED_EVENTS == "all":
        return False
    return conf.UNDECLARED_EVENTS == "declared" or only_visitors(sources)


def find_names(typed: str = "") -> list[tuple[str, str]]:
    """Names to offer with their words, those that hold what was typed; those that begin with it come first."""
    wanted = typed.strip().lower()
    found = [(name, str(words)) for name, words in choices()]
    found = [pair for pair in found if wanted in pair[0].lower() or wanted in pair[1].lower()]
    return sorted(found, key=lambda pair: not pair[0].lower().startswith(wanted)) if wanted else found


def find_properties(event: str, typed: str = "") -> list[tuple[str, str]]:
    """Names of properties that the event is declared to have or has had, with their kinds as words."""
    from wagtail_journeys.events.observing import Kind

    definition = _definitions().filter(name=event).first()
    kinds = {item.name: item.kind for item in definition.properties} if definition else {}
    kinds = {**PROPERTIES.get(event, {}), **kinds}
    words = {kind.value: str(kind.label) for kind in Kind}
    wanted = typed.strip().lower()
    return [(name, words.get(kind, kind)) for name, kind in kinds.items() if wanted in name.lower()]


def find_values(event: str, name: str, typed: str = "") -> list[tuple[str, str]]:
    """Examples of what the property has been."""
    definition = _definitions().filter(name=event).first()
    properties = definition.properties if definition else []
    wanted = typed.strip().lower()
    examples = [text for item in properties if item.name == name for text in item.examples]
    return [(text, "") for text in examples if wanted in text.lower()]


# --- Expected, but absent -----------------------------------------------------------------------------------------------

SILENCE = datetime.timedelta(days=7)  # nothing is missed earlier
TIMES = 10  # so many of its usual gaps may pass
#: Before there were so many, an event has no rhythm, and is missed after NO_RHYTHM.
RHYTHM_FROM = 3
NO_RHYTHM = datetime.timedelta(days=30)
SIMILAR = 0.75


@dataclass(frozen=True)
class Doubt:
    """Why an event will hardly do what somebody needs it for.

    ``problem``: ``never`` seen; ``silent`` for longer than usual; ``held``: comes in, but starts nothing undeclared.
    """

    event: str
    problem: str
    last_seen: datetime.datetime | None = None
    gap: datetime.timedelta | None = None
    similar: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, [self._problem(), self._similar()]))

    def _problem(self) -> str:
        if self.problem == "held":
            return (
                _t("“%s” comes from visitors and is not declared: it starts nothing until it is.")
                % self.event
            )
        if self.problem == "never" or self.last_seen is None:
            return _t("“%s” has never happened so far.") % self.event
        day = formats.date_format(timezone.localtime(self.last_seen), "DATE_FORMAT")
        if self.gap is None:
            return _t("“%(event)s” has not happened since %(day)s.") % {"event": self.event, "day": day}
        every = timesince(self.last_seen - self.gap, self.last_seen, depth=1)
        said = {"event": self.event, "day": day, "gap": every}
        return _t("“%(event)s” has not happened since %(day)s; it used to come about every %(gap)s.") % said

    def _similar(self) -> str:
        if not self.similar:
            return ""
        return _t("Did you mean %s?") % ", ".join(f"“{name}”" for name in self.similar)


def absent(now: datetime.datetime) -> list[Doubt]:
    """What live campaigns and live segments need, or somebody expects, and what will hardly come; by name.

    The same number of statements however many there are: four, and one or two for each kind of those in need.
    """
    wanted: dict[str, list[Need]] = {}
    for need in needing.needs():
        if need.live:
            wanted.setdefault(need.event, []).append(need)
    for name in _definitions().filter(expected=True).values_list("name", flat=True):
        wanted.setdefault(name, [])
    starting = {name for name, needs in wanted.items() if any(need.starts for need in needs)}
    return _doubts(wanted, starting, now)


def doubts(names: Iterable[str], starting: Collection[str], now: datetime.datetime) -> list[Doubt]:
    """The same for some names, live or not; ``starting`` are those that are to start something."""
    return _doubts({name: [] for name in names if name}, starting, now)


def doubt_about(name: str, needs: Collection[Need], now: datetime.datetime) -> Doubt | None:
    """The same for one name and those who need it."""
    starting = {name} if any(need.starts for need in needs) else set()
    return next(iter(doubts([name], starting, now)), None)


def _doubts(wanted: dict[str, list[Need]], starting: Collection[str], now: datetime.datetime) -> list[Doubt]:
    if not wanted:
        return []
    definitions = {item.name: item for item in _definitions().filter(name__in=wanted)}
    found: list[Doubt] = []
    unseen = [name for name in wanted if name not in definitions or definitions[name].last_seen is None]
    just_now = _in_the_log(unseen)
    for name in sorted(wanted):
        definition = definitions.get(name)
        needs = tuple(wanted[name])
        if definition is not None and definition.ignored:
            continue
        if name in just_now:
            continue
        if definition is None or definition.last_seen is None:
            found.append(Doubt(name, "never", needs=needs))
            continue
        gap = usual_gap(definition)
        if now - definition.last_seen > (max(SILENCE, TIMES * gap) if gap else NO_RHYTHM):
            found.append(Doubt(name, "silent", definition.last_seen, gap, needs=needs))
        elif name in starting and _is_held(name, definition.declared, definition.sources):
            found.append(Doubt(name, "held", definition.last_seen, needs=needs))
    return _with_similar(found)


def _in_the_log(names: list[str]) -> set[str]:
    """Those that have come in since the catalogue last learnt."""
    from wagtail_journeys.events.models import Event

    if not names:
        return set()
    rows = Event.objects.filter(name__in=names).order_by().values("name").annotate(top=Max("pk"))
    return {row["name"] for row in rows}


def usual_gap(definition: EventDefinition) -> datetime.timedelta | None:
    """The average time between two events; None where there were too few to tell."""
    if definition.volume < RHYTHM_FROM or not definition.first_seen or not definition.last_seen:
        return None
    return (definition.last_seen - definition.first_seen) / (definition.volume - 1)


def _with_similar(found: list[Doubt]) -> list[Doubt]:
    # A name of ours is no mistake, and one that comes in neither.
    asked = {doubt.event for doubt in found if doubt.problem != "held"} - LABELS.keys()
    if not asked:
        return found
    seen = _definitions().filter(last_seen__isnull=False, ignored=False).values_list("name", flat=True)
    names = {name: _bare(name) for name in dict.fromkeys([*LABELS, *seen]) if name != IDENTIFY}
    return [
        Doubt(
            doubt.event,
            doubt.problem,
            doubt.last_seen,
            doubt.gap,
            similar(doubt.event, names) if doubt.event in asked else (),
            doubt.needs,
        )
        for doubt in found
    ]


def similar(name: str, names: dict[str, str]) -> tuple[str, ...]:
    """Names that look like this one, the most alike first; ``names`` has them with what is compared."""
    bare = _bare(name)
    by_bare: dict[str, str] = {}
    for other, compared in names.items():
        if other != name:
            by_bare.setdefault(compared, other)
    alike = difflib.get_close_matches(bare, list(by_bare), n=2, cutoff=SIMILAR)
    return tuple(by_bare[compared] for compared in alike)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
