"""What can go wrong, in words that name the way out. The docstring of a class is its default message."""

from __future__ import annotations


class JourneysError(Exception):
    """Something in wagtail-journeys went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class DuplicateKey(JourneysError):
    """Two kinds carry the same key. Give one of them another key."""


class UnknownKey(JourneysError):
    """No such kind is registered. Is the app that defines it in INSTALLED_APPS?"""


class BadEvent(JourneysError):
    """The event cannot be used as it is; it is kept as a dead letter with this reason."""


class BadRules(JourneysError):
    """The rules of a segment or a filter cannot be read. Open it in the editor and save it again."""


class SegmentCycle(JourneysError):
    """A segment cannot ask for itself, not even by way of other segments."""


class CannotGoLive(JourneysError):
    """The campaign cannot go live as it stands. Its review says what to mend."""


class BadSteps(JourneysError):
    """The steps of a campaign cannot be read. Open it in the editor and save it again."""


class NotPossible(JourneysError):
    """This cannot be done with the campaign as it is now."""


class TemplateError(JourneysError):
    """The email template cannot be rendered. Open it in the editor; the preview shows the place."""


class MissingValue(TemplateError):
    """A merge tag has no value for this contact and no default. Give the tag a default."""


class CallRefused(JourneysError):
    """The HTTP call may not be sent like this. Open its step in the campaign."""


class EnrolRefused(JourneysError):
    """These contacts cannot be added to the campaign."""


class TooSlow(JourneysError):
    """The database did not answer in the time that there was."""
