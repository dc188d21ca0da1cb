"""Table of contents: every model of the package, next to the feature that owns it."""

from .calls.models import Breaker, Call, Stop
from .campaigns.models import Campaign, CampaignVersion
from .contacts.models import ConsentEntry, ConsentState, Contact, Identity, Suppression, Topic
from .emails.models import EmailTemplate, Message, Notice, TemplateVersion
from .events.models import Event, EventDefinition, Heartbeat, InboxItem
from .ingest.models import WriteKey
from .journeys.models import Journey, PendingEntry, Refusal, Visit
from .segments.count_requests import CountRequest
from .segments.models import Membership, Segment, SegmentSize

__all__ = [
    "Breaker",
    "Call",
    "Campaign",
    "CampaignVersion",
    "ConsentEntry",
    "ConsentState",
    "Contact",
    "CountRequest",
    "EmailTemplate",
    "Event",
    "EventDefinition",
    "Heartbeat",
    "Identity",
    "InboxItem",
    "Journey",
    "Membership",
    "Message",
    "Notice",
    "PendingEntry",
    "Refusal",
    "Segment",
    "SegmentSize",
    "Stop",
    "Suppression",
    "TemplateVersion",
    "Topic",
    "Visit",
    "WriteKey",
]
