"""Trying out the HTTP calls of a campaign: see the request for somebody as it would go, then send it once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin
from wagtail.log_actions import log
from wagtail.permissions import policy_registry

from wagtail_journeys.calls import delivery, outbox, secrets
from wagtail_journeys.calls.models import Call
from wagtail_journeys.calls.request import Request
from wagtail_journeys.calls.viewsets import TONES, pretty, shown_headers
from wagtail_journeys.contacts.finding import find
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.exceptions import TemplateError
from wagtail_journeys.streams import raw

from . import calling
from .models import Campaign
from .steps import registry

TRY_URL_NAME = "journeys_campaign_calls"
TRY_ACTION = "wagtail_journeys.try_call"
HTTP_CALL = "http_call"


def call_steps(stored: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id, params) of the HTTP call steps in stored steps, nested ones included, from top to bottom."""
    if isinstance(stored, list):
        for item in stored:
            yield from call_steps(item)
    elif isinstance(stored, dict):
        if stored.get("type") == HTTP_CALL and isinstance(stored.get("value"), dict):
            yield str(stored.get("id") or ""), stored["value"]
        else:
            for item in stored.values():
                yield from call_steps(item)


def has_calls(campaign: Campaign) -> bool:
    return any(True for _found in call_steps(raw(campaign.steps)))


class TryView(WagtailAdminTemplateMixin, TemplateView):
    """Looking needs the right to change or publish campaigns, and to see contacts for somebody real; sending to publish."""

    template_name = "wagtail_journeys/calls/try.html"
    header_icon = "link-external"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self._may(Campaign, "change", "publish"):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def _may(self, model: Any, *actions: str) -> bool:
        policy = policy_registry.get_by_type(model)
        return bool(policy.user_has_any_permission(self.request.user, list(actions)))

    @cached_property
    def campaign(self) -> Campaign:
        return get_object_or_404(Campaign, pk=self.kwargs["pk"])

    @cached_property
    def steps(self) -> dict[str, dict[str, Any]]:
        """The HTTP calls of the newest draft, by step id."""
        draft: Campaign = self.campaign.get_latest_revision_as_object()
        return dict(call_steps(raw(draft.steps)))

    @cached_property
    def given(self) -> dict[str, str]:
        values = self.request.POST if self.request.method == "POST" else self.request.GET
        return {name: values.get(name, "").strip() for name in ("step", "contact", "confirmed", "result")}

    @cached_property
    def step_id(self) -> str:
        return self.given["step"] if self.given["step"] in self.steps else next(iter(self.steps), "")

    @cached_property
    def contact(self) -> Contact | None:
        value = self.given["contact"]
        if not value or not self._may(Contact, "add", "change", "delete", "view"):
            return None
        return find(value)

    @property
    def not_found(self) -> bool:
        return bool(self.given["contact"]) and self.contact is None

    def request_and_problems(self) -> tuple[Request, list[str]]:
        params = self.steps[self.step_id]
        problems = calling.problems_of(params)
        if problems:
            return Request(params.get("method") or "POST", ""), problems
        try:
            plan = calling.plan_of(params)
        except TemplateError as error:
            return Request("POST", ""), [str(error)]
        if self.contact is None:
            made = calling.request_for(plan, calling.sample_context(), calling.sample_defaults(plan, params))
        else:
            context = calling.contexts_for([(0, self.contact.pk, None)])[0]
            made = calling.request_for(plan, context, calling.defaults_of(params))
        problem = str(outbox.fields_of(made)["error"])
        return made, [problem] if problem else []

    def get_page_title(self) -> str:
        return _t("Try HTTP calls")

    def get_page_subtitle(self) -> str:
        return str(self.campaign)

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        snippets = Campaign.snippet_viewset
        return [
            *self.breadcrumbs_items,
            {"url": reverse(snippets.get_url_name("list")), "label": _("Campaigns")},
            {
                "url": reverse(snippets.get_url_name("edit"), args=[self.campaign.pk]),
                "label": str(self.campaign),
            },
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        step = registry[HTTP_CALL]
        context["steps"] = [(key, step.describe(params)) for key, params in self.steps.items()]
        if not self.steps:
            return context
        request, problems = self.request_and_problems()
        fields = outbox.fields_of(request)
        context |= {
            "step_id": self.step_id,
            "contact_value": self.given["contact"],
            "not_found": self.not_found,
            "person": str(self.contact or _t("a made-up person")),
            "problems": problems,
            "call": request,
            "url": secrets.shown(request.url),
            "headers": shown_headers([list(pair) for pair in request.headers]),
            "body": pretty(secrets.shown(request.body)),
            "host": fields["host"],
            "may_send": self._may(Campaign, "publish"),
        }
        return context | self._result()

    def _result(self) -> dict[str, Any]:
        """The call that was just tried out, if it was one of this campaign's."""
        given = self.given["result"]
        if not (given.isascii() and given.isdecimal() and len(given) < 19):
            return {}
        result = Call.objects.filter(
            pk=int(given), is_test=True, campaign=self.campaign, step_id=self.step_id
        ).first()
        if result is None:
            return {}
        return {
            "result": result,
            "result_response": pretty(result.response),
            "result_tone": TONES.get(Call.State(result.state), ""),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self._may(Campaign, "publish"):
            raise PermissionDenied
        back = {"step": self.step_id, "contact": self.given["contact"]}
        if self.given["step"] in self.steps and self.given["confirmed"] and not self.not_found:
            wanted, problems = self.request_and_problems()
            if not problems:
                now = timezone.now()  # noqa: TID251 a view: somebody sends it now
                contact = self.contact.pk if self.contact else None
                call = delivery.try_out(wanted, self.campaign.pk, self.step_id, contact, now)
                log(self.campaign, TRY_ACTION, user=request.user, data={"call": str(call.uuid)})
                back["result"] = str(call.pk)
        else:
            messages.error(request, _t("Nothing was sent: tick the box to confirm."))
        return redirect(f"{reverse(TRY_URL_NAME, args=[self.campaign.pk])}?{urlencode(back)}")


def register_log_actions(actions: Any) -> None:
    actions.register_action(TRY_ACTION, _("Try out HTTP call"), _("Tried out an HTTP call"))
