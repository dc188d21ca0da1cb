"""Table of contents: every model of the package, next to the feature that owns it."""

from .campaigns.models import Campaign, CampaignVersion
from .contacts.models import ConsentEntry, ConsentState, Contact, Identity, Suppression, Topic
from .emails.models import EmailTemplate, Message, TemplateVersion
from .events.models import Event, Heartbeat, InboxItem
from .ingest.models import WriteKey
from .journeys.models import Journey, PendingEntry, Refusal, Visit
from .segments.count_requests import CountRequest
from .segments.models import Membership, Segment, SegmentSize

__all__ = [
    "Campaign",
    "CampaignVersion",
    "ConsentEntry",
    "ConsentState",
    "Contact",
    "CountRequest",
    "EmailTemplate",
    "Event",
    "Heartbeat",
    "Identity",
    "InboxItem",
    "Journey",
    "Membership",
    "Message",
    "PendingEntry",
    "Refusal",
    "Segment",
    "SegmentSize",
    "Suppression",
    "TemplateVersion",
    "Topic",
    "Visit",
    "WriteKey",
]
