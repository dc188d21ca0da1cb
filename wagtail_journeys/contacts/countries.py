"""Countries by their two letters (ISO 3166-1), and their names in the reader's language."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from django.utils.translation import get_language

_ISO = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC "
    "CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD "
    "GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH "
    "KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW "
    "MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC "
    "SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY "
    "UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
CODES = frozenset(_ISO.split())
#: The member states of the European Union.
EU = frozenset(_EU.split())
#: What people write instead of the official letters.
ALSO = {"UK": "GB", "EL": "GR"}


def code(value: Any) -> str | None:
    """The official two letters for what somebody sent ("nl", " GB ", "UK"); None where that is no country."""
    if not isinstance(value, str):
        return None
    letters = value.strip().upper()
    letters = ALSO.get(letters, letters)
    return letters if letters in CODES else None


def name(code: str) -> str:
    """The country's name in the language in use; the letters themselves where there is none."""
    return _names(get_language() or "en").get(code, code)


def choices() -> list[tuple[str, str]]:
    """All countries by name, in the language in use, in the order of the names."""
    names = _names(get_language() or "en")
    return sorted(((code, names.get(code, code)) for code in CODES), key=lambda pair: _sort_key(pair[1]))


def _sort_key(name: str) -> str:
    """Å sorts with A: good enough to find a name in a list."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=16)
def _names(language: str) -> dict[str, str]:
    try:
        return dict(Locale.parse(language, sep="-").territories)
    except (UnknownLocaleError, ValueError):
        return dict(Locale.parse("en").territories)
