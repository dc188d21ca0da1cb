"""FIGURE lines, and the table of them in docs/performance.md."""

from __future__ import annotations

import os
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
LINE = re.compile(
    r"^FIGURE (?P<name>\S+) value=(?P<value>\S+) target=(?P<target>\S+) unit=(?P<unit>\S+)$", re.M
)
START, END = "<!-- figures -->", "<!-- /figures -->"


def figure(name: str, value: float, target: str, unit: str) -> None:
    """Print one figure: ``target`` is ``>=0.25`` or ``<=1.1``, or ``-`` where it is only for information."""
    print(f"FIGURE {name} value={value:.3g} target={target} unit={unit}", flush=True)


def scale() -> float:
    given = os.environ.get("SCALE", "1")
    return 0.1 if given == "small" else float(given)


def keep(printed: str) -> None:
    """Put the figures into the page's table; those of the same name are replaced. Small runs are not kept."""
    if scale() < 1 or not PAGE.exists():
        return
    page = PAGE.read_text()
    before, rest = page.split(START)
    table, after = rest.split(END)
    rows = {
        cells[0]: cells
        for line in table.splitlines()
        if line.startswith("| `")
        for cells in [[cell.strip(" `") for cell in line.strip("|").split("|")]]
    }
    for match in LINE.finditer(printed):
        rows[match["name"]] = [match["name"], match["value"], match["target"], match["unit"]]
    body = "\n".join(
        f"| `{row[0]}` | {row[1]} | {row[2]} | {row[3]} |" for _name, row in sorted(rows.items())
    )
    head = "| figure | value | target | unit |\n|---|---|---|---|"
    PAGE.write_text(f"{before}{START}\n{head}\n{body}\n{END}{after}")
