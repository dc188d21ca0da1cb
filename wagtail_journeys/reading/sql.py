"""What the readers of both databases have in common."""

from __future__ import annotations

import datetime
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from .plain import shifted, start_of

#: SQL with its parameters.
Sql = tuple[str, list[Any]]


def joined(left: Sql, sign: str, right: Sql) -> Sql:
    return f"{left[0]} {sign} {right[0]}", [*left[1], *right[1]]


def every(tests: Sequence[Sql]) -> Sql:
    return _together(" AND ", tests)


def either(tests: Sequence[Sql]) -> Sql:
    return _together(" OR ", tests)


def _together(word: str, tests: Sequence[Sql]) -> Sql:
    if not tests:
        return "1 = 1", []
    return f"({word.join(sql for sql, _given in tests)})", [p for _sql, given in tests for p in given]


class Reader(ABC):
    """One database's words for questions about one value. The answers are true or false, never an error or NULL.

    ``day`` and what follows it are the parts of questions about dates, to be used inside of ``day`` only.
    """

    def days_between(self, low: datetime.date | None, high: datetime.date | None) -> Sql:
        """Whether it is a day from ``low`` on and before ``high``, where the site is; None: no end on that side."""
        near, day, moment = [], [], []
        for bound, sign, more in ((low, ">=", -2), (high, "<", 2)):
            if bound is not None:
                # The day as it is written is at most two away from the one where the site is.
                around = shifted(bound, more).isoformat()
                near.append(joined(self.day_text(1, 10), sign, ("%s", [around])))
                day.append(joined(self.day_text(1, 10), sign, ("%s", [bound.isoformat()])))
                moment.append(joined(self.moment(), sign, self.instant(start_of(bound))))
        return self.day(every(near), every(day), every(moment))

    def anniversary(self, month_days: Sequence[str], before: datetime.date) -> Sql:
        """Whether it is a day of these ("03-02") and earlier than that one, as it is written."""
        text, given = self.day_text(6, 5)
        among = f"{text} IN ({', '.join(['%s'] * len(month_days))})", [*given, *month_days]
        past = joined(self.day_text(1, 10), "<", ("%s", [before.isoformat()]))
        return self.day(every([among, past]), every([]), every([]))

    @abstractmethod
    def day(self, first: Sql, day: Sql, moment: Sql) -> Sql:
        """``day`` where the value is a day, ``moment`` where it is a moment with its zone.

        ``first`` is asked before anything else, of any text: something cheap that is true of all that shall match.
        """

    @abstractmethod
    def day_text(self, start: int, length: int) -> Sql: ...

    @abstractmethod
    def moment(self) -> Sql: ...

    @abstractmethod
    def instant(self, at: datetime.datetime) -> Sql: ...


#: What is asked of a value, in whatever database.
Question = Callable[[Any], Sql]
