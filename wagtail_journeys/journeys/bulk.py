"""Several campaigns that are ticked in the list are paused, resumed, stopped or ended together."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.snippets.bulk_actions.snippet_bulk_action import SnippetBulkAction

from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.states import Transition
from wagtail_journeys.exceptions import NotPossible

from . import lifecycle
from .lifecycle_views import WORDS

#: The question for several campaigns, by transition; what it means stands below it as for one.
QUESTIONS: dict[Transition, Promise] = {
    Transition.PAUSE: _("Pause these campaigns?"),
    Transition.RESUME: _("Resume these campaigns?"),
    Transition.STOP: _("Stop these campaigns?"),
    Transition.END: _("End these campaigns now?"),
}

ARIA: dict[Transition, Promise] = {
    Transition.PAUSE: _("Pause selected campaigns"),
    Transition.RESUME: _("Resume selected campaigns"),
    Transition.STOP: _("Stop selected campaigns"),
    Transition.END: _("End selected campaigns"),
}


class OverdueForm(forms.Form):
    overdue = forms.ChoiceField(
        label=_("What becomes of contacts that are overdue?"),
        choices=list(lifecycle.OVERDUE.items()),
        initial=lifecycle.NOW,
        widget=forms.RadioSelect,
    )


class TransitionBulkAction(SnippetBulkAction):
    """Asks with the numbers of each campaign; those with which it is not possible now are named and left alone."""

    transition: Any = None
    models = [Campaign]
    template_name = "wagtail_journeys/campaigns/bulk_transition.html"

    def check_perm(self, campaign: Campaign) -> bool:
        return bool(
            self.permission_policy.user_has_permission_for_instance(self.request.user, "publish", campaign)
        )

    def get_form_class(self) -> type[forms.Form]:
        asks = self.transition in (Transition.RESUME, Transition.STOP)
        late = asks and any(numbers.overdue for numbers, _refused in self._looked_at().values())
        return OverdueForm if late else forms.Form

    def _looked_at(self) -> dict[int, tuple[lifecycle.Numbers, str]]:
        """The numbers of each campaign, and why it cannot be done with it; three statements for each."""
        if not hasattr(self, "_numbers"):
            now = timezone.now()  # noqa: TID251  a view: as it stands now
            campaigns, _others = self.get_actionable_objects()
            self._numbers = {}
            for campaign in campaigns:
                found = lifecycle.numbers(campaign, now)
                refused = lifecycle.refusal(self.transition, campaign, found, self.request.user)
                self._numbers[campaign.pk] = (found, refused)
        return self._numbers

    def object_context(self, campaign: Campaign) -> dict[str, Any]:
        found, refused = self._looked_at()[campaign.pk]
        return {**super().object_context(campaign), "numbers": found, "refused": refused}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        _question, meaning, _button = WORDS[self.transition]
        looked_at = self._looked_at().values()
        return {
            **context,
            "title": Transition(self.transition).label,
            "question": QUESTIONS[self.transition],
            "meaning": meaning,
            "serious": self.transition == Transition.END,
            "possible": any(not refused for _numbers, refused in looked_at),
        }

    def prepare_action(self, objects: list[Campaign], objects_without_access: Any) -> HttpResponse | None:
        self.refusals: list[str] = []
        return None

    def get_execution_context(self) -> dict[str, Any]:
        return {**super().get_execution_context(), "user": self.request.user}

    @classmethod
    def execute_action(cls, objects: list[Campaign], **kwargs: Any) -> tuple[int, int]:
        """How many were changed, and how many contacts left by it. Those in which it is not possible are told apart."""
        action, now = kwargs["self"], timezone.now()  # noqa: TID251  a view: somebody does it now
        chosen = action.cleaned_form.cleaned_data.get("overdue")
        choice = {"overdue": chosen} if chosen else {}
        changed, left = 0, 0
        for campaign in sorted(objects, key=lambda one: one.pk):
            try:
                done = lifecycle.DO[cls.transition](campaign, kwargs["user"], now, **choice)
            except NotPossible as refused:
                action.refusals.append(str(refused))
                continue
            changed, left = changed + done.changed, left + done.left
        return changed, left

    def get_success_message(self, changed: int, left: int) -> str | None:
        for refused in self.refusals:
            messages.warning(self.request, refused)
        if not changed:
            return None
        label = Transition(self.transition).label
        words = ngettext(
            "%(action)s: done with %(number)d campaign.",
            "%(action)s: done with %(number)d campaigns.",
            changed,
        )
        said = words % {"action": label, "number": changed}
        if left:
            said += " " + ngettext("%d contact left.", "%d contacts left.", left) % left
        return said


ACTIONS: list[type[TransitionBulkAction]] = [
    type(
        f"{name.name.title()}BulkAction",
        (TransitionBulkAction,),
        {
            "transition": name,
            "display_name": name.label,
            "action_type": str(name.value),
            "aria_label": ARIA[name],
            "action_priority": 10 + number,
            "classes": {"serious"} if name == Transition.END else set(),
        },
    )
    for number, name in enumerate(QUESTIONS)
]
