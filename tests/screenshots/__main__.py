"""`python -m tests.screenshots [NAME ...]`: all pictures, or the named ones, into docs/images."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import django
from PIL import Image

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

#: What every picture measures in CSS pixels, and how many dots each of these has.
SIZE = {"width": 1360, "height": 850}
SCALE = 1.5
COLOURS = 160


def save(png: bytes, path: Path) -> None:
    """A screen has few colours: with a palette the file is a third of the size."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


def main(names: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.screenshots.settings")
    django.setup()

    from tests.screenshots.demo import demo_site
    from tests.screenshots.shots import SHOTS
    from tests.support.browsing import browsing, log_in
    from tests.support.services import chromium

    path = chromium()
    if path is None:
        print("No Chromium on PATH: install one, or set TEST_CHROMIUM.", file=sys.stderr)
        return 1
    unknown = set(names) - {shot.name for shot in SHOTS}
    if unknown:
        print(f"There is no picture called {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    wanted = [shot for shot in SHOTS if shot.name in names or not names]
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demo_site() as url:
        for scheme in ("light", "dark"):
            look = {"color_scheme": scheme, "viewport": SIZE, "device_scale_factor": SCALE}
            with browsing(path, url, reduced_motion="reduce", **look) as visitor:
                editor = visitor.browser.new_context(
                    base_url=url, locale="en-GB", reduced_motion="reduce", **look
                )
                log_in(editor.new_page(), "editor", "password")
                for shot in wanted:
                    if scheme == "light" or shot.dark:
                        page = (editor if shot.logged_in else visitor).new_page()
                        page.set_viewport_size({**SIZE, "height": shot.height or SIZE["height"]})
                        shot.go(page)
                        page.wait_for_function("[...document.images].every(image => image.complete)")
                        name = shot.name if scheme == "light" else f"{shot.name}-dark"
                        save(page.screenshot(animations="disabled"), IMAGES / f"{name}.png")
                        print(f"docs/images/{name}.png")
                        page.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
