"""Many contacts with a past, made inside the database from a seed; and twelve segments, each with the same question in
SQL as somebody would write it by hand who knows the tables and the databases."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tests.benchmarks.tools import vendor
from tests.scenarios.story import START

PRIME = 2147483647
CONTACT, EVENT, STAY = "wagtail_journeys_contact", "wagtail_journeys_event", "wagtail_journeys_membership"
#: Of a hundred events.
NAMES = [
    ("page_view", 60), ("login", 12), ("search", 8), ("document_download", 7), ("video_played", 5),
    ("form_submit", 4), ("order_completed", 3), ("shared", 1),
]  # fmt: skip
DAYS = 90
PAGES = 200


def chance(number: int) -> str:
    """SQL for a number below PRIME that depends on ``n`` and looks like chance: the same in every run and database."""
    factors = [48271, 69621, 16807, 39373, 1583458089, 784588716, 742938285, 950706376, 1226874159, 62089911]
    return f"((n * {factors[number]} + {number * 7919 + 13}) % {PRIME})"


def case(number: int, shares: list[tuple[str, int]]) -> str:
    total, arms = 0, ""
    for word, share in shares:
        total += share
        arms += f" WHEN {chance(number)} % 100 < {total} THEN '{word}'"
    return f"CASE{arms} ELSE '{shares[-1][0]}' END"


def moment(seconds: str) -> str:
    """SQL for so many seconds before START."""
    if vendor() == "postgres":
        return f"TIMESTAMPTZ '{START.isoformat()}' - ({seconds}) * INTERVAL '1 second'"
    return f"strftime('%Y-%m-%d %H:%M:%S', {int(START.timestamp())} - ({seconds}), 'unixepoch')"


def make(contacts: int, events: int, *, vacuum: bool = True) -> None:
    """Contacts 1 … n and their events of the last ninety days; a few contacts did much, most did little.

    Without ``vacuum`` it may run inside a transaction; the indexes are then left in place.
    """
    postgres = vendor() == "postgres"
    numbers = "generate_series(1::bigint, {0}) AS n" if postgres else (
        "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT {0}) SELECT n FROM s)"
    )  # fmt: skip
    uid = "md5(n::text)::uuid" if postgres else "printf('%032x', n)"
    json = "::jsonb" if postgres else ""
    who = f"1 + ({chance(2)} % {contacts}) * (1 + {chance(3)} % 1000) / 1001"
    plan = case(1, [("free", 70), ("pro", 20), ("team", 10)])
    run(
        f"INSERT INTO {CONTACT} ({{columns}}) SELECT {{values}} FROM {numbers.format(contacts)}",
        CONTACT,
        id="n", uuid=uid, email="'person' || n || '@example.com'", first_name="'First'", last_name="'Last' || n",
        locale=case(0, [("en", 50), ("nl", 25), ("de", 15), ("fr", 10)]),
        attributes=f"('{{\"plan\": \"' || {plan} || '\"}}'){json}",
        points=f"{chance(4)} % 50", lifetime_value="0",
        created_at=moment(f"86400 * (100 + {chance(5)} % 300)"), last_seen_at=moment("86400"),
    )  # fmt: skip
    again = bare(EVENT) if postgres and vacuum else []
    run(
        f"INSERT INTO {EVENT} ({{columns}}) SELECT {{values}} FROM {numbers.format(events)}",
        EVENT,
        source="'past'", message_id="'m' || n", name=case(6, NAMES), contact_id=who, anonymous_id="''",
        occurred_at=moment(f"{chance(7)} % {DAYS * 86400}"), received_at=moment("0"),
        properties=f"('{{\"seconds\": ' || (n % 300) || '}}'){json}",
        site_id="1", page_id=f"1 + {chance(9)} % {PAGES}", url="''",
    )  # fmt: skip
    for definition in again:
        execute(definition)
    if postgres:
        execute(f"SELECT setval(pg_get_serial_sequence('{CONTACT}', 'id'), {contacts})")
        execute("VACUUM ANALYZE" if vacuum else "ANALYZE")
    else:
        execute("ANALYZE")


def run(sql: str, table: str, **values: str) -> None:
    """An INSERT of these columns; those that are not named get what is empty for their kind."""
    from django.apps import apps

    (model,) = [model for model in apps.get_models() if model._meta.db_table == table]
    for field in model._meta.concrete_fields:
        if field.column not in values and not field.null and not field.primary_key:
            default = field.get_db_prep_save(field.get_default(), connection)
            values[field.column] = "''" if default in ("", None) else str(default)
    execute(sql.format(columns=", ".join(values), values=", ".join(values.values())))


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def bare(table: str) -> list[str]:
    """Take a table's indexes and constraints away, but for its key: loading is several times faster.

    Returns the statements that make them again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype IN ('u', 'f')",
            [table],
        )
        constraints = cursor.fetchall()
        for name, _definition in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint)",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
    added = [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {made}' for name, made in constraints]
    return ["SET maintenance_work_mem = '512MB'", *(made for _name, made in indexes), *added]


# --- the twelve ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """``sql`` selects the same contacts (``id`` …); ``selective``: few events matter, so that none may be read in vain."""

    name: str
    rules: list[dict[str, Any]]
    sql: str
    selective: bool = False
    match: str = "all"


def field(name: str, operator: str, value: str, attribute: str = "") -> dict[str, Any]:
    params = {"field": name, "attribute": attribute, "operator": operator, "value": value}
    return {"type": "attribute", "value": params}


def did(name: str, done: str = "did", count: int = 1, days: int | None = None, **more: Any) -> dict[str, Any]:
    params = {
        "did": done, "event": name, "page": None, "section": None, "document": None, "properties": [],
        "occasion": "any", "how_often": "at_least", "count": count,
        "period": "last" if days else "ever", "amount": days, "unit": "days", "start": None, "end": None,
        "total_of": "", "total": None, **more,
    }  # fmt: skip
    return {"type": "event", "value": params}


def group(match: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"type": "group", "value": {"match": match, "rules": list(rules)}}


def twelve(now: datetime.datetime, page: int, base: int) -> list[Asked]:
    """The segments; ``page`` is a page of the crowd's, ``base`` a segment that exists (of those with points)."""

    def since(days: int) -> str:
        value = now - datetime.timedelta(days=days)
        if vendor() == "postgres":
            return f"TIMESTAMPTZ '{value.isoformat()}'"
        return f"'{value.replace(tzinfo=None)}'"

    pro = (
        "attributes->>'plan' = 'pro'"
        if vendor() == "postgres"
        else "json_extract(attributes, '$.plan') = 'pro'"
    )
    long = "(properties->>'seconds')::int >= 290" if vendor() == "postgres" else (
        "json_extract(properties, '$.seconds') >= 290"
    )  # fmt: skip
    few = {"type": "item", "value": {"property": "seconds", "operator": "at_least", "value": "290"}}

    def people(where: str) -> str:
        return f"SELECT id FROM {CONTACT} c WHERE {where}"

    def some(where: str, more: str = "") -> str:
        return f"SELECT contact_id FROM {EVENT} WHERE contact_id IS NOT NULL AND {where} {more}"

    def without(inner: str, where: str = "true") -> str:
        # "NOT IN" is slow on PostgreSQL, a join that finds nothing is fast on both.
        return (
            f"SELECT c.id FROM {CONTACT} c LEFT JOIN (SELECT DISTINCT contact_id FROM ({inner}) e) x "
            f"ON x.contact_id = c.id WHERE x.contact_id IS NULL AND {where}"
        )

    def did_often(name: str, times: int, days: int) -> str:
        where = f"name = '{name}' AND occurred_at > {since(days)} {window}"
        return some(where, f"GROUP BY contact_id HAVING count(*) >= {times}")

    def distinct(where: str) -> str:
        return f"SELECT DISTINCT contact_id FROM ({some(where)}) e"

    dutch = "lower(c.locale) = 'nl' OR lower(c.locale) LIKE 'nl-%'"
    window = f"AND occurred_at <= {since(0)}"
    twice = did_often("order_completed", 2, 60)
    bought, downloaded = some("name = 'order_completed'"), some("name = 'document_download'")
    inside = f"SELECT contact_id FROM {STAY} WHERE segment_id = {base} AND left_at IS NULL"
    return [
        Asked("dutch", [field("locale", "is", "nl")], people(dutch)),
        Asked("plan_pro", [field("attribute", "is", "pro", "plan")], people(pro)),
        Asked("points", [field("points", "at_least", "45")], people("points >= 45")),
        Asked(
            "pro_and_bought",
            [field("attribute", "is", "pro", "plan"), did("order_completed")],
            people(f"{pro} AND id IN ({bought})"),
            selective=True,
        ),
        Asked(
            "viewed_often_never_bought",
            [did("page_view", count=3, days=30), did("order_completed", "did_not")],
            without(bought, f"c.id IN ({did_often('page_view', 3, 30)})"),
        ),
        Asked(
            "downloaded_this_day",
            [did("document_download", days=1)],
            distinct(f"name = 'document_download' AND occurred_at > {since(1)} {window}"),
            selective=True,
        ),
        Asked(
            "shared_twice",
            [did("shared", count=2)],
            some("name = 'shared'", "GROUP BY contact_id HAVING count(*) >= 2"),
            selective=True,
        ),
        Asked(
            "viewed_page_this_week",
            [did("page_view", days=7, page=page)],
            distinct(f"name = 'page_view' AND page_id = {page} AND occurred_at > {since(7)} {window}"),
            selective=True,
        ),
        Asked(
            "bought_after_long_look",
            [did("order_completed", days=30, properties=[few])],
            distinct(f"name = 'order_completed' AND occurred_at > {since(30)} {window} AND {long}"),
            selective=True,
        ),
        Asked(
            "no_login_for_30_days",
            [did("login", "did_not", days=30)],
            without(some(f"name = 'login' AND occurred_at > {since(30)} {window}")),
            selective=True,
        ),
        Asked(
            "in_segment_and_dutch",
            [{"type": "in_segment", "value": {"mode": "in", "segment": base}}, field("locale", "is", "nl")],
            people(f"({dutch}) AND id IN ({inside})"),
        ),
        Asked(
            "either_or",
            [
                group("all", field("locale", "is", "nl"), did("document_download")),
                group(
                    "all", field("attribute", "is", "pro", "plan"), did("order_completed", count=2, days=60)
                ),
            ],
            # One question after the other: as "or", PostgreSQL would go through a list for every contact.
            f"{people(f'({dutch}) AND id IN ({downloaded})')} UNION {people(f'{pro} AND id IN ({twice})')}",
            match="any",
            selective=True,
        ),
    ]
