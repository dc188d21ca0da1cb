"""Public extension points for sites. The package itself never listens to them.

Every signal is sent once per batch, after the transaction that it tells about has been committed.
"""

from django.dispatch import Signal

#: ``events``: list of Event just written to the log.
events_recorded = Signal()

#: ``journeys``: list of Journey that have just begun.
journeys_entered = Signal()

#: ``journeys``: list of Journey that have just ended by themselves (state and end reason are set).
journeys_ended = Signal()

#: ``messages``: list of Message ids that have reached a final state.
messages_settled = Signal()

#: ``calls``: list of Call ids that have reached a final state.
calls_settled = Signal()
