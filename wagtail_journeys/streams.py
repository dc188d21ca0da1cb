"""StreamFields whose block types come from a registry, so that a site can add its own without a migration."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from wagtail.blocks import StreamBlock, StreamValue
from wagtail.fields import StreamField


class RegistryStreamField(StreamField):
    """A StreamField that migrations see as a plain JSON column: its blocks are code, not schema.

    Data migrations therefore work on the raw JSON (a list of ``{"type", "value", "id"}``).
    """

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, _args, kwargs = models.Field.deconstruct(self)
        kept: dict[str, Any] = {
            key: kwargs[key] for key in ("blank", "verbose_name", "help_text") if key in kwargs
        }
        return name, "django.db.models.JSONField", [], kept

    def clone(self) -> RegistryStreamField:
        _name, _path, _args, kwargs = self.deconstruct()
        return type(self)(self.block_types_arg, **kwargs)

    def get_internal_type(self) -> str:
        return "JSONField"

    if TYPE_CHECKING:
        # What Wagtail puts in the field's place on a model: a stream to read, data of any stored form to assign.
        def __get__(self, instance: models.Model | None, owner: Any = None) -> Any: ...
        def __set__(self, instance: models.Model, value: Any) -> None: ...


class SharedStreamBlock(StreamBlock):
    """A stream whose blocks stand in many other streams, which stand in many others again.

    Wagtail checks a block once for every way that leads to it, and their number multiplies with every level: seconds at
    the start of every process. A stream of this kind is checked once.
    """

    _found: list[CheckMessage] | None = None

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        if self._found is None:
            self._found = list(super().check(**kwargs))
        return self._found


def with_ids(raw: list[dict[str, Any]], *, fresh: bool = False) -> list[dict[str, Any]]:
    """Raw stream data in which every block, nested ones too, has an id (a new one each where ``fresh``).

    Wagtail gives ids to top-level blocks only when data is saved from code; imports, copies and examples call this.
    A block that names another one of the same data by its id names that one's new id afterwards.
    """
    renamed: dict[str, str] = {}

    def visit(value: Any) -> Any:
        if isinstance(value, list):
            return [visit(item) for item in value]
        if isinstance(value, dict):
            result = {key: visit(item) for key, item in value.items()}
            if "type" in result and "value" in result:
                kept = None if fresh else result.get("id")
                result["id"] = kept or str(uuid.uuid4())
                if fresh and value.get("id"):
                    renamed[str(value["id"])] = result["id"]
            return result
        return value

    def follow(value: Any) -> Any:
        if isinstance(value, list):
            return [follow(item) for item in value]
        if isinstance(value, dict):
            return {key: follow(item) for key, item in value.items()}
        return renamed.get(value, value) if isinstance(value, str) else value

    found = visit(raw)
    return follow(found) if renamed else found


def raw(value: StreamValue | list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The stored form of a stream value: a list of ``{"type", "value", "id"}``, JSON all the way down.

    A stream straight from a form holds times, dates and lazy text as objects; here they are what the database keeps.
    """
    if value is None:
        return []
    stored = value.get_prep_value() if isinstance(value, StreamValue) else value
    return list(json.loads(json.dumps(stored, cls=DjangoJSONEncoder)))
