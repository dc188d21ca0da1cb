"""The page of a journey, the list of who is where in a campaign, and what may be done to them by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import BaseListingView, WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.log_actions import log

from wagtail_journeys import db
from wagtail_journeys.calls.models import Call
from wagtail_journeys.campaigns import versions
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.views import contact_url
from wagtail_journeys.emails.models import Message
from wagtail_journeys.journeys import acting
from wagtail_journeys.journeys.acting import By, Done, Places
from wagtail_journeys.journeys.models import Journey
from wagtail_journeys.reporting import health_views, standing
from wagtail_journeys.reporting.campaigns import flow
from wagtail_journeys.reporting.journey import journeys, story
from wagtail_journeys.reporting.permissions import ANY, may_see
from wagtail_journeys.reporting.sentences import StepWords, graph_words, words_of
from wagtail_journeys.reporting.standing import SHOW
from wagtail_journeys.reporting.statistics import campaign_url
from wagtail_journeys.reporting.stories import journey_url

MOVE_PERMISSION = "wagtail_journeys.move_journey"
INSIDE_URL_NAME = "journeys_inside"
ACT_URL_NAME = "journeys_act"

#: Journeys that are done something to in one transaction, and at one press of a button.
CHUNK, MOST = 1000, 5000


def may_read(request: HttpRequest) -> bool:
    """Journeys are about a campaign and about contacts: whoever reads them may see both."""
    return may_see(request, Contact) and (
        may_see(request, Campaign) or request.user.has_perm("wagtail_journeys.publish_campaign")
    )


def inside_url(campaign: int, **query: str) -> str:
    base = reverse(INSIDE_URL_NAME, args=[campaign])
    given = {name: value for name, value in query.items() if value}
    return f"{base}?{urlencode(given)}" if given else base


def inside_button(
    campaign: Campaign, request: HttpRequest, button: type[Button], **more: Any
) -> list[Button]:
    """The way to who is where, for whoever may read it; none for a campaign that was never live."""
    if not (may_read(request) and campaign.first_published_at):
        return []
    return [button(_t("Who is where"), url=inside_url(campaign.pk), icon_name="redirect", **more)]


def act_url(journey: Journey, action: str) -> str:
    base = reverse(ACT_URL_NAME, args=[journey.campaign_id, action])
    return f"{base}?{urlencode({'at': f'{journey.pk}@{journey.step_id}'})}"


class Readable:
    """For those who may see campaigns and contacts."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_read(request):
            raise PermissionDenied
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response


class JourneyView(Readable, WagtailAdminTemplateMixin, TemplateView):
    """Why is this contact here?"""

    template_name = "wagtail_journeys/reporting/journey.html"
    header_icon = "redirect"

    @cached_property
    def journey(self) -> Journey:
        return get_object_or_404(journeys(), pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return _t("Why is this contact here?")

    def get_page_subtitle(self) -> str:
        return str(self.journey.contact)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        campaign = self.journey.campaign
        return [
            *self.breadcrumbs_items,
            {"url": campaign_url("list"), "label": _("Campaigns")},
            {"url": inside_url(campaign.pk), "label": str(campaign)},
            {"url": "", "label": self.get_page_title(), "sublabel": self.get_page_subtitle()},
        ]

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return [
            HeaderButton(_t("Contact"), url=contact_url(self.journey.contact_id), icon_name="user"),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()  # noqa: TID251 a view: what is due is told from the moment of looking
        found = story(self.journey, now)
        actions = []
        if self.request.user.has_perm(MOVE_PERMISSION):
            actions = [
                (act, act_url(self.journey, name))
                for name, act in ACTIONS.items()
                if act.possible(self.journey)
            ]
        return {
            **super().get_context_data(**kwargs),
            "story": found,
            "actions": actions,
            "may_see_messages": may_see(self.request, Message),
            "may_see_calls": may_see(self.request, Call),
            "health": health_views.of_page(self.request),
        }


# Who is where ---------------------------------------------------------------------------------------------------------


class InsideView(Readable, PermissionCheckedMixin, BaseListingView):
    """The contacts inside a campaign, where each stands and why; those that are late first."""

    any_permission_required = [*ANY, "publish"]
    model = Journey
    header_icon = "redirect"
    paginate_by = 50
    results_template_name = "wagtail_journeys/reporting/inside_results.html"
    verbose_name_plural = _("journeys")
    index_url_name = None
    permission_policy = None

    @cached_property
    def campaign(self) -> Campaign:
        return get_object_or_404(Campaign, pk=self.kwargs["pk"])

    @cached_property
    def wanted(self) -> tuple[str, str]:
        return wanted_of(self.request.GET)

    def get_index_url(self) -> str:
        return inside_url(self.campaign.pk)

    def get_base_queryset(self) -> QuerySet[Journey]:
        found = standing.inside(self.campaign, self.now, *self.wanted)
        return standing.with_errors(found).select_related("contact")

    def order_queryset(self, queryset: QuerySet[Journey]) -> QuerySet[Journey]:
        return queryset

    @cached_property
    def now(self) -> Any:
        return timezone.now()  # noqa: TID251 a view: what is due is told from the moment of looking

    def get_page_title(self) -> str:
        return _t("Who is where")

    def get_page_subtitle(self) -> str:
        return str(self.campaign)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": campaign_url("list"), "label": _("Campaigns")},
            {"url": campaign_url("stats", self.campaign.pk), "label": str(self.campaign)},
            {"url": "", "label": self.get_page_title(), "sublabel": str(self.campaign)},
        ]

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(*args, **kwargs)
        step, show = self.wanted
        may_move = self.request.user.has_perm(MOVE_PERMISSION)
        return {
            **context,
            "campaign": self.campaign,
            "standings": standing.told(context["object_list"], self.now),
            "steps": steps_of(self.campaign),
            "step": step,
            "show": show,
            "shows": SHOW,
            "most": MOST,
            "acts": [
                (act, reverse(ACT_URL_NAME, args=[self.campaign.pk, name]))
                for name, act in ACTIONS.items()
                if may_move and (show != "failed" or act.revives)
            ],
            "health": health_views.of_page(self.request),
        }


def wanted_of(given: Any) -> tuple[str, str]:
    """The step and the kind of trouble in a query string or a form."""
    show = given.get("show", "")
    return given.get("step", "")[:36], show if show in SHOW else ""


def steps_of(campaign: Campaign) -> list[tuple[str, StepWords]]:
    """The steps of the newest version in the order in which they are read."""
    version = campaign.current_version
    if version is None:
        return []
    words = graph_words(version.pk, version.graph)
    return [(place.step_id, words[place.step_id]) for place in flow(version.graph)]


# By hand --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """Something that may be done to journeys: its words, and who does it."""

    label: Any
    icon: str
    question: Any
    effect: Any
    log_action: str
    do: Callable[..., Done]
    revives: bool = False
    serious: bool = False

    def possible(self, journey: Journey) -> bool:
        if self.revives:
            failing = journey.state == Journey.State.ACTIVE and journey.attempts
            return bool(failing or journey.state == Journey.State.FAILED)
        return bool(journey.state == Journey.State.ACTIVE)


ACTIONS = {
    "move": Act(
        _("Move on now"),
        "arrow-right",
        _("Move on now?"),
        _("The wait ends, or the step that does not work is passed over; what comes next happens at once."),
        "wagtail_journeys.move_journey",
        acting.move_on,
    ),
    "retry": Act(
        _("Try again"),
        "undo",
        _("Try the step again?"),
        _(
            "The step is asked again now, with all its tries. Journeys that have failed come back to life at their step. "
            "What was done already is not done again: no email is sent twice."
        ),
        "wagtail_journeys.retry_journey",
        acting.try_again,
        revives=True,
    ),
    "exit": Act(
        _("Take out"),
        "cross",
        _("Take out of the campaign?"),
        _("The journey ends here for good, and what it has queued is not sent any more."),
        "wagtail_journeys.end_journey",
        acting.take_out,
        serious=True,
    ),
}


def register_log_actions(actions: Any) -> None:
    said = {
        "move": _("Moved contacts on by hand"),
        "retry": _("Tried steps of contacts again"),
        "exit": _("Took contacts out by hand"),
    }
    for name, act in ACTIONS.items():
        actions.register_action(act.log_action, act.label, said[name])


class ActView(Readable, WagtailAdminTemplateMixin, TemplateView):
    """Look what would happen, then confirm. ``at`` names journeys with the step at which they were seen."""

    template_name = "wagtail_journeys/reporting/journey_act.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(MOVE_PERMISSION):
            raise PermissionDenied
        if kwargs["action"] not in ACTIONS:
            raise Http404("No such action.")
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def act(self) -> Act:
        return ACTIONS[self.kwargs["action"]]

    @property
    def header_icon(self) -> str:
        return self.act.icon

    @cached_property
    def campaign(self) -> Campaign:
        return get_object_or_404(Campaign, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return str(self.act.label)

    def get_page_subtitle(self) -> str:
        return str(self.campaign)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": campaign_url("list"), "label": _("Campaigns")},
            {"url": inside_url(self.campaign.pk), "label": str(self.campaign)},
            {"url": "", "label": self.get_page_title(), "sublabel": str(self.campaign)},
        ]

    @cached_property
    def now(self) -> Any:
        return timezone.now()  # noqa: TID251 a view: somebody does it now

    def places(self, given: Any) -> dict[int, str]:
        """The journeys that were chosen, with the step at which each was seen."""
        if given.get("all"):
            found = standing.inside(self.campaign, self.now, *wanted_of(given))
            return dict(found.values_list("pk", "step_id")[:MOST])
        seen = {}
        for at in given.getlist("at")[:MOST]:
            pk, _at, step = at.partition("@")
            if pk.isdecimal() and len(pk) < 19:
                seen[int(pk)] = step[:36]
        mine = set(Journey.objects.filter(campaign=self.campaign, pk__in=seen).values_list("pk", flat=True))
        return {pk: step for pk, step in seen.items() if pk in mine}

    def back(self, given: Any) -> str:
        """Where it was asked: the page of the journey, or the list."""
        chosen = given.getlist("at")
        if given.get("from") != "list" and len(chosen) == 1 and chosen[0].partition("@")[0].isdecimal():
            return journey_url(int(chosen[0].partition("@")[0]))
        step, show = wanted_of(given)
        return inside_url(self.campaign.pk, step=step, show=show)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.places(request.GET):
            messages.error(request, _t("Choose at least one contact."))
            return HttpResponseRedirect(self.back(request.GET))
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        given = self.request.GET
        places = self.places(given)
        where = self.where(places)
        return {
            **super().get_context_data(**kwargs),
            "act": self.act,
            "campaign": self.campaign,
            "number": len(places),
            "where": [(words, number) for words, number, _arms in where],
            "arms": where[0][2] if self.kwargs["action"] == "move" and len(where) == 1 else {},
            "several": self.kwargs["action"] == "move"
            and len(where) > 1
            and any(arms for _words, _number, arms in where),
            "is_parked": not self.campaign.moves,
            "given": [(name, value) for name, values in given.lists() for value in values],
            "back": self.back(given),
        }

    def where(self, places: Places) -> list[tuple[StepWords, int, dict[str, str]]]:
        """The steps at which they stand, with how many and the ways out of each. Two statements."""
        rows: Counter[tuple[int, str]] = Counter()
        for chunk in db.chunks(list(places), CHUNK):
            rows.update(Journey.objects.filter(pk__in=chunk).values_list("version", "step_id"))
        words = words_of(version for version, _step in rows)
        gone = StepWords(_t("a step that is gone"), "warning")
        found: dict[str, tuple[StepWords, int, dict[str, str]]] = {}
        for (version, step), number in rows.most_common():
            said = words.get(version, {}).get(step, gone)
            node = versions.graph(version)["nodes"].get(step)
            arms = said.arms if node and node["arms"] else {}
            before = found.get(step)
            found[step] = (said, number + (before[1] if before else 0), before[2] if before else arms)
        return list(found.values())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        places = self.places(request.POST)
        user: Any = request.user
        by = By(user.pk, user.get_full_name() or user.get_username())
        options = {"arm": request.POST.get("arm", "")} if self.kwargs["action"] == "move" else {}
        done = Done()
        for chunk in db.chunks(list(places.items()), CHUNK):
            done += self.act.do(dict(chunk), by, self.now, **options)
        self.tell(done, options)
        return HttpResponseRedirect(self.back(request.POST))

    def tell(self, done: Done, options: dict[str, str]) -> None:
        """To the one who did it, and to the log of the campaign."""
        if done.journeys:
            log(
                self.campaign,
                self.act.log_action,
                user=self.request.user,
                data={"number": len(done.journeys), "contacts": self.uuids(done.journeys), **options},
            )
            words = {
                "move": ngettext(
                    "%d contact was moved on.", "%d contacts were moved on.", len(done.journeys)
                ),
                "retry": ngettext(
                    "The step of %d contact is tried again.",
                    "The steps of %d contacts are tried again.",
                    len(done.journeys),
                ),
                "exit": ngettext(
                    "%d contact was taken out.", "%d contacts were taken out.", len(done.journeys)
                ),
            }[self.kwargs["action"]]
            messages.success(self.request, words % len(done.journeys))
        for reason, number in Counter(done.refused.values()).most_common():
            words = ngettext(
                "Nothing was done to %(number)d contact: %(reason)s.",
                "Nothing was done to %(number)d contacts: %(reason)s.",
                number,
            )
            messages.warning(self.request, words % {"number": number, "reason": reason})

    def uuids(self, ids: Iterable[int]) -> list[str]:
        """Of the contacts; the log keeps those of the first hundred."""
        found = Journey.objects.filter(pk__in=list(ids)[:100]).order_by("pk")
        return [str(uuid) for uuid in found.values_list("contact__uuid", flat=True)]
