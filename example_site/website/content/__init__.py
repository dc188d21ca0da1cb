"""The words of the site, one module per language, with the same keys in each.

A body is a list of blocks: ``("text", html)``, ``("tip", title, html)``, ``("quote", text, name, role)``,
``("figure", image, alt, caption)``, ``("numbers", [(number, text), …])``,
``("steps", heading, [(title, text), …])``.
"""

from . import en, nl

LANGUAGES = {"en": en, "nl": nl}

# file name: title of the image in the library
IMAGES = {
    "canal-street-at-dusk": "Canal street at dusk",
    "insulated-cavity-wall": "Insulated cavity wall",
    "heat-pump-in-the-garden": "Heat pump in the garden",
    "solar-roof": "Solar roof",
    "sums-at-the-table": "Sums at the table",
    "thermal-image": "Thermal image",
    "fifty-degrees": "Fifty degrees",
    "house-and-grid": "House and grid",
    "terraced-houses": "Terraced houses",
    "open-window": "Open window",
    "quiet-at-night": "Quiet at night",
    "webinar-on-a-laptop": "Webinar on a laptop",
    "advice-at-the-kitchen-table": "Advice at the kitchen table",
    "letter-in-the-door": "Letter in the door",
}

# how many pages the printed guides have
GUIDE_LENGTHS = {"insulation": 3, "heat-pump": 3, "solar": 3, "money": 3}
