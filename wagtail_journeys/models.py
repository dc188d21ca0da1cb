"""Table of contents: every model of the package, next to the feature that owns it."""

from .calls.models import Breaker, Call, Stop
from .campaigns.models import Campaign, CampaignVersion, VariantWinner
from .contacts.models import (
    ConsentEntry,
    ConsentState,
    Contact,
    Identity,
    Suppression,
    Topic,
    TopicText,
    Wording,
)
from .contacts.sign_up_models import SignUp
from .emails.brands import EmailBrand
from .emails.fragments import EmailFragment
from .emails.hit_models import Hit, Link
from .emails.models import EmailTemplate, Message, Notice, SendingLimit, TemplateVersion
from .emails.traffic import Feedback, MailServer, Meter, SenderIdentity
from .events.models import Event, EventDefinition, Heartbeat, InboxItem
from .ingest.models import WriteKey
from .journeys.models import (
    DateWatch,
    EnrolRequest,
    Intervention,
    Journey,
    Occurrence,
    PendingEntry,
    Refusal,
    Visit,
)
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
    "DateWatch",
    "EmailBrand",
    "EmailFragment",
    "EmailTemplate",
    "EnrolRequest",
    "Event",
    "EventDefinition",
    "Feedback",
    "Heartbeat",
    "Hit",
    "Identity",
    "InboxItem",
    "Intervention",
    "Journey",
    "Link",
    "MailServer",
    "Membership",
    "Message",
    "Meter",
    "Notice",
    "Occurrence",
    "PendingEntry",
    "Refusal",
    "Segment",
    "SegmentSize",
    "SenderIdentity",
    "SendingLimit",
    "SignUp",
    "Stop",
    "Suppression",
    "TemplateVersion",
    "Topic",
    "TopicText",
    "VariantWinner",
    "Visit",
    "Wording",
    "WriteKey",
]
