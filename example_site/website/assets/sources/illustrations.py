"""Draws the illustrations of the Lindehaag site.

    python illustrations.py            writes ../images/*.jpg (needs Chromium and Pillow)

Every picture is an SVG put together from a few houses, trees and machines below, so that all of them
share one light and one set of colours.
"""

import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

WIDTH, HEIGHT = 1440, 900
TARGET = Path(__file__).resolve().parent.parent / "images"

DEEP, TEAL, PINE, SAGE = "#123a3f", "#1d5a5c", "#2f6f5e", "#8fb39a"
BRICK, RUST, ROSE, CREAM = "#b0502f", "#8a3a22", "#d98a68", "#f4e6cc"
SUN, GLOW, PAPER, STONE = "#f3b340", "#ffe2a0", "#fbf8f2", "#cfc5b2"
INK = "#16292c"
MIST = "#dfeae6"
SHADE = 'opacity="0.15"'


def rect(x, y, w, h, fill, rx=0, extra=""):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{rx}" fill="{fill}" {extra}/>'


def circle(x, y, r, fill, extra=""):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="{fill}" {extra}/>'


def path(d, fill="none", stroke="none", width=0, extra=""):
    return (
        f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="{width}" '
        f'stroke-linecap="round" stroke-linejoin="round" {extra}/>'
    )


def text(x, y, size, value, fill=INK, extra=""):
    return (
        f'<text x="{x}" y="{y}" font-family="TeX Gyre Pagella, Palatino, Georgia, DejaVu Serif, serif" '
        f'font-size="{size}" font-weight="600" fill="{fill}" {extra}>{value}</text>'
    )


def gradient(name, stops, vertical=True):
    x2, y2 = (0, 1) if vertical else (1, 0)
    inner = "".join(f'<stop offset="{at}" stop-color="{colour}"/>' for at, colour in stops)
    return f'<linearGradient id="{name}" x1="0" y1="0" x2="{x2}" y2="{y2}">{inner}</linearGradient>'


def sky(*stops):
    return f"<defs>{gradient('sky', stops)}</defs>" + rect(0, 0, WIDTH, HEIGHT, "url(#sky)")


def cloud(x, y, s, fill="#ffffff", opacity=0.75):
    d = f"M{x} {y}h{230 * s}a{42 * s} {42 * s} 0 0 0-{30 * s}-{70 * s} {62 * s} {62 * s} 0 0 0-{112 * s}-{28 * s} "
    d += f"{46 * s} {46 * s} 0 0 0-{78 * s} {32 * s}a{34 * s} {34 * s} 0 0 0-{10 * s} {66 * s}z"
    return path(d, fill, extra=f'opacity="{opacity}"')


def hill(y, height, fill, shift=0.0):
    points = " ".join(
        f"L{x} {y - height * (0.5 + 0.5 * math.sin(x / 260 + shift)):.1f}" for x in range(0, WIDTH + 41, 40)
    )
    return path(f"M0 {HEIGHT}V{y}{points}V{HEIGHT}z", fill)


def tree(x, base, h, fill=PINE, trunk="#5b4a3a"):
    out = rect(x - h * 0.03, base - h * 0.45, h * 0.06, h * 0.45, trunk)
    for dx, dy, r in ((0, 0.72, 0.27), (-0.16, 0.55, 0.2), (0.17, 0.56, 0.2), (0, 0.5, 0.2)):
        out += circle(x + dx * h, base - dy * h, r * h, fill)
    return out + circle(x + 0.08 * h, base - 0.78 * h, 0.13 * h, "#ffffff", 'opacity="0.10"')


def poplar(x, base, h, fill=PINE):
    w = h * 0.12
    return rect(x - 4, base - h * 0.2, 8, h * 0.2, "#5b4a3a") + path(
        f"M{x} {base - h}C{x + w * 1.4} {base - h * 0.6} {x + w} {base - h * 0.12} {x} {base - h * 0.1}"
        f"C{x - w} {base - h * 0.12} {x - w * 1.4} {base - h * 0.6} {x} {base - h}z",
        fill,
    )


def bush(x, base, r, fill=PINE):
    return (
        circle(x, base - r * 0.55, r * 0.75, fill)
        + circle(x - r * 0.7, base - r * 0.35, r * 0.55, fill)
        + circle(x + r * 0.7, base - r * 0.35, r * 0.55, fill)
        + rect(x - r * 1.2, base - r * 0.35, r * 2.4, r * 0.35, fill)
    )


def window(x, y, w, h, lit=True, frame=PAPER, glass=None):
    glass = glass or (GLOW if lit else "#5f8288")
    out = rect(x - 5, y - 5, w + 10, h + 10, frame, 3) + rect(x, y, w, h, glass)
    if lit:
        out += rect(x, y + h * 0.55, w, h * 0.45, SUN, extra='opacity="0.35"')
    else:
        out += path(
            f"M{x} {y + h * 0.7}L{x + w * 0.7} {y}h{w * 0.2}L{x} {y + h * 0.9}z",
            "#ffffff",
            extra='opacity="0.18"',
        )
    out += rect(x + w / 2 - 2.5, y, 5, h, frame) + rect(x, y + h * 0.36, w, 5, frame)
    return out + rect(x - 9, y + h + 4, w + 18, 8, STONE)


def door(x, base, w, h, fill=DEEP):
    return (
        rect(x - 7, base - h - 7, w + 14, h + 7, PAPER, 3)
        + rect(x, base - h, w, h, fill)
        + rect(x + w * 0.18, base - h * 0.9, w * 0.64, h * 0.22, GLOW, 3)
        + rect(x + w * 0.22, base - h * 0.42, w * 0.56, 6, SUN)
        + circle(x + w * 0.83, base - h * 0.5, 4.5, SUN)
    )


def gable(x, base, w, h, wall, kind="step", lit=(), floors=3, cols=2, door_at=0, door_fill=DEEP):
    """A canal house: ``h`` is the height of the wall, the gable stands on top of it."""
    top = base - h
    if kind == "step":
        n, d = 5, f"M{x} {top}"
        for i in range(n):
            d += f"V{top - (i + 1) * w * 0.11:.1f}h{w * 0.085:.1f}"
        d += f"h{w * 0.15:.1f}"
        for i in range(n):
            d += f"h{w * 0.085:.1f}V{top - (n - 1 - i) * w * 0.11:.1f}"
        shape = path(d + "z", wall)
    elif kind == "bell":
        a, m = w * 0.5, x + w / 2
        shape = path(
            f"M{x} {top}C{x + w * 0.2} {top} {x + w * 0.16} {top - a * 0.75} {x + w * 0.32} {top - a * 0.85}"
            f"Q{m} {top - a * 1.35} {x + w * 0.68} {top - a * 0.85}"
            f"C{x + w * 0.84} {top - a * 0.75} {x + w * 0.8} {top} {x + w} {top}z",
            wall,
        )
    elif kind == "neck":
        shape = path(
            f"M{x} {top}Q{x + w * 0.24} {top} {x + w * 0.26} {top - w * 0.36}h-8v-14h16L{x + w / 2} {top - w * 0.6}"
            f"L{x + w * 0.74 - 8} {top - w * 0.36 - 14}h16v14h-8Q{x + w * 0.76} {top} {x + w} {top}z",
            wall,
        )
    else:
        shape = path(f"M{x - 10} {top}L{x + w / 2} {top - w * 0.55}L{x + w + 10} {top}z", RUST) + path(
            f"M{x + 14} {top}L{x + w / 2} {top - w * 0.5 + 12}L{x + w - 14} {top}z", wall
        )
    out = (
        shape
        + rect(x, top - 1, w, h + 1, wall)
        + rect(x + w - w * 0.09, top, w * 0.09, h, "#000", extra='opacity="0.07"')
    )
    out += circle(x + w / 2, top - w * 0.17, w * 0.085, PAPER) + circle(
        x + w / 2, top - w * 0.17, w * 0.06, GLOW if "top" in lit else "#5f8288"
    )
    cell = h / floors
    ww, wh = w / cols * 0.5, cell * 0.56
    for floor in range(floors):
        for col in range(cols):
            wx, wy = x + w / cols * (col + 0.5) - ww / 2, top + cell * floor + cell * 0.2
            if floor == floors - 1 and col == door_at:
                out += door(wx, base, ww, cell * 0.78, door_fill)
            else:
                out += window(wx, wy, ww, wh, (floor, col) in lit)
        if floor:
            out += rect(x, top + cell * floor - 2, w, 4, "#000", extra='opacity="0.10"')
    return out


def panels(x, y, cols, rows, w=92, h=120, skew=-18, gap=9):
    """A field of solar panels on a slope."""
    out = f'<g transform="translate({x} {y}) skewX({skew})">'
    for r in range(rows):
        for c in range(cols):
            px, py = c * (w + gap), r * (h + gap)
            out += rect(px, py, w, h, "#173552", 4) + rect(px + 4, py + 4, w - 8, h - 8, "#21507a", 2)
            for i in (1, 2):
                out += rect(px + 4 + (w - 8) * i / 3 - 1, py + 4, 2, h - 8, "#5d8bb5")
            for i in (1, 2, 3):
                out += rect(px + 4, py + 4 + (h - 8) * i / 4 - 1, w - 8, 2, "#5d8bb5")
            out += path(
                f"M{px + 4} {py + h - 4}V{py + h * 0.5}L{px + w * 0.62} {py + 4}h{w * 0.26}z",
                "#ffffff",
                extra='opacity="0.13"',
            )
    return out + "</g>"


def heat_pump(x, base, s=1.0):
    w, h = 330 * s, 250 * s
    y = base - h - 26 * s
    out = rect(x + 20 * s, base - 28 * s, 46 * s, 28 * s, "#6d7877") + rect(
        x + w - 66 * s, base - 28 * s, 46 * s, 28 * s, "#6d7877"
    )
    out += rect(x, y, w, h, "#eef0ea", 14 * s) + rect(x, y, w, 16 * s, "#d8ddd6", 8 * s)
    out += rect(x + w - 78 * s, y + 30 * s, 56 * s, h - 60 * s, "#d8ddd6", 8 * s)
    for i in range(7):
        out += rect(x + w - 70 * s, y + (48 + i * 24) * s, 40 * s, 7 * s, "#aab5b0", 3)
    cx, cy, r = x + 122 * s, y + h / 2 + 4 * s, 98 * s
    out += circle(cx, cy, r, "#27484b") + circle(cx, cy, r * 0.92, DEEP)
    for i in range(5):
        out += (
            f'<g transform="rotate({i * 72 + 12} {cx:.1f} {cy:.1f})">'
            + path(
                f"M{cx} {cy}C{cx + r * 0.1} {cy - r * 0.45} {cx + r * 0.5} {cy - r * 0.85} {cx + r * 0.62} {cy - r * 0.55}"
                f"C{cx + r * 0.6} {cy - r * 0.2} {cx + r * 0.3} {cy - r * 0.05} {cx} {cy}z",
                "#4d7f7f",
            )
            + "</g>"
        )
    for k in (0.35, 0.6, 0.85):
        out += circle(cx, cy, r * k, "none", f'stroke="#d8ddd6" stroke-width="{2.5 * s}"')
    return out + circle(cx, cy, r * 0.15, "#d8ddd6")


def person(x, base, h, shirt, hair="#3b2a20", skin="#e3b18f", facing=1):
    """Head and shoulders, sitting at something."""
    r = h * 0.2
    cy = base - h + r
    body = path(
        f"M{x - h * 0.34} {base}V{base - h * 0.36}Q{x - h * 0.33} {base - h * 0.55} {x} {base - h * 0.56}"
        f"Q{x + h * 0.33} {base - h * 0.55} {x + h * 0.34} {base - h * 0.36}V{base}z",
        shirt,
    )
    neck = rect(x - r * 0.36, cy + r * 0.5, r * 0.72, r * 0.95, skin, r * 0.3)
    head = circle(x, cy, r * 0.86, skin)
    top = path(
        f"M{x - r} {cy + r * 0.1}A{r} {r} 0 0 1 {x + r} {cy + r * 0.05}"
        f"Q{x + facing * r * 0.5} {cy - r * 0.55} {x - facing * r * 0.35} {cy - r * 0.35}"
        f"Q{x - facing * r * 0.75} {cy - r * 0.1} {x - r} {cy + r * 0.1}z",
        hair,
    )
    eye = circle(x + facing * r * 0.16, cy + r * 0.08, r * 0.075, INK) + circle(
        x + facing * r * 0.56, cy + r * 0.08, r * 0.075, INK
    )
    smile = path(
        f"M{x + facing * r * 0.15} {cy + r * 0.4}q{facing * r * 0.22} {r * 0.2} {facing * r * 0.44} 0",
        stroke="#8a4a35",
        width=r * 0.07,
    )
    return body + neck + head + top + eye + smile


def plant(x, base, s=1.0, pot=BRICK):
    out = ""
    for angle, length in ((-48, 120), (-24, 165), (0, 185), (24, 160), (48, 118)):
        out += (
            f'<g transform="rotate({angle} {x} {base - 70 * s})">'
            + path(
                f"M{x} {base - 60 * s}C{x - 30 * s} {base - (60 + length * 0.5) * s} {x - 14 * s} {base - (60 + length) * s} {x} {base - (70 + length) * s}"
                f"C{x + 14 * s} {base - (60 + length) * s} {x + 30 * s} {base - (60 + length * 0.5) * s} {x} {base - 60 * s}z",
                PINE if angle % 48 else TEAL,
            )
            + "</g>"
        )
    return (
        out
        + path(f"M{x - 52 * s} {base - 80 * s}h{104 * s}l-{14 * s} {80 * s}h-{76 * s}z", pot)
        + rect(x - 58 * s, base - 90 * s, 116 * s, 22 * s, RUST, 4)
    )


def mug(x, base, s=1.0, fill=TEAL):
    out = path(
        f"M{x + 70 * s} {base - 66 * s}q{44 * s} -4 {36 * s} {26 * s}q-{8 * s} {22 * s} -{36 * s} {18 * s}",
        stroke=fill,
        width=11 * s,
    )
    out += rect(x, base - 86 * s, 76 * s, 86 * s, fill, 12 * s)
    for dx in (22, 50):
        out += path(
            f"M{x + dx * s} {base - 104 * s}q-14 -18 0 -36t0 -36",
            stroke="#ffffff",
            width=5 * s,
            extra='opacity="0.55"',
        )
    return out


def snow(count, seed, y0=0, y1=HEIGHT, x0=0, x1=WIDTH):
    rng = random.Random(seed)
    return "".join(
        circle(
            rng.uniform(x0, x1),
            rng.uniform(y0, y1),
            rng.uniform(2, 5.5),
            "#ffffff",
            f'opacity="{rng.uniform(0.45, 0.95):.2f}"',
        )
        for _ in range(count)
    )


def bike(x, base, s=1.0, fill=INK):
    r = 46 * s
    out = ""
    for cx in (x, x + 150 * s):
        out += circle(cx, base - r, r, "none", f'stroke="{fill}" stroke-width="{6 * s}"') + circle(
            cx, base - r, 5 * s, fill
        )
    frame = (
        f"M{x} {base - r}L{x + 45 * s} {base - r - 62 * s}H{x + 122 * s}L{x + 72 * s} {base - r + 4 * s}H{x}"
        f"M{x + 72 * s} {base - r + 4 * s}L{x + 38 * s} {base - r - 82 * s}M{x + 150 * s} {base - r}L{x + 116 * s} {base - r - 88 * s}"
        f"h{26 * s}"
    )
    return (
        out
        + path(frame, stroke=BRICK, width=7 * s)
        + path(f"M{x + 22 * s} {base - r - 84 * s}h{36 * s}", stroke=fill, width=9 * s)
    )


# The pictures


def street():
    out = sky((0, "#1c4a5a"), (0.45, "#5c8c8c"), (0.75, "#f0b98a"), (1, "#f7d9ad"))
    out += circle(1120, 330, 92, "#ffe9bd", 'opacity="0.35"') + circle(1120, 330, 62, "#fff0cf")
    out += cloud(160, 200, 1.1, "#f6d6b8", 0.5) + cloud(800, 150, 0.9, "#f6d6b8", 0.4)
    out += poplar(30, 660, 380, "#2a5a58") + poplar(1400, 660, 420, "#2a5a58")
    specs = [
        (70, 205, 330, BRICK, "step", {(0, 0), (1, 1), (2, 1)}, 0),
        (275, 190, 375, TEAL, "bell", {(0, 1), (1, 0), "top"}, 1),
        (465, 230, 300, CREAM, "neck", {(1, 0), (2, 1), (0, 1)}, 0),
        (695, 200, 390, RUST, "step", {(0, 0), (1, 0), (1, 1), (2, 0)}, 1),
        (895, 215, 320, SAGE, "bell", {(2, 1), (0, 0), "top"}, 0),
        (1110, 235, 355, ROSE, "neck", {(0, 1), (1, 1), (2, 0)}, 1),
    ]
    houses = "".join(
        gable(x, 680, w, h, wall, kind, lit, door_at=at, door_fill=DEEP if wall != TEAL else RUST)
        for x, w, h, wall, kind, lit, at in specs
    )
    out += houses + rect(0, 680, WIDTH, 26, "#d9cdb6") + rect(0, 706, WIDTH, 22, "#9c7f66")
    out += (
        "<defs>"
        + gradient("water", [(0, "#27565c"), (1, "#123a3f")])
        + "</defs>"
        + rect(0, 728, WIDTH, 172, "url(#water)")
    )
    out += f'<clipPath id="w"><rect x="0" y="728" width="{WIDTH}" height="172"/></clipPath>'
    out += (
        f'<g clip-path="url(#w)" opacity="0.22"><g transform="translate(0 1414) scale(1 -1)">{houses}</g></g>'
    )
    for i in range(16):
        out += rect(
            (i * 197) % 1400, 745 + (i * 37) % 140, 60 + (i * 23) % 70, 4, "#f7d9ad", 2, 'opacity="0.28"'
        )
    for x in (250, 680, 1085):
        out += (
            rect(x, 560, 6, 120, INK)
            + circle(x + 3, 552, 44, GLOW, 'opacity="0.28"')
            + rect(x - 9, 536, 24, 30, GLOW, 6)
        )
    return out + tree(1390, 684, 230, "#2a5a58") + bike(480, 684, 0.62)


def insulation():
    out = sky((0, "#a9c6d3"), (1, "#dbe8ea")) + hill(760, 60, "#eef4f3", 1) + tree(150, 760, 300, "#7f9ea0")
    out += rect(0, 740, 520, 160, "#f5f8f6") + snow(70, 4, 0, 880, 0, 470)
    out += (
        rect(860, 0, 580, 900, "#f3d9b1")
        + rect(860, 0, 580, 900, SUN, extra='opacity="0.12"')
        + rect(860, 780, 580, 120, "#a8744c")
    )
    for i in range(5):
        out += rect(860, 800 + i * 24, 580, 2, "#8a5c3a")
    brick = ""
    for row in range(24):
        for col in range(3):
            brick += rect(
                440 + col * 66 - (33 if row % 2 else 0),
                row * 38,
                62,
                34,
                BRICK if (row + col) % 4 else "#9b4326",
                2,
            )
    out += '<clipPath id="b"><rect x="440" y="0" width="130" height="900"/></clipPath>' + rect(
        440, 0, 130, 900, "#d7b9a0"
    )
    out += f'<g clip-path="url(#b)">{brick}</g>'
    out += rect(570, 0, 170, 900, SUN)
    for row in range(19):
        y = row * 50
        out += path(f"M576 {y}q40 -34 80 0t80 0", stroke="#d28c1e", width=7) + path(
            f"M576 {y + 24}q40 30 80 0t80 0", stroke="#ffd98a", width=6
        )
    out += rect(740, 0, 90, 900, "#c9c2b4")
    for row in range(12):
        out += rect(740, row * 78, 90, 4, "#aaa393")
    out += rect(830, 0, 30, 900, "#e6dac2")
    out += (
        rect(1010, 150, 250, 300, PAPER, 4)
        + rect(1028, 168, 214, 264, "#7ea4ad")
        + rect(1130, 168, 10, 264, PAPER)
        + snow(24, 8, 176, 425, 1032, 1238)
    )
    out += (
        path("M985 130h300v26h-300z", RUST)
        + path("M990 150q26 180 -10 330h60q20 -170 -4 -330z", ROSE)
        + path("M1280 150q-26 180 10 330h-60q-20 -170 4 -330z", ROSE)
    )
    out += (
        rect(930, 660, 380, 130, TEAL, 26)
        + rect(960, 560, 320, 140, "#26706e", 30)
        + rect(905, 610, 80, 180, TEAL, 26)
        + rect(1255, 610, 80, 180, TEAL, 26)
    )
    out += rect(1010, 600, 110, 90, SUN, 14, 'transform="rotate(-8 1065 645)"')
    out += path(
        "M1130 690q20 -66 84 -58q16 -28 24 -4q22 12 6 36q6 30 -34 34h-70q-16 0 -10 -8z", "#3c4a4b"
    ) + plant(1385, 790, 0.9)
    for x, y in ((300, 250), (250, 420), (310, 590)):
        out += path(f"M{x} {y}h95m-24 -18 24 18-24 18", stroke="#4f8296", width=10)
    return out


def heatpump():
    out = (
        sky((0, "#bfdcdc"), (1, "#f6ecd6"))
        + circle(220, 190, 70, SUN)
        + cloud(330, 190, 0.9)
        + hill(720, 90, "#b9d0b4", 0.4)
        + hill(760, 60, "#9cbf9e", 2.2)
    )
    out += poplar(90, 760, 400, "#5e9479") + poplar(170, 760, 330, "#6ba285")
    wall = rect(760, 90, 700, 670, "#c4623c")
    for row in range(24):
        for col in range(10):
            wall += rect(
                760 + col * 76 - (38 if row % 2 else 0) + 2,
                90 + row * 28 + 2,
                72,
                24,
                ("#b95531", "#c4623c", "#bd5a36")[(row * 3 + col) % 3],
                2,
            )
    out += f'<clipPath id="h"><rect x="760" y="90" width="700" height="670"/></clipPath><g clip-path="url(#h)">{wall}</g>'
    out += path("M720 110L1110 -170H1460V110z", "#4c3b36") + rect(720, 100, 740, 22, PAPER)
    out += window(1180, 220, 170, 230, True)
    out += (
        rect(870, 260, 14, 500, STONE)
        + rect(0, 755, WIDTH, 145, "#7fae84")
        + rect(0, 755, WIDTH, 14, "#93be96")
    )
    out += rect(400, 748, 480, 26, STONE, 4) + heat_pump(450, 750, 1.16)
    for i, y in enumerate((500, 570, 640)):
        out += path(
            f"M400 {y}q-46 -26 -92 0t-92 0t-92 0",
            stroke="#ffffff",
            width=9,
            extra=f'opacity="{0.85 - i * 0.15}"',
        )
    out += bush(1010, 775, 70, PINE) + bush(1330, 785, 88, "#3c7f68") + bush(1180, 790, 60, "#558f74")
    for x, y, c in (
        (985, 730, ROSE),
        (1030, 712, GLOW),
        (1300, 720, GLOW),
        (1360, 735, ROSE),
        (1330, 690, PAPER),
        (1180, 756, SUN),
        (1205, 765, PAPER),
    ):
        out += circle(x, y, 11, c)
    for i in range(26):
        x = i * 57 + 10
        out += path(f"M{x} 830q-4 -22 -12 -30m12 30q2 -26 10 -36", stroke="#5d9166", width=5)
    return out


def solar():
    out = sky((0, "#6fb0c4"), (0.7, "#cfe6df"), (1, "#f8ecd0")) + circle(1210, 170, 92, SUN)
    for i in range(12):
        out += (
            f'<g transform="rotate({i * 30} 1210 170)">' + path("M1210 44v-34", stroke=SUN, width=10) + "</g>"
        )
    out += cloud(120, 220, 1.2) + cloud(620, 130, 0.8)
    out += path("M350 250q14 -16 28 0q14 -16 28 0", stroke=DEEP, width=5) + path(
        "M430 290q11 -13 22 0q11 -13 22 0", stroke=DEEP, width=5
    )
    out += path("M330 360H1190L1440 800V900H60L90 800z", "#a2492c") + path(
        "M330 360H1190L1208 392H310z", "#7d3420"
    )
    for row in range(11):
        y = 400 + row * 42
        left, right = 330 - (y - 360) * 0.545, 1190 + (y - 360) * 0.568
        n = 34
        for i in range(n):
            x = left + (right - left) * i / n
            w = (right - left) / n
            out += path(
                f"M{x:.0f} {y}q{w / 2:.0f} 22 {w:.0f} 0", stroke="#8a3a22", width=4, extra='opacity="0.75"'
            )
    out += panels(470, 430, 6, 3, 104, 112, -14, 10)
    out += (
        rect(240, 250, 92, 190, "#9b4326")
        + rect(228, 236, 116, 24, PAPER, 4)
        + rect(258, 200, 22, 40, RUST)
        + rect(294, 200, 22, 40, RUST)
    )
    out += (
        rect(1130, 470, 190, 190, PAPER)
        + path("M1110 480L1225 396L1340 480z", TEAL)
        + window(1165, 510, 120, 120, False)
    )
    return out + rect(40, 800, 1400, 26, PAPER) + rect(60, 826, 1380, 74, CREAM)


def finance():
    out = rect(0, 0, WIDTH, HEIGHT, "#dcb98c")
    for i in range(7):
        out += rect(0, i * 134, WIDTH, 3, "#c9a274") + path(
            f"M{100 + i * 170} {40 + i * 120}q120 14 260 0", stroke="#cfa97b", width=4
        )
    out += f'<g transform="rotate(-7 560 450)">{rect(300, 130, 520, 680, "#000", 6, SHADE)}{rect(290, 115, 520, 680, PAPER, 6)}'
    out += path("M360 300V230l90 -70 90 70v70z", TEAL) + rect(425, 240, 50, 60, GLOW)
    for i, w in enumerate((170, 140, 155)):
        out += rect(580, 190 + i * 38, w, 14, STONE, 7)
    for i, h in enumerate((290, 250, 190, 140, 95, 60)):
        out += rect(350 + i * 70, 690 - h, 46, h, (BRICK, BRICK, "#cf7a4f", SUN, SAGE, PINE)[i], 5)
    out += (
        rect(330, 690, 440, 5, INK)
        + path("M345 370L420 420L490 470L560 520L640 575L740 610", stroke=DEEP, width=7)
        + path("M712 620l30 -9 -12 -28", stroke=DEEP, width=7)
        + "</g>"
    )
    out += f'<g transform="rotate(9 1060 330)">{rect(916, 110, 310, 440, "#a37c4f", 26)}{rect(906, 96, 310, 440, DEEP, 26)}{rect(936, 130, 250, 86, "#cfe0d3", 10)}'
    out += text(1172, 194, 58, "1.284", DEEP, 'text-anchor="end"')
    for r in range(4):
        for c in range(4):
            out += rect(938 + c * 65, 244 + r * 70, 52, 54, SUN if c == 3 else TEAL, 12)
    out += "</g>"
    for x, y, n in ((960, 760, 5), (1090, 790, 3), (1215, 770, 7)):
        for i in range(n):
            out += f'<ellipse cx="{x}" cy="{y - i * 17}" rx="56" ry="22" fill="#c98a1b"/><ellipse cx="{x}" cy="{y - i * 17 - 6}" rx="56" ry="22" fill="{SUN}"/>'
        out += f'<ellipse cx="{x}" cy="{y - (n - 1) * 17 - 6}" rx="38" ry="14" fill="{GLOW}"/>'
    out += f'<g transform="rotate(32 200 600)">{rect(120, 590, 330, 26, BRICK, 6)}{path("M450 590l52 13-52 13z", CREAM)}{path("M484 598l18 5-18 5z", INK)}{rect(100, 590, 34, 26, ROSE, 6)}</g>'
    return (
        out
        + circle(150, 190, 118, "#b98f5c", 'opacity="0.5"')
        + circle(142, 180, 112, PAPER)
        + circle(142, 180, 88, "#6b3f26")
        + circle(142, 180, 88, "none", 'stroke="#e9ddc7" stroke-width="8"')
        + path("M252 160q54 -6 48 34t-56 22", stroke=PAPER, width=17)
    )


def thermal():
    def facade(colours, glass, roof, ground, back):
        wall, frame = colours
        part = rect(0, 0, WIDTH, HEIGHT, back) + rect(0, 770, WIDTH, 130, ground)
        part += (
            path("M150 360L720 60L1290 360z", roof)
            + rect(210, 350, 1020, 430, wall)
            + rect(960, 120, 80, 150, wall)
        )
        for x in (290, 520, 840, 1060):
            part += rect(x - 10, 420, 130, 150, frame, 4) + rect(x, 430, 110, 130, glass)
        part += rect(640, 545, 130, 235, frame, 4) + rect(
            652, 557, 106, 223, glass if frame != PAPER else DEEP
        )
        part += rect(640, 190, 150, 120, frame, 4) + rect(652, 202, 126, 96, glass)
        return part

    out = (
        facade((BRICK, PAPER), "#6e9297", "#5d463f", "#86ad8a", "#c7dde0")
        + bush(150, 790, 80)
        + bush(1320, 790, 90)
    )
    hot = (
        "<defs>"
        + gradient("heat", [(0, "#c83a5e"), (0.5, "#8a2a86"), (1, "#4a1f86")])
        + gradient("roofheat", [(0, "#ffd24a"), (1, "#f0703c")])
    )
    hot += '<radialGradient id="leak"><stop offset="0" stop-color="#fff7c0"/><stop offset="0.5" stop-color="#ffb52e" stop-opacity="0.85"/><stop offset="1" stop-color="#f0463c" stop-opacity="0"/></radialGradient></defs>'
    hot += facade(("url(#heat)", "#f0703c"), "#ffd24a", "url(#roofheat)", "#2a1560", "#170c3f")
    for x, y, r in ((1115, 600, 110), (895, 600, 100), (760, 770, 120), (1000, 130, 110), (1220, 360, 110)):
        hot += circle(x, y, r, "url(#leak)")
    out += f'<clipPath id="view"><rect x="720" y="50" width="660" height="800" rx="22"/></clipPath><g clip-path="url(#view)">{hot}</g>'
    out += rect(720, 50, 660, 800, "none", 22, f'stroke="{INK}" stroke-width="16"')
    scale = gradient(
        "scale", [(0, "#fff7c0"), (0.25, "#ffb52e"), (0.5, "#f0463c"), (0.75, "#8a2a86"), (1, "#170c3f")]
    )
    out += f"<defs>{scale}</defs>" + rect(
        1316, 120, 30, 560, "url(#scale)", 8, 'stroke="#fff" stroke-width="3"'
    )
    out += text(1300, 142, 30, "14°", "#fff", 'text-anchor="end"') + text(
        1300, 676, 30, "2°", "#fff", 'text-anchor="end"'
    )
    return out + path("M1035 420v60m-30 -30h60", stroke="#ffffff", width=5)


def thermostat():
    out = (
        rect(0, 0, WIDTH, HEIGHT, "#e9d8b8")
        + rect(0, 760, WIDTH, 140, "#a8744c")
        + rect(0, 742, WIDTH, 22, PAPER)
    )
    out += (
        rect(130, 90, 560, 440, PAPER, 6)
        + f"<defs>{gradient('night', [(0, '#0f2f45'), (1, '#3f6f80')])}</defs>"
        + rect(156, 116, 508, 388, "url(#night)")
    )
    out += circle(560, 210, 46, "#f6efd8") + circle(540, 200, 42, "#17394d")
    out += (
        path("M156 504V430l70 -50 60 44 80 -60 90 66 70 -36 138 70v40z", "#dce8ea")
        + gable(290, 470, 70, 60, "#25505a", "plain", {(0, 1)}, 1, 2)
        + snow(60, 3, 120, 490, 162, 660)
    )
    out += rect(403, 116, 14, 388, PAPER) + rect(156, 300, 508, 12, PAPER) + rect(100, 524, 620, 30, STONE, 4)
    out += rect(170, 590, 480, 150, "#f3f1ea", 10)
    for i in range(11):
        out += rect(184 + i * 42, 578, 30, 168, "#ffffff", 12) + rect(206 + i * 42, 590, 6, 146, "#d9d6cb", 3)
    out += rect(650, 690, 60, 12, STONE) + rect(690, 664, 50, 44, BRICK, 10)
    for x in (250, 380, 510):
        out += path(f"M{x} 566q-20 -24 0 -46t0 -46", stroke="#e0763f", width=8, extra='opacity="0.7"')
    out += (
        circle(1052, 402, 268, "#000", 'opacity="0.10"')
        + circle(1040, 385, 268, PAPER)
        + circle(1040, 385, 214, DEEP)
    )
    for i in range(41):
        a = math.radians(135 + i * 270 / 40)
        hot = i <= 18
        x1, y1, x2, y2 = (
            1040 + math.cos(a) * 224,
            385 + math.sin(a) * 224,
            1040 + math.cos(a) * 254,
            385 + math.sin(a) * 254,
        )
        out += path(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", stroke="#e0763f" if hot else STONE, width=7)
    out += (
        text(1050, 430, 150, "50°", GLOW, 'text-anchor="middle"')
        + path("M1000 500q40 30 80 0", stroke="#e0763f", width=9)
        + circle(1040, 548, 9, SUN)
    )
    return out + plant(1330, 770, 1.0) + plant(840, 770, 0.6, TEAL)


def netmeter():
    out = (
        sky((0, "#8cc0c8"), (1, "#f7ebd0"))
        + circle(260, 190, 84, SUN)
        + cloud(420, 190, 0.8)
        + cloud(980, 150, 1)
        + hill(720, 70, "#b9d4b6", 0)
        + hill(770, 50, "#8fbb93", 2)
    )
    out += rect(0, 760, WIDTH, 140, "#7aa97f")
    pylon = "M1200 760L1262 250L1324 760M1262 250V210M1190 330h144M1170 420h184M1232 500h60M1216 620h92M1232 500l76 120M1292 500l-76 120M1216 620l108 140M1308 620l-108 140"
    out += path(pylon, stroke="#3c5255", width=9)
    for y, x in ((330, 1190), (330, 1334), (420, 1170), (420, 1354)):
        out += path(f"M{x} {y}v24", stroke="#3c5255", width=7)
    out += path("M1190 354Q960 470 660 440", stroke="#3c5255", width=4) + path(
        "M1334 354Q1400 380 1440 384M1354 444Q1410 466 1440 470", stroke="#3c5255", width=4
    )
    out += path("M150 470L420 250L690 470z", "#6a3a2b") + rect(190, 465, 460, 300, CREAM)
    out += panels(370, 300, 3, 2, 62, 62, 38, 7)
    out += window(240, 520, 100, 110, True) + window(500, 520, 100, 110, True) + door(372, 765, 92, 170)
    out += (
        rect(700, 560, 170, 200, PAPER, 18)
        + rect(700, 560, 170, 200, "none", 18, f'stroke="{DEEP}" stroke-width="7"')
        + rect(722, 586, 126, 54, DEEP, 8)
        + text(840, 624, 31, "04217", GLOW, 'text-anchor="end"')
    )
    out += circle(785, 698, 40, MIST) + path("M790 664l-22 38h20l-8 30 26 -40h-20z", SUN, RUST, 3)
    out += path("M905 600q110 -46 210 0", stroke=SUN, width=16) + path(
        "M1086 570l34 32 -44 16", stroke=SUN, width=16
    )
    out += path("M1120 700q-110 46 -210 0", stroke=BRICK, width=16) + path(
        "M944 728l-38 -30 46 -16", stroke=BRICK, width=16
    )
    return out + bush(120, 780, 70) + bush(1030, 800, 46, "#4d8a6c") + tree(60, 770, 260, "#4d8a6c")


def terraced():
    out = (
        sky((0, "#b7d5de"), (1, "#f8ead0"))
        + cloud(150, 170, 1)
        + cloud(1000, 130, 0.8)
        + tree(60, 720, 360, "#5e9479")
    )
    colours = ("#b65a37", "#c26a44", "#b65a37")
    for i in range(3):
        x = 120 + i * 420
        out += path(f"M{x - 10} 250L{x + 60} 120H{x + 380}L{x + 430} 250z", "#564541") + rect(
            x, 245, 420, 475, colours[i]
        )
        for row in range(15):
            out += rect(x, 255 + row * 31, 420, 2, "#8f3f22", extra='opacity="0.35"')
        out += rect(x, 440, 420, 62, "#e9dcc0" if i != 1 else TEAL)
        out += (
            rect(x + 30, 280, 360, 140, PAPER)
            + rect(x + 42, 292, 160, 116, GLOW if i == 1 else "#6e9297")
            + rect(x + 218, 292, 160, 116, "#6e9297")
        )
        out += rect(x + 30, 520, 220, 150, PAPER) + rect(x + 42, 532, 196, 126, GLOW if i == 1 else "#6e9297")
        out += (
            door(x + 292, 720, 88, 180, (DEEP, SUN, PINE)[i])
            + rect(x + 280, 520, 112, 12, PAPER)
            + rect(x + 414, 245, 6, 475, "#8f3f22")
        )
    out += (
        panels(632, 140, 5, 1, 54, 88, -6, 7)
        + rect(950, 70, 60, 90, "#8f3f22")
        + rect(520, 78, 60, 80, "#8f3f22")
    )
    out += rect(0, 716, WIDTH, 60, "#86ad8a") + rect(0, 770, WIDTH, 130, "#b9ad9a")
    for i in range(15):
        out += rect(i * 100, 770, 3, 130, "#a3967f")
    for x in (150, 440, 560, 860, 1270, 1390):
        out += bush(x, 770, 44, "#3c7f68")
    return out + heat_pump(610, 764, 0.34) + bike(900, 838, 1.05) + tree(1410, 770, 330, "#4d8a6c")


def ventilation():
    out = (
        rect(0, 0, WIDTH, HEIGHT, "#cfe0d3")
        + rect(0, 720, WIDTH, 180, "#f0e4cd")
        + rect(0, 700, WIDTH, 34, PAPER)
    )
    out += (
        rect(430, 70, 620, 600, PAPER, 6)
        + f"<defs>{gradient('out', [(0, '#8cc0c8'), (1, '#f4ecd6')])}</defs>"
        + rect(460, 100, 560, 540, "url(#out)")
    )
    out += (
        circle(900, 210, 56, SUN)
        + cloud(500, 250, 0.7)
        + path("M460 640V520q140 -70 280 -20t280 -30v170z", "#8fbb93")
        + gable(560, 560, 60, 60, BRICK, "plain", (), 1, 2)
        + gable(630, 562, 56, 80, CREAM, "step", (), 2, 2)
        + tree(800, 580, 120, PINE)
    )
    out += rect(728, 100, 22, 540, PAPER)
    out += path("M460 100L300 40V700L460 640z", "#eef4f2", PAPER, 22, 'opacity="0.95"') + path(
        "M330 560L430 190", stroke="#ffffff", width=16, extra='opacity="0.8"'
    )
    out += rect(390, 660, 700, 44, STONE, 4) + rect(390, 54, 700, 20, RUST, 8)
    out += path("M1040 74q-50 300 40 620h110q60 -330 -10 -620z", ROSE) + path(
        "M1100 74q-26 320 24 620M1150 74q16 320 4 620", stroke="#c47450", width=6
    )
    for y, c, o in ((330, "#ffffff", 1), (420, "#ffffff", 0.85), (510, "#ffffff", 0.7)):
        out += path(
            f"M120 {y}q70 -46 140 0t140 0t140 0t140 0t140 0", stroke=c, width=11, extra=f'opacity="{o}"'
        )
    out += plant(880, 668, 0.8, TEAL) + mug(600, 664, 0.9, BRICK)
    out += rect(1230, 120, 150, 150, PAPER, 16) + circle(1305, 195, 56, MIST)
    for i in range(6):
        out += rect(1258, 162 + i * 13, 94, 6, SAGE, 3)
    return out


def sound():
    out = (
        sky((0, "#17364a"), (0.7, "#3d6672"), (1, "#86a59b"))
        + circle(1200, 150, 66, "#f6efd8")
        + circle(1172, 136, 58, "#1d3e52")
    )
    rng = random.Random(11)
    for _ in range(46):
        out += circle(rng.uniform(0, WIDTH), rng.uniform(0, 360), rng.uniform(1, 3), "#fff", 'opacity="0.8"')
    out += hill(740, 60, "#2b5553", 0.8) + rect(0, 740, WIDTH, 160, "#244a45")
    for i, r in enumerate((210, 320, 440, 570, 710)):
        out += path(
            f"M{330 + r * 0.64:.0f} {590 - r * 0.77:.0f}A{r} {r} 0 0 1 {330 + r} 590",
            stroke=SUN,
            width=13 - i * 2,
            extra=f'opacity="{0.95 - i * 0.17:.2f}"',
        )
    out += heat_pump(150, 750, 1.1)
    for i in range(9):
        out += rect(790 + i * 46, 560, 36, 190, "#7b5a41" if i % 2 else "#8a674b", 6)
    out += rect(780, 600, 420, 14, "#5f4431") + rect(780, 690, 420, 14, "#5f4431")
    out += (
        path("M905 560q-8 -66 62 -70q72 -6 84 38q30 -6 30 20q0 14 -22 12h-154z", "#e0a26a")
        + path("M905 560q-36 -2 -34 -36q2 -22 20 -22l6 -20 18 16q22 6 20 30q0 22 -30 32z", "#e0a26a")
        + path("M884 528q8 6 14 0", stroke=INK, width=4)
        + path("M1060 556q60 10 58 -40", stroke="#e0a26a", width=17)
    )
    out += text(1010, 460, 44, "z", PAPER) + text(1045, 420, 58, "z", PAPER) + text(1090, 372, 74, "z", PAPER)
    out += (
        gable(1230, 750, 220, 250, "#7c4a3a", "step", {(0, 0)}, 2, 2, 1)
        + bush(90, 770, 70, "#2f6f5e")
        + bush(700, 770, 56, "#2f6f5e")
    )
    for x, label in ((610, "1 m"), (1010, "5 m")):
        out += rect(x - 62, 812, 124, 54, PAPER, 27) + text(x, 851, 34, label, DEEP, 'text-anchor="middle"')
    return out + path(
        "M330 840H530M690 840H930M1090 840h60", stroke=PAPER, width=5, extra='stroke-dasharray="4 16"'
    )


def webinar():
    out = rect(0, 0, WIDTH, HEIGHT, "#1d4a4d") + circle(720, 400, 520, "#2a6462", 'opacity="0.7"')
    out += (
        rect(90, 90, 250, 330, PAPER, 6)
        + f"<defs>{gradient('eve', [(0, '#12303f'), (1, '#d98a68')])}</defs>"
        + rect(112, 112, 206, 286, "url(#eve)")
    )
    out += (
        gable(130, 398, 70, 90, INK, "step", {(0, 1)}, 2, 2)
        + gable(210, 398, 80, 70, INK, "plain", {(0, 0)}, 1, 2)
        + rect(208, 112, 14, 286, PAPER)
    )
    out += rect(1130, 150, 230, 16, "#a8744c") + "".join(
        rect(1145 + i * 33, 150 - h, 27, h, c, 3)
        for i, (h, c) in enumerate(
            ((110, BRICK), (90, SUN), (120, SAGE), (80, PAPER), (104, ROSE), (70, TEAL))
        )
    )
    out += rect(0, 730, WIDTH, 170, "#b98a5e") + rect(0, 730, WIDTH, 14, "#cda077")
    out += rect(370, 170, 700, 470, INK, 26) + rect(392, 192, 656, 426, "#eef3ec", 10)
    out += rect(392, 192, 430, 426, "#dbe8df") + person(600, 618, 340, BRICK, "#4a2f20", "#dba27e", 1)
    out += (
        path("M700 470V400l56 -46 56 46v70z", PAPER)
        + path("M690 404l66 -56 66 56", stroke=RUST, width=12)
        + rect(742, 424, 28, 46, SUN)
        + path("M680 560q40 -20 76 -86", stroke=BRICK, width=36)
        + circle(760, 478, 19, "#dba27e")
    )
    for i, (shirt, hair, skin) in enumerate(
        ((SUN, "#20140e", "#8d5a3f"), (PINE, "#c9b79a", "#edc3a4"), (TEAL, "#5a2e1a", "#e3b18f"))
    ):
        y = 200 + i * 138
        out += (
            f'<clipPath id="p{i}"><rect x="836" y="{y}" width="200" height="128" rx="12"/></clipPath>'
            + rect(836, y, 200, 128, ("#f6dfb5", "#cfdfe2", "#efd3c2")[i], 12)
        )
        out += f'<g clip-path="url(#p{i})">{person(936, y + 132, 128, shirt, hair, skin, -1)}</g>'
    out += (
        rect(412, 566, 150, 34, BRICK, 17) + circle(432, 583, 8, "#fff") + text(450, 592, 25, "LIVE", "#fff")
    )
    out += (
        path("M300 730L360 640H1080L1140 730z", "#c9cfc9")
        + path("M340 716L386 654H1054L1100 716z", "#3a4a4b")
        + rect(300, 728, 840, 20, "#aeb6b0", 10)
    )
    out += mug(1200, 800, 1.15, PAPER) + plant(210, 800, 0.95, BRICK)
    return out + rect(1000, 790, 150, 20, PAPER, 3) + rect(1010, 772, 150, 20, SUN, 3)


def advisor():
    out = rect(0, 0, WIDTH, HEIGHT, "#f3e3c6") + rect(0, 0, WIDTH, 560, "#f6ead2")
    out += (
        rect(100, 90, 330, 330, PAPER, 6)
        + rect(122, 112, 286, 286, "#9cc6cc")
        + path("M122 398v-90q80 -50 150 -10t136 -20v120z", "#8fbb93")
        + tree(185, 370, 110)
        + rect(258, 112, 14, 286, PAPER)
    )
    out += rect(980, 120, 400, 18, "#a8744c") + "".join(
        rect(1000 + i * 62, 120 - h, 44, h, c, 6)
        for i, (h, c) in enumerate(((60, TEAL), (44, BRICK), (72, SUN), (50, SAGE), (60, ROSE)))
    )
    out += (
        rect(980, 250, 400, 18, "#a8744c")
        + mug(1020, 250, 0.6, BRICK)
        + plant(1200, 250, 0.45)
        + mug(1300, 250, 0.6, TEAL)
    )
    out += (
        path("M720 0v120", stroke=INK, width=6)
        + path("M610 210q0 -100 110 -100t110 100z", TEAL)
        + path("M600 210h240l120 350H480z", GLOW, extra='opacity="0.30"')
    )
    out += (
        person(330, 660, 400, SAGE, "#20140e", "#8d5a3f", 1)
        + person(720, 650, 380, BRICK, "#b98a5e", "#edc3a4", 1)
        + person(1110, 660, 410, DEEP, "#6b5d52", "#e3b18f", -1)
    )
    out += (
        path("M60 640H1380l40 60H20z", "#c08f60")
        + rect(20, 700, 1400, 34, "#a8744c")
        + rect(120, 734, 60, 166, "#8d5f3b")
        + rect(1260, 734, 60, 166, "#8d5f3b")
    )
    out += (
        path("M470 688L530 560H970L1010 688z", PAPER, "#d9cdb6", 3)
        + path("M600 660l14 -50 60 -30 62 30 10 50z", "none", TEAL, 6)
        + path("M780 600h120M786 624h130M792 648h110", stroke=STONE, width=8)
    )
    out += (
        path("M1000 560q-60 40 -96 74", stroke=DEEP, width=52)
        + circle(890, 640, 26, "#e3b18f")
        + path("M880 640l-52 26", stroke=SUN, width=9)
    )
    return out + mug(250, 668, 0.8, PAPER) + mug(1210, 672, 0.8, SUN)


def letter():
    out = rect(0, 0, WIDTH, HEIGHT, "#b65a37")
    for row in range(24):
        for col in range(15):
            out += rect(
                col * 104 - (52 if row % 2 else 0) + 2,
                row * 39 + 2,
                100,
                35,
                ("#b0502f", "#ba5f3c", "#a94a2a")[(row * 5 + col * 3) % 3],
                2,
            )
    out += (
        rect(440, 0, 560, 900, PAPER)
        + rect(480, 0, 480, 900, DEEP)
        + rect(530, -20, 380, 250, "#0c2b2f", 10)
        + rect(546, -20, 348, 236, GLOW, 6)
        + rect(714, -20, 12, 240, DEEP)
    )
    out += rect(530, 620, 380, 320, "#0c2b2f", 10) + rect(544, 634, 352, 300, "#16454a", 6)
    out += f'<g transform="rotate(-4 720 440)">{rect(568, 320, 310, 200, "#000", 6, SHADE)}{rect(560, 306, 310, 200, CREAM, 6)}'
    out += (
        path("M562 308l153 112 153 -112", stroke="#cdb68d", width=6)
        + circle(715, 420, 34, BRICK)
        + path("M715 440c-18 -6 -22 -24 -12 -40 6 4 10 2 12 -2 2 4 6 6 12 2 10 16 6 34 -12 40z", GLOW)
        + "</g>"
    )
    out += (
        rect(555, 490, 330, 74, SUN, 10)
        + rect(575, 508, 290, 38, "#c98a1b", 6)
        + rect(575, 508, 290, 8, "#8a5c12")
    )
    out += circle(920, 470, 24, SUN) + circle(914, 464, 9, GLOW)
    out += rect(1080, 330, 130, 130, PAPER, 10) + text(1145, 422, 78, "12", DEEP, 'text-anchor="middle"')
    out += rect(400, 870, 640, 40, STONE)
    out += plant(250, 890, 1.5, TEAL) + plant(1230, 890, 1.6, TEAL)
    return (
        out
        + path("M1145 120v56", stroke=INK, width=8)
        + path("M1085 250q0 -76 60 -76t60 76z", INK)
        + circle(1145, 254, 26, GLOW)
        + circle(1145, 254, 80, GLOW, 'opacity="0.25"')
    )


PICTURES = {
    "canal-street-at-dusk": street,
    "insulated-cavity-wall": insulation,
    "heat-pump-in-the-garden": heatpump,
    "solar-roof": solar,
    "sums-at-the-table": finance,
    "thermal-image": thermal,
    "fifty-degrees": thermostat,
    "house-and-grid": netmeter,
    "terraced-houses": terraced,
    "open-window": ventilation,
    "quiet-at-night": sound,
    "webinar-on-a-laptop": webinar,
    "advice-at-the-kitchen-table": advisor,
    "letter-in-the-door": letter,
}


def draw(name: str, chromium: str) -> Path:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">{PICTURES[name]()}</svg>'
    page = f'<!doctype html><meta charset="utf-8"><style>body{{margin:0}}svg{{display:block}}</style>{svg}'
    with tempfile.TemporaryDirectory() as folder:
        source, shot = Path(folder) / "picture.html", Path(folder) / "picture.png"
        source.write_text(page, encoding="utf-8")
        subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--hide-scrollbars",
                f"--window-size={WIDTH},{HEIGHT}",
                f"--screenshot={shot}",
                source.as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        target = TARGET / f"{name}.jpg"
        Image.open(shot).convert("RGB").save(target, quality=84, optimize=True, progressive=True)
    return target


if __name__ == "__main__":
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        sys.exit("Chromium is needed to draw the pictures; set CHROMIUM to its path.")
    TARGET.mkdir(exist_ok=True)
    for picture in sys.argv[1:] or PICTURES:
        file = draw(picture, browser)
        sys.stdout.write(f"{file.name}: {file.stat().st_size // 1024} KB\n")
