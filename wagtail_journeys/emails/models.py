from __future__ import annotations

import datetime
import uuid
from email.utils import formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from wagtail.models import (
    DraftStateMixin,
    LockableMixin,
    PreviewableMixin,
    RevisionMixin,
    Site,
    TranslatableMixin,
    WorkflowMixin,
)
from wagtail.search import index

from wagtail_journeys.snippets import LateDraftMixin
from wagtail_journeys.streams import RegistryStreamField

from . import filling, liquid, preview
from .blocks import EmailBodyBlock
from .brands import EmailBrand


class EmailTemplate(
    LateDraftMixin,
    WorkflowMixin,
    DraftStateMixin,
    LockableMixin,
    RevisionMixin,
    PreviewableMixin,
    TranslatableMixin,
    index.Indexed,
    models.Model,
):
    """Subject, preheader and body of an email, in one language; its translations are templates of their own."""

    class Missing(models.TextChoices):
        FAIL = "fail", _("do not send: the message fails, with the reason")
        SKIP = "skip", _("leave this contact out: the message counts as not sent")
        EMPTY = filling.EMPTY, _("send it all the same, with nothing in that place")

    name = models.CharField(_("name"), max_length=200, help_text=_("For editors; contacts never see it."))
    subject = models.CharField(_("subject"), max_length=300)
    preheader = models.CharField(
        _("preheader"), max_length=300, blank=True, help_text=_("Shown behind the subject in most inboxes.")
    )
    from_name = models.CharField(_("sender name"), max_length=200, blank=True)
    from_email = models.EmailField(
        _("sender address"), blank=True, help_text=_("Empty: the address that the site sends from.")
    )
    reply_to = models.EmailField(_("reply-to address"), blank=True)
    body = RegistryStreamField(EmailBodyBlock, blank=True, verbose_name=_("body"))
    site = models.ForeignKey(
        Site,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("brand of the site"),
        help_text=_("Whose logo, colours and footer it has. Empty: those of the default site."),
    )
    missing = models.CharField(
        _("when a value is missing"),
        max_length=5,
        choices=Missing.choices,
        default=Missing.FAIL,
        help_text=_(
            "For a merge tag that has no value for a contact, and no default in the email or in the step."
        ),
    )
    # Since when something that it shows has changed: a fragment, a page, the brand. The engine makes a new version.
    stale_at = models.DateTimeField(null=True, blank=True, editable=False)

    _revisions = GenericRelation("wagtailcore.Revision", related_query_name="journeys_email_template")
    _workflow_states = GenericRelation(
        "wagtailcore.WorkflowState",
        content_type_field="base_content_type",
        object_id_field="object_id",
        related_query_name="journeys_email_template",
        for_concrete_model=False,
    )

    search_fields = [
        index.SearchField("name"),
        index.AutocompleteField("name"),
        index.SearchField("subject"),
        index.FilterField("locale_id"),
    ]

    class Meta(TranslatableMixin.Meta):
        verbose_name = _("email template")
        verbose_name_plural = _("email templates")
        ordering = ["name"]
        permissions = [("use_raw_html", _("Can write HTML into emails"))]

    def __str__(self) -> str:
        return self.name

    preview_modes = preview.MODES
    preview_sizes = preview.SIZES
    default_preview_size = "desktop"

    #: For whom the preview is: a contact, and the name of an event of theirs; "" for a made-up person. Set by the form.
    previewed_for: tuple[str, str] = ("", "")

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return preview.serve(self, request, mode_name)

    @property
    def brand(self) -> EmailBrand:
        """What it looks like. One statement each time."""
        return EmailBrand.of(self.site)

    @property
    def sender(self) -> str:
        """The From header, or nothing where the template leaves it to the site."""
        if not self.from_name and not self.from_email:
            return ""
        site_name, site_address = parseaddr(settings.DEFAULT_FROM_EMAIL)
        return formataddr((self.from_name or site_name, self.from_email or site_address))

    def copy_for_translation(self, locale: Any, exclude_fields: Any = None) -> EmailTemplate:
        """A draft, whatever this one is: until it is translated and published, contacts get the original."""
        translated: EmailTemplate = super().copy_for_translation(locale, exclude_fields)
        translated.live, translated.has_unpublished_changes = False, True
        translated.first_published_at = translated.last_published_at = None
        return translated

    def clean(self) -> None:
        """Merge tags that cannot be read are said at the field. The body is looked at by the form, and on publishing."""
        super().clean()
        problems: dict[str, Any] = {}
        for name in ("subject", "preheader"):
            problem = liquid.problem(getattr(self, name) or "")
            if problem:
                problems[name] = ValidationError(problem)
        if problems:
            raise ValidationError(problems)


class TemplateVersion(models.Model):
    """What a template (in one language) said when it was published, compiled to Liquid source. Never changes."""

    wagtail_reference_index_ignore = True

    template = models.ForeignKey(EmailTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    revision = models.ForeignKey(
        "wagtailcore.Revision", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    subject = models.TextField()
    preheader = models.TextField(blank=True)
    html = models.TextField()
    text = models.TextField()
    from_email = models.CharField(max_length=400, blank=True)
    reply_to = models.CharField(max_length=320, blank=True)
    tags = models.JSONField(
        default=list
    )  # merge tags used, e.g. ["contact.first_name", "event.document_title"]
    # What its blocks ask about each contact: {"n1": {"need": "pages", "params": {...}}}.
    needs = models.JSONField(default=dict)
    missing = models.CharField(
        max_length=5, choices=EmailTemplate.Missing.choices, default=EmailTemplate.Missing.FAIL
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="wj_template_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class SendingLimit(models.Model):
    """How many emails a contact gets at most in a rolling period, of one topic or of all together."""

    class Unit(models.TextChoices):
        HOURS = "hours", _("hours")
        DAYS = "days", _("days")

    topic = models.ForeignKey(
        "wagtail_journeys.Topic",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        limit_choices_to={"purpose": ""},
        related_name="limits",
        verbose_name=_("topic"),
        help_text=_("Empty: all topics together."),
    )
    most = models.PositiveSmallIntegerField(
        _("at most so many emails"), default=3, validators=[MinValueValidator(1)]
    )
    period = models.PositiveSmallIntegerField(
        _("in"), default=7, validators=[MinValueValidator(1), MaxValueValidator(366)]
    )
    unit = models.CharField(_("unit"), max_length=5, choices=Unit.choices, default=Unit.DAYS)

    class Meta:
        verbose_name = _("sending limit")
        verbose_name_plural = _("sending limits")
        ordering = ["topic", "unit", "period"]

    def __str__(self) -> str:
        emails = ngettext("at most %d email", "at most %d emails", self.most) % self.most
        if self.unit == self.Unit.HOURS:
            length = ngettext("%d hour", "%d hours", self.period) % self.period
        else:
            length = ngettext("%d day", "%d days", self.period) % self.period
        if self.topic is None:
            return _t("%(emails)s in %(length)s") % {"emails": emails, "length": length}
        return _t("%(emails)s about “%(topic)s” in %(length)s") % {
            "emails": emails,
            "topic": self.topic,
            "length": length,
        }

    @property
    def length(self) -> datetime.timedelta:
        """Days are 24 hours each."""
        return datetime.timedelta(**{self.unit: self.period})


class Message(models.Model):
    """One email to one contact."""

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        CLAIMED = "claimed", _("being prepared")
        HANDING_OVER = "handing_over", _("being handed over")
        DEFERRED = "deferred", _("will be tried again")
        SENT = "sent", _("sent")
        BOUNCED = "bounced", _("refused by the mail server")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("not sent")
        UNKNOWN = "unknown", _("perhaps sent")

    class Verdict(models.TextChoices):
        DELIVERED = "delivered", _("delivered")
        SOFT = "soft", _("not delivered for now")
        HARD = "hard", _("undeliverable")
        COMPLAINED = "complained", _("reported as spam")

    #: States in which a message will not change by itself any more.
    FINAL = (State.SENT, State.BOUNCED, State.FAILED, State.CANCELLED, State.UNKNOWN)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    visit = models.OneToOneField(
        "wagtail_journeys.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="message"
    )
    campaign = models.ForeignKey(
        "wagtail_journeys.Campaign",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="messages",
        db_index=False,
    )
    step_id = models.CharField(max_length=36, blank=True)
    contact = models.ForeignKey(
        "wagtail_journeys.Contact", on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    topic = models.ForeignKey(
        "wagtail_journeys.Topic",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="messages",
        db_index=False,
    )
    # Written down when queued: a message whose topic was deleted meanwhile has no topic either, and must not go out.
    ignores_topics = models.BooleanField(default=False)
    template = models.ForeignKey(EmailTemplate, null=True, on_delete=models.SET_NULL, related_name="messages")
    version = models.ForeignKey(
        TemplateVersion, null=True, on_delete=models.SET_NULL, related_name="messages", db_index=False
    )
    entry_event_id = models.BigIntegerField(null=True, blank=True)
    # Which of the step's variants it is: the id of the variant, "" without any.
    variant = models.CharField(max_length=40, blank=True)
    # What one send is, with the address: the same value twice would be the same email to the same address twice.
    send_key = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    # What becomes of it where a sending limit leaves no room ("wait" until ``hold_until``, "skip", "exit"), and when one
    # first held it back.
    when_full = models.CharField(max_length=4, default="skip")
    hold_until = models.DateTimeField(null=True, blank=True)
    capped_at = models.DateTimeField(null=True, blank=True)
    address = models.CharField(max_length=320)
    address_hash = models.CharField(max_length=64)  # compared with the suppressed addresses
    subject = models.CharField(max_length=998, blank=True)
    merge = models.JSONField(
        default=dict
    )  # values filled in by the step: {"defaults": {...}, "mapping": {...}}
    context = models.JSONField(
        default=dict
    )  # the values that the merge tags had, kept to show the message again
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    # When to look at it again: to claim it (queued, deferred), because a claim or a hand-over never ended, or because it
    # was sent and nobody has told so yet. Empty in final states, so that looking for work costs the same however many messages there have been.
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    header_id = models.CharField(max_length=255, blank=True)  # Message-ID, fixed for all attempts
    # Until when it may be handed over again with the same idempotency key, although nobody knows whether it was taken.
    key_until = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=36, blank=True)
    created_at = models.DateTimeField()
    marked_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # What the email provider or the receiver's mail server has said since, the gravest of it.
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True)
    verdict_at = models.DateTimeField(null=True, blank=True)
    # When the receiver pressed the button behind its confirmation link.
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # When its content was thrown away, as it had been kept long enough.
    emptied_at = models.DateTimeField(null=True, blank=True)
    # The best verdict so far on who opened it and on who followed a link, see Hit; "" for nobody.
    opened = models.CharField(max_length=10, blank=True, default="", db_default="")
    clicked = models.CharField(max_length=10, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        permissions = [
            ("view_message_body", _("Can read the content of messages")),
            ("resolve_message", _("Can decide about messages that were perhaps sent")),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="wj_message_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["contact", "-created_at"], name="wj_message_contact"),
            models.Index(fields=["campaign", "step_id", "state"], name="wj_message_step"),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.uuid)


class Notice(models.Model):
    """One email to colleagues that a campaign asked for. It is not counted among the messages."""

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being handed over")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("perhaps sent")

    visit = models.OneToOneField(
        "wagtail_journeys.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="notice"
    )
    recipients = models.TextField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [models.Index(fields=["due_at"], name="wj_notice_due", condition=Q(due_at__isnull=False))]

    def __str__(self) -> str:
        return self.subject
