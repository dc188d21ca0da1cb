"""What emails of a site look like, as plain values: colours, fonts, logo, and what stands in the footer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

#: Small print and links may be read by everybody from here on (WCAG 2, level AA).
ENOUGH = 4.5

#: Fonts that readers have already: nothing is fetched when an email is opened.
FONTS = {
    "system": "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    "arial": "Arial, Helvetica, sans-serif",
    "verdana": "Verdana, Geneva, sans-serif",
    "trebuchet": "'Trebuchet MS', Tahoma, sans-serif",
    "georgia": "Georgia, 'Times New Roman', serif",
    "times": "'Times New Roman', Times, serif",
}
FONT_CHOICES = [
    ("system", _("The reader's own system font")),
    ("arial", "Arial"),
    ("verdana", "Verdana"),
    ("trebuchet", "Trebuchet"),
    ("georgia", "Georgia"),
    ("times", "Times"),
]

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

#: In the dark: around the email, behind its words, the words, and those that matter less.
NIGHT = {"around": "#111827", "paper": "#1f2937", "text": "#f3f4f6", "muted": "#9ca3af"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An image by its address, and how wide it is shown, in CSS pixels."""

    url: str
    width: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the organisation is found elsewhere."""

    name: str
    url: str


@dataclass(frozen=True)
class Look:
    font: str = FONTS["system"]
    text: str = "#1f2937"
    paper: str = "#ffffff"
    around: str = "#f3f4f6"
    button: str = "#1d4ed8"
    button_text: str = "#ffffff"
    link: str = "#1d4ed8"
    logo: Picture | None = None
    logo_dark: Picture | None = None
    logo_alt: str = ""
    footer: str = ""
    postal: str = ""
    social: tuple[Profile, ...] = ()
    #: Hosts besides the site's own from which images may come.
    image_hosts: frozenset[str] = field(default_factory=frozenset)

    @property
    def muted(self) -> str:
        """Small print: as far towards the ground as can still be read."""
        return readable(mix(self.text, self.around, 0.4), self.around)

    @property
    def line(self) -> str:
        return mix(self.text, self.paper, 0.82)

    @property
    def link_dark(self) -> str:
        return readable(self.link, NIGHT["paper"])

    @property
    def night(self) -> dict[str, str]:
        return NIGHT


def channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(one: str, other: str, share: float) -> str:
    """So much of the other colour."""
    pairs = zip(channels(one), channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def luminance(colour: str) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white), as WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(colour: str, ground: str) -> str:
    """The colour, moved towards white or black until it can be read on this ground."""
    goal = "#ffffff" if luminance(ground) < 0.18 else "#000000"
    for step in range(21):
        found = mix(colour, goal, step / 20)
        if contrast(found, ground) >= ENOUGH:
            return found
    return goal
