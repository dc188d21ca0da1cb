"""Marketing automation inside a Wagtail site. The path of an event:

1. a door (``tracking``, ``ingest``) sanitises what happened and keeps it as an inbox item; it answers at once;
2. ``pipeline.drain`` takes a batch of inbox items and finds out whose they are (``contacts``),
3. writes them to the event log once (``events``),
4. brings the memberships up to date that could have changed (``segments``),
5. lets contacts into campaigns (``journeys.entries``, ``campaigns``);
6. ``journeys.engine`` moves every journey that is due, a step and a batch at a time,
7. ``emails.delivery`` hands queued messages to the mail server, each at most once;
8. opens, clicks and unsubscribes come back through a door as events;
9. ``reporting`` reads it all and changes nothing.
"""

__version__ = "0.1.0"
