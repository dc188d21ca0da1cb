"""What the emails of a site look like: its logo, colours, fonts and footer, set once for all templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseSiteSetting
from wagtail.images import get_image_model_string
from wagtail.models import Site

from wagtail_journeys.streams import RegistryStreamField

from . import look as looks
from .blocks import ProfileBlock
from .pages import image_address
from .widgets import ColourInput

HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")

#: What is read on what: the field of the words, that of the ground, and what to say.
PAIRS = [
    ("text_colour", "paper_colour", _("words on the paper")),
    ("link_colour", "paper_colour", _("links on the paper")),
    ("button_text_colour", "button_colour", _("words on buttons")),
    ("text_colour", "background_colour", _("small print around the paper")),
]


def colour_field(label: Any, default: str, help_text: Any = "") -> models.CharField[str, str]:
    valid = RegexValidator(rf"^{looks.COLOUR.pattern}$", _("Write a colour like this: #1d4ed8"))
    return models.CharField(label, max_length=7, default=default, validators=[valid], help_text=help_text)


class EmailBrand(BaseSiteSetting):
    """The look of all emails of a site."""

    logo = models.ForeignKey(
        get_image_model_string(),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("logo"),
        help_text=_("A PNG or a JPEG; SVG images are not shown by most mail programs."),
    )
    logo_dark = models.ForeignKey(
        get_image_model_string(),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("logo for the dark"),
        help_text=_("Shown on dark ground. Empty: the same logo."),
    )
    logo_width = models.PositiveSmallIntegerField(
        _("width of the logo"), default=160, validators=[MinValueValidator(24), MaxValueValidator(552)]
    )
    text_colour = colour_field(_("words"), looks.Look.text)
    paper_colour = colour_field(_("paper"), looks.Look.paper, _("Behind the words."))
    background_colour = colour_field(_("around the paper"), looks.Look.around)
    link_colour = colour_field(_("links"), looks.Look.link)
    button_colour = colour_field(_("buttons"), looks.Look.button)
    button_text_colour = colour_field(_("words on buttons"), looks.Look.button_text)
    font = models.CharField(
        _("font"),
        max_length=20,
        choices=looks.FONT_CHOICES,
        default="system",
        help_text=_("Fonts that readers have already: an email loads none from elsewhere."),
    )
    footer = models.TextField(
        _("footer"), blank=True, help_text=_("A line or two above the links at the end of every email.")
    )
    postal_address = models.TextField(
        _("postal address"), blank=True, help_text=_("Many countries ask for one in marketing emails.")
    )
    social = RegistryStreamField([("profile", ProfileBlock())], blank=True, verbose_name=_("social profiles"))
    image_hosts = models.TextField(
        _("hosts that images may come from"),
        blank=True,
        help_text=_(
            "One per line, for example cdn.example.com. Whoever runs such a host learns who opened an email, and when. "
            "Empty: images come from this site only."
        ),
    )
    above = models.ForeignKey(
        "wagtail_journeys.EmailFragment",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("above every email"),
    )
    below = models.ForeignKey(
        "wagtail_journeys.EmailFragment",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("below every email"),
    )

    class Meta:
        verbose_name = _("email brand")
        verbose_name_plural = _("email brands")

    panels = [
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("logo"), FieldPanel("logo_dark")]), FieldPanel("logo_width")],
            heading=_("Logo"),
        ),
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel(name, widget=ColourInput) for name in names])
                for names in (
                    ("text_colour", "paper_colour", "background_colour"),
                    ("link_colour", "button_colour", "button_text_colour"),
                )
            ],
            heading=_("Colours"),
            help_text=_(
                "Words must stand out from what is behind them by 4.5 to 1. In the dark, mail programs show the words light "
                "on a dark paper."
            ),
        ),
        FieldPanel("font"),
        MultiFieldPanel(
            [FieldPanel("footer"), FieldPanel("postal_address"), FieldPanel("social")], heading=_("Footer")
        ),
        MultiFieldPanel(
            [FieldPanel("above"), FieldPanel("below")],
            heading=_("Fragments in every email"),
            help_text=_("In the language of each email, where they are translated."),
        ),
        FieldPanel("image_hosts"),
    ]

    def __str__(self) -> str:
        return _t("Email brand of %s") % self.site if self.site_id else _t("Email brand")

    @classmethod
    def of(cls, site: Site | None) -> EmailBrand:
        """That of the site, or of the default one; one with nothing set where nobody has set any."""
        of = {"site": site} if site is not None else {"site__is_default_site": True}
        kept = cls._default_manager.select_related("site", "logo", "logo_dark", "above", "below")
        found: EmailBrand | None = kept.filter(**of).first()
        return found or cls(site=site)

    def clean(self) -> None:
        """Colours that cannot be told apart, logos that are not shown and hosts that are none are said at their fields."""
        super().clean()
        problems: dict[str, list[Any]] = {}
        for words, ground, what in PAIRS:
            colours = getattr(self, words), getattr(self, ground)
            if not all(looks.COLOUR.fullmatch(colour or "") for colour in colours):
                continue
            found = looks.contrast(*colours)
            if found < looks.ENOUGH:
                said = _t(
                    "The contrast of %(what)s is %(found).1f to 1: too little to read. At least %(enough).1f to 1 is needed; "
                    "%(better)s would do."
                )
                values = {
                    "what": what,
                    "found": found,
                    "enough": looks.ENOUGH,
                    "better": looks.readable(*colours),
                }
                problems.setdefault(words, []).append(said % values)
        for name in ("logo", "logo_dark"):
            image = getattr(self, name)
            if image is not None and image.is_svg():
                problems[name] = [_t("Most mail programs do not show SVG images: choose a PNG or a JPEG.")]
        wrong = [host for host in self.hosts() if not HOST.fullmatch(host)]
        if wrong:
            problems["image_hosts"] = [
                _t("“%s” is not the name of a host, such as cdn.example.com.") % wrong[0]
            ]
        if problems:
            raise ValidationError(problems)

    def hosts(self) -> list[str]:
        return [line.strip().lower() for line in self.image_hosts.splitlines() if line.strip()]

    def look(self) -> looks.Look:
        """The values that an email is composed with."""
        name = (self.site.site_name or self.site.hostname) if self.site_id else ""
        return looks.Look(
            font=looks.FONTS.get(self.font, looks.Look.font),
            text=self.text_colour,
            paper=self.paper_colour,
            around=self.background_colour,
            button=self.button_colour,
            button_text=self.button_text_colour,
            link=self.link_colour,
            logo=self._picture(self.logo),
            logo_dark=self._picture(self.logo_dark),
            logo_alt=name,
            footer=self.footer.strip(),
            postal=self.postal_address.strip(),
            social=tuple(looks.Profile(child.value["name"], child.value["url"]) for child in self.social),
            image_hosts=frozenset(self.hosts()),
        )

    def _picture(self, image: Any) -> looks.Picture | None:
        if image is None:
            return None
        return looks.Picture(image_address(image, f"width-{2 * self.logo_width}"), self.logo_width)

    def above_body(self, language: str) -> Iterator[Any]:
        return self._fragment(self.above, language)

    def below_body(self, language: str) -> Iterator[Any]:
        return self._fragment(self.below, language)

    @staticmethod
    def _fragment(fragment: Any, language: str) -> Iterator[Any]:
        shown = fragment.in_language(language) if fragment is not None else None
        if shown is not None and shown.live:
            yield shown.body
