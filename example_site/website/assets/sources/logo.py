"""The logo as emails show it: mail programs draw no SVG. Run from the repository: python example_site/website/assets/sources/logo.py CHROMIUM"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "images"
SIZE = {"width": 216, "height": 48}

DRAWING = """
<body style="margin:0;background:transparent">
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 216 48" width="216" height="48">
<path fill="{house}" d="M6 44V20h5v-5h5v-5h5V5h6v5h5v5h5v5h5v24z"/>
<path fill="#f3b340" d="M24 39c-9-3-11-12-6-20 3 2 5 1 6-1 1 2 3 3 6 1 5 8 3 17-6 20z"/>
<path fill="none" stroke="{leaf}" stroke-width="1.6" stroke-linecap="round" d="M24 43V23m0 9-4-4m4 8 4-5"/>
<text x="56" y="33" fill="{house}" font-family="Palatino, 'TeX Gyre Pagella', Georgia, 'DejaVu Serif', serif" font-size="27">Lindehaag</text>
</svg></body>
"""
COLOURS = {"logo": ("#123a3f", "#123a3f"), "logo-dark": ("#f4efe4", "#123a3f")}


def main(chromium: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context(viewport=SIZE, device_scale_factor=3).new_page()
        for name, (house, leaf) in COLOURS.items():
            page.set_content(DRAWING.format(house=house, leaf=leaf))
            page.screenshot(path=IMAGES / f"{name}.png", omit_background=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
