"""The whole admin menu, put together where every feature can be seen."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import include, path
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail import hooks
from wagtail.admin.views import generic
from wagtail.admin.widgets.button import Button, HeaderButton
from wagtail.contrib.settings.registry import register_setting
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSetGroup

from wagtail_journeys import db, pipeline
from wagtail_journeys.calls import viewsets as calls
from wagtail_journeys.campaigns import actions, comparing, content_usage, golive, trying, usage
from wagtail_journeys.campaigns import live as campaign_live
from wagtail_journeys.campaigns import viewsets as campaign_views
from wagtail_journeys.campaigns.models import Campaign
from wagtail_journeys.campaigns.viewsets import CampaignViewSet as BaseCampaignViewSet
from wagtail_journeys.contacts import suppression_views
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.contacts.viewsets import ContactViewSet as BaseContactViewSet
from wagtail_journeys.contacts.viewsets import TopicViewSet
from wagtail_journeys.emails import picking, resolve_views, sender_viewsets, trial
from wagtail_journeys.emails import usage as email_usage
from wagtail_journeys.emails.archive import MessageViewSet
from wagtail_journeys.emails.brands import EmailBrand
from wagtail_journeys.emails.viewsets import (
    EmailFragmentViewSet,
    EmailTemplateViewSet,
    SendingLimitViewSet,
)
from wagtail_journeys.emails.widgets import PICK_URL_NAME
from wagtail_journeys.events.fields import SUGGEST_URL_NAME
from wagtail_journeys.events.views import suggestions
from wagtail_journeys.events.viewsets import EventViewSet
from wagtail_journeys.ingest.viewsets import WriteKeyViewSet, register_log_actions
from wagtail_journeys.journeys import audience, bulk, enrol_views, lifecycle_views, winning
from wagtail_journeys.journeys.review_views import CampaignReviewView
from wagtail_journeys.reporting import journey_views, merging
from wagtail_journeys.reporting.debugger import DebuggerViewSet
from wagtail_journeys.reporting.filters import ContactReportFilterSet
from wagtail_journeys.reporting.health_views import HealthPanel
from wagtail_journeys.reporting.stories import JOURNEY_URL_NAME
from wagtail_journeys.reporting.views import COUNTED_URL_NAME, CampaignStatsView, ContactView, CountedView
from wagtail_journeys.segments import live, publishing
from wagtail_journeys.segments import usage as segment_usage
from wagtail_journeys.segments import views as segment_views
from wagtail_journeys.segments.choosers import tag_chooser
from wagtail_journeys.segments.membership import Touched
from wagtail_journeys.segments.viewsets import SegmentViewSet as BaseSegmentViewSet

#: Behind Images and Documents.
MENU_ORDER = 450


class CampaignEditView(campaign_views.CampaignEditView):
    @cached_property
    def header_more_buttons(self) -> list[Any]:
        return [*super().header_more_buttons, *enrol_views.enrol_button(self.object, self.request.user)]

    @cached_property
    def header_buttons(self) -> list[Any]:
        return [
            *super().header_buttons,
            *journey_views.inside_button(self.object, self.request, HeaderButton),
        ]


class CampaignIndexView(campaign_views.CampaignIndexView):
    def get_list_more_buttons(self, instance: Campaign) -> list[Any]:
        mine = enrol_views.enrol_button(instance, self.request.user)
        mine += journey_views.inside_button(instance, self.request, Button, priority=16)
        return [*super().get_list_more_buttons(instance), *mine]


class CampaignViewSet(BaseCampaignViewSet):
    edit_view_class = CampaignEditView
    index_view_class = CampaignIndexView
    stats_view_class = CampaignStatsView
    transition_views = lifecycle_views.VIEWS
    review_view_class = CampaignReviewView


class Followed:
    """A contact saved by hand is looked at by segments and campaigns, as after an event that says the same."""

    form: Any

    def save_instance(self) -> Contact:
        before = None if self.form.instance._state.adding else self.form.initial.get("attributes") or {}
        contact = super().save_instance()  # type: ignore[misc]
        touched = Touched(created=set() if before is not None else {contact.pk})
        for name in changed_fields(self.form.changed_data, before or {}, contact.attributes):
            touched.fields[name].add(contact.pk)
        now = timezone.now()  # noqa: TID251 a view: the editor saves now
        with db.batch(Contact):
            pipeline.follow(touched, now)
        return contact


def changed_fields(form_fields: list[str], before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The fields that changed, as conditions name them: each attribute by itself."""
    changed = {name for name in form_fields if name != "attributes"}
    names = before.keys() | after.keys()
    return changed | {f"attributes.{name}" for name in names if before.get(name) != after.get(name)}


class ContactCreateView(Followed, generic.CreateView):
    pass


class ContactEditView(Followed, generic.EditView):
    pass


class ContactViewSet(BaseContactViewSet):
    add_view_class = ContactCreateView
    edit_view_class = ContactEditView
    inspect_view_class = ContactView
    filterset_class = ContactReportFilterSet


class ListChangeView(segment_views.ListChangeView):
    perform = staticmethod(pipeline.change_list)


class ListUndoView(segment_views.ListUndoView):
    perform = staticmethod(pipeline.change_list)


class SegmentView(segment_views.SegmentView):
    @cached_property
    def header_buttons(self) -> list[Any]:
        label = ngettext(
            "Add the %(number)d member to a campaign",
            "Add the %(number)d members to a campaign",
            self.object.members,
        ) % {"number": self.object.members}
        buttons = super().header_buttons
        if self.object.members:
            buttons = [*buttons, *enrol_views.choose_button(self.request.user, label, segment=self.object.pk)]
        return buttons


class SegmentViewSet(BaseSegmentViewSet):
    inspect_view_class = SegmentView
    list_change_view_class = ListChangeView
    list_undo_view_class = ListUndoView


class LiftView(suppression_views.LiftView):
    perform = staticmethod(pipeline.lift_suppressions)


class SuppressionViewSet(suppression_views.SuppressionViewSet):
    lift_view_class = LiftView


class JourneysViewSetGroup(SnippetViewSetGroup):
    menu_label = _("Journeys")
    menu_name = "journeys"
    menu_icon = "redirect"
    menu_order = MENU_ORDER
    items = (
        CampaignViewSet,
        SegmentViewSet,
        EmailTemplateViewSet,
        EmailFragmentViewSet,
        ContactViewSet,
        MessageViewSet,
        calls.CallViewSet,
        TopicViewSet,
        SuppressionViewSet,
        SendingLimitViewSet,
        sender_viewsets.SenderViewSet,
        EventViewSet,
        WriteKeyViewSet,
        DebuggerViewSet,
    )


register_snippet(JourneysViewSetGroup)
register_setting(EmailBrand, icon="mail")
comparing.connect()

segment_usage.register(usage.of_segments)

# What a live campaign uses is neither deleted nor unpublished.
hooks.register("before_delete_snippet", usage.refuse_delete)
hooks.register("before_unpublish", usage.refuse_unpublish)
hooks.register("before_delete_snippet", email_usage.refuse_delete)
hooks.register("before_unpublish", email_usage.refuse_unpublish)
hooks.register("after_publish", picking.after_publish)
# Pages and documents may go, when whoever takes them away has read which campaigns use them.
hooks.register("before_delete_page", content_usage.before_delete_page)
hooks.register("before_unpublish_page", content_usage.before_unpublish_page)
hooks.register("before_bulk_action", content_usage.before_bulk_action)
for bulk_action in bulk.ACTIONS:
    hooks.register("register_bulk_action", bulk_action)
# The same for Wagtail's API, which knows no such hooks.
hooks.register("register_actions", actions.register)


@hooks.register("register_admin_urls", order=-1)
def document_urls() -> list[Any]:
    """In front of Wagtail's address of the same name: documents have no hook of their own for this."""
    view = content_usage.DocumentDeleteView.as_view()
    return [path("documents/delete/<int:document_id>/", view, name="journeys_document_delete")]


hooks.register("register_log_actions", register_log_actions)
hooks.register("register_log_actions", calls.register_log_actions)
hooks.register("register_admin_urls", sender_viewsets.admin_urls)
hooks.register("register_log_actions", resolve_views.register_log_actions)
hooks.register("register_log_actions", suppression_views.register_log_actions)
hooks.register("register_log_actions", lifecycle_views.register_log_actions)
hooks.register("register_log_actions", enrol_views.register_log_actions)
hooks.register("register_log_actions", trying.register_log_actions)
hooks.register("register_log_actions", journey_views.register_log_actions)
hooks.register("register_log_actions", golive.register_log_actions)


@hooks.register("register_admin_urls")
def counted_url() -> list[Any]:
    return [path("journeys/campaigns/<int:pk>/contacts/", CountedView.as_view(), name=COUNTED_URL_NAME)]


@hooks.register("register_admin_urls")
def journey_urls() -> list[Any]:
    inside = "journeys/campaigns/<int:pk>/inside/"
    return [
        path("journeys/journeys/<int:pk>/", journey_views.JourneyView.as_view(), name=JOURNEY_URL_NAME),
        path(inside, journey_views.InsideView.as_view(), name=journey_views.INSIDE_URL_NAME),
        path(f"{inside}<slug:action>/", journey_views.ActView.as_view(), name=journey_views.ACT_URL_NAME),
    ]


@hooks.register("register_admin_urls")
def suggestions_url() -> list[Any]:
    return [path("journeys/events/suggestions/", suggestions, name=SUGGEST_URL_NAME)]


@hooks.register("register_admin_urls")
def pick_tags_url() -> list[Any]:
    return [path("journeys/emails/tags/", picking.tags, name=PICK_URL_NAME)]


@hooks.register("register_admin_urls")
def segment_urls() -> list[Any]:
    return [path("journeys/segments/", include(live.urlpatterns))]


@hooks.register("register_admin_urls")
def campaign_urls() -> list[Any]:
    return [path("journeys/campaigns/", include(campaign_live.urlpatterns))]


publishing.ask_campaigns(audience.on_campaigns)


@hooks.register("register_admin_urls")
def try_calls_url() -> list[Any]:
    return [path("journeys/campaigns/<int:pk>/calls/", trying.TryView.as_view(), name=trying.TRY_URL_NAME)]


class MergeView(merging.MergeView):
    perform = staticmethod(pipeline.merge)


@hooks.register("register_admin_urls")
def merge_url() -> list[Any]:
    return [path("journeys/contacts/<int:pk>/merge/", MergeView.as_view(), name=merging.MERGE_URL_NAME)]


@hooks.register("register_admin_urls")
def enrol_urls() -> list[Any]:
    return [path("journeys/", include(enrol_views.urlpatterns))]


@hooks.register("register_permissions")
def own_permissions() -> QuerySet[Permission]:
    return Permission.objects.filter(
        content_type__app_label="wagtail_journeys",
        codename__in=["merge_contact", "use_debugger", "move_journey", "enrol_campaign", "use_raw_html"],
    )


@hooks.register("register_log_actions")
def own_log_actions(actions: Any) -> None:
    actions.register_action(merging.MERGE_ACTION, _("Merge contacts"), _("Merged with another contact"))
    trial.register_log_actions(actions)
    actions.register_action(winning.DECIDED, _("Compare variants"), _("Variants of an email were compared"))
    actions.register_action(segment_views.ADDED, _("Add contacts"), _("Contacts were added by hand"))
    actions.register_action(segment_views.REMOVED, _("Remove contacts"), _("Contacts were removed by hand"))


@hooks.register("register_icons")
def icons(found: list[str]) -> list[str]:
    return [*found, *(f"wagtail_journeys/icons/{name}.svg" for name in ("pause", "play", "stop"))]


@hooks.register("construct_homepage_panels")
def health_panel(request: HttpRequest, panels: list[Any]) -> None:
    panels.append(HealthPanel())


@hooks.register("insert_global_admin_css")
def admin_css() -> SafeString:
    return format_html('<link rel="stylesheet" href="{}">', static("wagtail_journeys/admin.css"))


@hooks.register("register_admin_viewset")
def register_tag_chooser() -> Any:
    return tag_chooser
