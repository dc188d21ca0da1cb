"""What a mail program would fetch by itself when it shows an email."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.utils.translation import gettext as _t

from wagtail_journeys.exceptions import TemplateError


class Loads(HTMLParser):
    """What a mail program fetches by itself when it shows the email."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        for name, value in attrs:
            if name in {"src", "srcset", "background", "poster", "data"} or (
                tag == "link" and name == "href"
            ):
                self.found.append(value or "")
            elif name == "style":
                self._css(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            self._css(data)

    def handle_comment(self, data: str) -> None:
        """Conditional comments are comments to everybody but Outlook."""
        inner = Loads()
        inner.feed(data.partition(">")[2])
        self.found += inner.found

    def _css(self, css: str) -> None:
        self.found += re.findall(r"url\(\s*['\"]?([^'\")]+)", css)
        self.found += re.findall(r"@import\s+['\"]([^'\"]+)", css)


def refuse_strangers(html: str, images: set[str]) -> None:
    """Reading an email tells nobody: it loads the images that its blocks put there, and nothing else."""
    reader = Loads()
    reader.feed(html)
    strangers = sorted({url for url in reader.found if url not in images})
    if strangers:
        raise TemplateError(_t("The email would load %s when it is read") % ", ".join(strangers))
