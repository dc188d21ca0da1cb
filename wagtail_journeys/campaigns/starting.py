"""A new campaign: the page on which somebody chooses what to start from, and the draft that is made of it."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.utils import quote
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import PermissionCheckedMixin, WagtailAdminTemplateMixin
from wagtail.log_actions import log

from wagtail_journeys.streams import raw, with_ids

from .models import Campaign
from .starters import Material, Starter, registry

STREAMS = ("trigger", "filters", "steps", "goal")


def complete(field: str, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks as the editor would store them: every field is there, and every block has an id."""
    stream: Any = Campaign._meta.get_field(field).stream_block  # type: ignore[union-attr]
    return raw(stream.to_python(with_ids(blocks, fresh=True)))


@transaction.atomic
def start(starter: Starter, user: Any = None) -> tuple[Campaign, list[str]]:
    """A draft made of the starter and the site's content, and what is left to do before it can go live."""
    material = Material(user)
    draft = starter.draft(material)
    blocks = {
        "trigger": [draft.trigger],
        "filters": draft.filters,
        "steps": draft.steps,
        "goal": [draft.goal] if draft.goal else [],
    }
    description = str(starter.description)
    if material.todos:
        description += "\n\n" + "\n".join([_t("To do:"), *(f"– {todo}" for todo in material.todos)])
    campaign = Campaign(
        name=str(starter.label),
        description=description,
        live=False,
        **{field: complete(field, blocks[field]) for field in STREAMS},
        **draft.fields,
    )
    campaign.save()
    revision = campaign.save_revision(user=user)
    log(instance=campaign, action="wagtail.create", user=user, revision=revision, content_changed=True)
    return campaign, material.todos


class StartView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """Starters to choose from, and an empty campaign. POST makes the draft and opens it."""

    model: Any = None
    permission_required = "add"
    template_name = "wagtail_journeys/campaigns/start.html"
    page_title = _("New campaign")
    header_icon = "tasks"
    index_url_name: str | None = None
    add_url_name: str | None = None
    edit_url_name: str | None = None
    _show_breadcrumbs = True

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            *self.breadcrumbs_items,
            {"url": reverse(self.index_url_name), "label": _t("Campaigns")},
            {"url": "", "label": _t("New campaign")},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            starters=list(registry), empty_url=reverse(self.add_url_name), **kwargs
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.POST.get("starter", "")
        if key not in registry:
            return HttpResponseBadRequest(_t("There is no such starter."))
        campaign, todos = start(registry[key], request.user)
        messages.success(request, _t("The draft “%s” is made. Look it over, then publish it.") % campaign)
        for todo in todos:
            messages.warning(request, _t("To do: %s") % todo)
        return redirect(reverse(self.edit_url_name, args=[quote(campaign.pk)]))
