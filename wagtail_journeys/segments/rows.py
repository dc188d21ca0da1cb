"""Fields that belong to a line only when another field of the line says so: the second value of "between", for example.

    ("to", blocks.CharBlock(required=False, label="To", form_attrs=shown_when("operator", ["between"])))

What is hidden is still sent: a condition reads only the fields that its operator asks for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

#: What a block is given as ``form_attrs``.
Attrs = dict[str, str]

CONTROLLER = "wj-shown-when"
RULES = f"data-{CONTROLLER}-rules-value"

#: How conditions and short steps are laid out: their fields on one line, which breaks where there is no room.
ROW = "struct-block wj-row"


def shown_when(field: str, values: Iterable[Any]) -> Attrs:
    """``form_attrs`` for a block that is only there while the field of that name, in the same line, has one of the values.

    A checkbox has the values True and False. A field with an error is shown in any case.
    """
    return _attrs([[field, [_text(value) for value in values], True]])


def hidden_when(field: str, values: Iterable[Any]) -> Attrs:
    """The opposite: the block is gone while the field has one of the values."""
    return _attrs([[field, [_text(value) for value in values], False]])


def all_of(*conditions: Attrs) -> Attrs:
    """Several of the two above; the block is there while all of them agree."""
    return _attrs([rule for attrs in conditions for rule in json.loads(attrs[RULES])])


def _attrs(rules: list[list[Any]]) -> Attrs:
    return {"data-controller": CONTROLLER, RULES: json.dumps(rules)}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
