"""Prints the guides of the Lindehaag site.

python documents.py                writes ../documents/*.pdf (needs Chromium and Pillow)
"""

import base64
import io
import os
import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3]))

from guides import GUIDES  # noqa: E402

from example_site.website.content import LANGUAGES  # noqa: E402

TARGET = HERE.parent / "documents"
WORDS = {
    "en": {
        "guide": "Guide",
        "edition": "Edition autumn 2026",
        "end": "Do you have a question this guide does not answer?",
        "contact": "Call +31 570 555 0142 on working days between nine and five, or write to "
        "advice@lindehaag.example. A first conversation costs nothing.",
        "promise": "Lindehaag gives independent advice and earns nothing from what you buy.",
    },
    "nl": {
        "guide": "Gids",
        "edition": "Editie najaar 2026",
        "end": "Heb je een vraag waarop deze gids geen antwoord geeft?",
        "contact": "Bel op werkdagen tussen negen en vijf +31 570 555 0142, of schrijf naar "
        "advice@lindehaag.example. Een eerste gesprek kost niets.",
        "promise": "Lindehaag adviseert onafhankelijk en verdient niets aan wat je koopt.",
    },
}
STYLE = """
@page { size: A4; margin: 20mm 20mm 18mm }
@page :first { margin: 0 }
* { box-sizing: border-box }
body { margin: 0; font: 10.4pt/1.5 "Liberation Sans", Arial, sans-serif; color: #16292c }
h1, h2, .brand, .end h3 { font-family: Palatino, Georgia, serif; font-weight: 700 }
.cover { height: 297mm; display: flex; flex-direction: column; background: #fbf8f2; page-break-after: always }
.cover img { width: 210mm; height: 131mm; object-fit: cover }
.cover div { flex: 1; padding: 18mm 20mm 16mm; display: flex; flex-direction: column; border-top: 3mm solid #f3b340 }
.cover h1 { margin: 3mm 0 7mm; font-size: 32pt; line-height: 1.14; max-width: 165mm }
.cover p { margin: 0; font-size: 13.5pt; line-height: 1.5; color: #4c5d5f; max-width: 150mm }
.cover .topic { font: 700 10.5pt/1 "Liberation Sans", Arial, sans-serif; color: #b0441f }
.cover .foot { margin-top: auto; display: block; padding: 0; border: 0; flex: none; font-size: 10.5pt }
.brand { font-size: 17pt; color: #123a3f }
h2 { margin: 0 0 2.5mm; font-size: 17pt; line-height: 1.2; color: #123a3f; page-break-after: avoid }
p { margin: 0 0 5mm }
.text { orphans: 3; widows: 3 }
ul { margin: 0 0 6mm; padding-left: 5mm; page-break-inside: avoid }
li { margin-bottom: 1.3mm; page-break-inside: avoid }
li::marker { color: #b0441f }
ul.check { padding: 0; list-style: none }
ul.check li { padding-left: 8mm; position: relative; margin-bottom: 2mm }
ul.check li::before { content: ""; position: absolute; left: 0; top: 0.7mm; width: 3.8mm; height: 3.8mm;
  border: 0.4mm solid #1d5a5c; border-radius: 0.8mm }
table { width: 100%; margin: 0 0 6mm; border-collapse: collapse; page-break-inside: avoid }
th { padding: 2mm 3mm; background: #123a3f; color: #fff; text-align: left; font-size: 9.6pt }
td { padding: 2mm 3mm; border-bottom: 0.25mm solid #ddd5c6; vertical-align: top }
tr:nth-child(even) td { background: #f6f1e7 }
td:first-child { font-weight: 700; width: 34% }
.tip { margin: 0 0 7mm; padding: 4mm 5mm; border-left: 1.4mm solid #f3b340; background: #dfeae6; page-break-inside: avoid }
.tip strong { display: block; color: #123a3f }
.end { margin-top: 8mm; padding: 6mm; border-radius: 3mm; background: #123a3f; color: #f4efe4; page-break-inside: avoid }
.end h3 { margin: 0 0 2mm; font-size: 13pt }
.end p { margin: 0 }
"""


def block(kind: str, *args) -> str:
    if kind == "h":
        return f"<h2>{escape(args[0])}</h2>"
    if kind == "p":
        return f"<p>{escape(args[0])}</p>"
    if kind in ("ul", "check"):
        return f'<ul class="{kind}">' + "".join(f"<li>{escape(item)}</li>" for item in args[0]) + "</ul>"
    if kind == "table":
        head = "".join(f"<th>{escape(cell)}</th>" for cell in args[0])
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in args[1]
        )
        return f"<table><tr>{head}</tr>{rows}</table>"
    return f'<div class="tip"><strong>{escape(args[0])}</strong>{escape(args[1])}</div>'


def picture(name: str) -> str:
    out = io.BytesIO()
    image = Image.open(HERE.parent / "images" / f"{name}.jpg").resize((1000, 625), Image.Resampling.LANCZOS)
    image.save(out, "JPEG", quality=74, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


def html(language: str, key: str) -> str:
    page, words = LANGUAGES[language].GUIDE_PAGES[key], WORDS[language]
    body = "".join(block(*item) for item in GUIDES[language][key])
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(page["title"])}</title>'
        f'<style>{STYLE}</style><section class="cover"><img src="{picture(page["image"])}" alt="{escape(page["alt"])}">'
        f'<div><p class="topic">{words["guide"]} · {escape(page["topic"])}</p><h1>{escape(page["title"])}</h1>'
        f'<p>{escape(page["introduction"])}</p><p class="foot"><span class="brand">Lindehaag</span><br>'
        f'{words["edition"]}</p></div></section><main class="text">{body}<div class="end"><h3>{words["end"]}</h3>'
        f"<p>{words['contact']}</p><p>{words['promise']}</p></div></main></html>"
    )


def main() -> None:
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        sys.exit("Chromium is needed to print the guides; set CHROMIUM to its path.")
    TARGET.mkdir(exist_ok=True)
    for language, guides in GUIDES.items():
        for key in guides:
            target = TARGET / f"{LANGUAGES[language].GUIDE_PAGES[key]['slug']}.pdf"
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "guide.html"
                source.write_text(html(language, key), encoding="utf-8")
                subprocess.run(
                    [
                        browser,
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-background-networking",
                        "--no-pdf-header-footer",
                        f"--print-to-pdf={target}",
                        source.as_uri(),
                    ],
                    check=True,
                    capture_output=True,
                )
            pages = target.read_bytes().count(b"/Type /Page\n")
            sys.stdout.write(f"{target.name}: {target.stat().st_size // 1024} KB, {pages} pages\n")


if __name__ == "__main__":
    main()
