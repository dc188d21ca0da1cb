"""Reading emails as mail programs do."""

from __future__ import annotations

import re
from html.parser import HTMLParser

VOID = {"img", "br", "meta", "hr", "link", "input", "o:allowpng", "o:pixelsperinch"}


class Structure(HTMLParser):
    """Tags as they open and close, without what is in them; ``wrong`` says what closes that was not open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ",".join(name for name, _value in attrs)
        self.tags.append(f"<{tag} {names}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"</{tag}>")
        if self._open and self._open[-1] == tag:
            self._open.pop()
        elif tag not in VOID:
            self.wrong.append(f"/{tag}")


def for_outlook(html: str) -> str:
    """What Outlook on Windows reads: the conditional comments are HTML to it."""
    html = re.sub(r"<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->", "", html, flags=re.DOTALL)
    return re.sub(r"<!--\[if [^\]]*\]>|<!\[endif\]-->", "", html)


def for_others(html: str) -> str:
    return re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
