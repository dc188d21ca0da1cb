"""How a value in JSON is read as text, number, yes or no, or date: of an attribute as of a property of an event.

Nobody declares what a form, a till or an import may say, so the question decides how a value is read: the text "12" is
the number 12 for whoever asks about a number. Nonsense is never an error and never matches. ``plain`` reads a value in
hand, ``postgres`` and ``sqlite`` say the same in each database's words, ``expressions`` puts that into Django's queries.
"""

from __future__ import annotations

from .expressions import Number, attribute, column, property_holds
from .plain import Value, as_number, nameable, usable
from .sql import Sql

__all__ = [
    "Number",
    "Sql",
    "Value",
    "as_number",
    "attribute",
    "column",
    "nameable",
    "property_holds",
    "usable",
]
