from __future__ import annotations

import hashlib
import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel

from wagtail_journeys.conf import conf
from wagtail_journeys.contacts import countries

#: A contact's columns of text that traits and steps may set, with their lengths. Every other trait is an attribute.
TEXT_COLUMNS = {"first_name": 200, "last_name": 200, "locale": 20, "time_zone": 64, "country": 2}


def normalise_email(address: str) -> str:
    """The form in which addresses are stored and compared: no spaces around it, lower case."""
    return address.strip().lower()


def address_hash(address: str) -> str:
    """Hex SHA-256 of the normalised address (with the site's own salt, if set); what a suppression keeps."""
    return hashlib.sha256(f"{conf.HASH_KEY}{normalise_email(address)}".encode()).hexdigest()


class Contact(models.Model):
    """A person whom the site knows by an email address or an external id."""

    wagtail_reference_index_ignore = True

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("email"), max_length=320, unique=True, null=True, blank=True)
    external_id = models.CharField(
        _("external id"),
        max_length=200,
        unique=True,
        null=True,
        blank=True,
        help_text=_(
            "The person's id in the system the events come from; for site users, user-<primary key>."
        ),
    )
    first_name = models.CharField(_("first name"), max_length=200, blank=True)
    last_name = models.CharField(_("last name"), max_length=200, blank=True)
    locale = models.CharField(_("language"), max_length=20, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)  # two letters, see countries.py
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    points = models.IntegerField(_("points"), default=0)
    lifetime_value = models.DecimalField(_("lifetime value"), max_digits=14, decimal_places=2, default=0)
    orders = models.PositiveIntegerField(_("orders"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)  # noqa: TID251 made by hand
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    # Until when the contact wants no emails but those that ignore topics; since when it wants none about any topic that
    # it has not asked for by itself, later ones included.
    paused_until = models.DateTimeField(null=True, blank=True, editable=False)
    unsubscribed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-id"]
        permissions = [("merge_contact", _("Can merge contacts"))]
        indexes = [
            models.Index(fields=["-created_at"], name="wj_contact_created"),
        ]

    def __str__(self) -> str:
        return self.email or self.external_id or str(self.uuid)

    def save(self, *args, **kwargs) -> None:
        self.email = normalise_email(self.email) if self.email else None
        self.external_id = self.external_id or None
        super().save(*args, **kwargs)

    @property
    def country_name(self) -> str:
        return countries.name(self.country) if self.country else ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Identity(models.Model):
    """A visitor's anonymous id that is known to be this contact. Never moved to another contact by itself.

    It ends (``until``) when the contact logs out on that browser, or when somebody else identifies there.
    """

    wagtail_reference_index_ignore = True

    anonymous_id = models.CharField(max_length=100, unique=True)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="identities")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    evidence = models.CharField(max_length=40)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")

    def __str__(self) -> str:
        return self.anonymous_id


class Topic(ClusterableModel):
    """What a contact may consent to: a newsletter, product news …"""

    class Mode(models.TextChoices):
        OPT_IN = "opt_in", _("opt-in: nobody gets it who has not asked for it")
        OPT_OUT = "opt_out", _("opt-out: everybody gets it who has not refused it")

    class Purpose(models.TextChoices):
        EMAILS = "", _("emails about it")
        OPEN_TRACKING = "email_open_tracking", _("seeing whether emails are opened")
        CLICK_TRACKING = "email_click_tracking", _("seeing which links of emails are followed")

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=100, unique=True, help_text=_("Used by forms and the API."))
    description = models.TextField(
        _("description"),
        blank=True,
        help_text=_("Shown to contacts where they choose what they want to get."),
    )
    wording = models.TextField(
        _("words of consent"),
        blank=True,
        help_text=_(
            "What people agree to when they sign up, in their own words: “Yes, send me the newsletter once a month. I can "
            "stop at any time.” Every version is kept, and each consent says which one it was. Empty: made of the name."
        ),
    )
    mode = models.CharField(_("mode"), max_length=10, choices=Mode.choices, default=Mode.OPT_IN)
    double_opt_in = models.BooleanField(
        _("confirm by email"),
        default=True,
        help_text=_(
            "Whoever signs up gets an email with a link, and nothing else before the button behind it is pressed. Without "
            "this anybody can sign up anybody else."
        ),
    )
    is_public = models.BooleanField(
        _("contacts can choose it"),
        default=True,
        help_text=_("It stands in the preference centre, and forms may offer it."),
    )
    sort_order = models.IntegerField(default=0, editable=False)
    # What is done with the consent where it is not about getting emails; such a topic is made by ``consent.purpose``.
    purpose = models.CharField(
        _("what it is for"),
        max_length=30,
        choices=Purpose.choices,
        blank=True,
        default=Purpose.EMAILS,
        editable=False,
    )

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["sort_order", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"], condition=~models.Q(purpose=""), name="wj_topic_purpose_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class TopicText(models.Model):
    """What a topic is called in another language. The consent is one and the same."""

    topic = ParentalKey(Topic, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=20)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    wording = models.TextField(_("words of consent"), blank=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("topic in another language")
        verbose_name_plural = _("topics in other languages")
        ordering = ["language"]
        constraints = [models.UniqueConstraint(fields=["topic", "language"], name="wj_topic_text_once")]

    def __str__(self) -> str:
        return self.name


class Wording(models.Model):
    """One version of the words with which people agree to a topic. Never changes: consents are proven by it."""

    wagtail_reference_index_ignore = True

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="wordings")
    number = models.PositiveIntegerField()
    language = models.CharField(max_length=20)
    text = models.TextField()
    text_hash = models.CharField(max_length=64)
    since = models.DateTimeField()

    class Meta:
        default_permissions = ()
        verbose_name = _("words of consent")
        verbose_name_plural = _("words of consent")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "number"], name="wj_wording_number_once"),
            models.UniqueConstraint(fields=["topic", "text_hash"], name="wj_wording_text_once"),
        ]

    def __str__(self) -> str:
        return self.text


class ConsentEntry(models.Model):
    """One change of one consent. Entries are only ever added; ConsentState holds the newest of each."""

    wagtail_reference_index_ignore = True

    class State(models.TextChoices):
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consent_entries")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices)
    source = models.CharField(
        max_length=100, help_text=_("Where it was given: a form, a link, the API, a person.")
    )
    wording = models.TextField(blank=True, help_text=_("The words that the contact agreed to."))
    wording_hash = models.CharField(max_length=64, blank=True)
    wording_version = models.PositiveIntegerField(null=True, blank=True)
    proof = models.JSONField(default=dict, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    occurred_at = models.DateTimeField()

    class Meta:
        verbose_name = _("consent entry")
        verbose_name_plural = _("consent entries")
        ordering = ["-occurred_at", "-id"]

    def __str__(self) -> str:
        return f"{self.topic}: {self.get_state_display()}"


class ConsentState(models.Model):
    """The newest state of one consent, derived from the ledger."""

    wagtail_reference_index_ignore = True

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="consents")
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=ConsentEntry.State.choices)
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [models.UniqueConstraint(fields=["contact", "topic"], name="wj_consent_once")]

    def __str__(self) -> str:
        return f"{self.topic}: {self.get_state_display()}"


class Suppression(models.Model):
    """An address to which nothing is ever sent. Only its hash is kept, so that it outlives an erasure."""

    wagtail_reference_index_ignore = True

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard_bounce", _("hard bounce")
        SOFT_BOUNCE = "soft_bounce", _("bounced again and again")
        COMPLAINT = "complaint", _("complaint")
        ERASED = "erased", _("erased")
        MANUAL = "manual", _("by hand")

    address_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=20, choices=Reason.choices)
    note = models.TextField(blank=True)
    since = models.DateTimeField(default=timezone.now)  # noqa: TID251 made by hand

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        ordering = ["-id"]
        permissions = [("lift_suppression", _("Can send to suppressed addresses again"))]

    def __str__(self) -> str:
        return f"{self.address_hash[:12]}… ({self.get_reason_display()})"
