"""Pages of the site: one that was chosen, and lists that are put together for every contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.models import AbstractPage

from wagtail_journeys.emails import liquid
from wagtail_journeys.emails.pages import image_address, page_address, page_image, page_summary
from wagtail_journeys.segments.choosers import TagChooserBlock

from .base import PERSONAL, SITE, EmailBlock, Words, there

if TYPE_CHECKING:
    from wagtail_journeys.emails.composing import Composition

#: How the list is shown, with the size that its images are made in ("" without).
LAYOUTS = {"small": "fill-240x240", "large": "fill-1104x552", "plain": ""}
MOST = 10

CHOSEN, NEWEST, TAGGED, VIEWED, BECAUSE = "chosen", "newest", "tag", "viewed", "because"


class PageTeaserBlock(EmailBlock, blocks.StructBlock):
    """A page shown with its title, its image and its summary, as it was when it was last published."""

    page = blocks.PageChooserBlock(label=_("Page"))
    words = Words(max_length=100, default=_("Read more"), label=_("Words of the link"))

    class Meta:
        icon = "doc-full"
        label = _("Page")
        label_format = "{page}"
        group = SITE

    def mjml(self, value: Any, ctx: Composition) -> str:
        page, href = self._page(value)
        image = page_image(page)
        parts = []
        if image is not None:
            source = ctx.image(image_address(image, ctx.image_size))
            parts.append(f'<mj-image src="{source}" alt="" href="{ctx.href(href)}"{ctx.fluid} />')
        parts.append(
            '<mj-text font-weight="700" font-size="20px" line-height="1.3">'
            f'<a href="{ctx.href(href)}" class="wj-title" style="color:inherit;text-decoration:none">{ctx.quote(page.title)}</a></mj-text>'
        )
        summary = page_summary(page)
        if summary:
            parts.append(f"<mj-text>{ctx.quote(summary)}</mj-text>")
        parts.append(
            f'<mj-text><a href="{ctx.href(href)}" style="{ctx.link_style}">{ctx.words(value["words"])}</a></mj-text>'
        )
        return "\n".join(parts)

    def text(self, value: Any, ctx: Composition) -> str:
        page, href = self._page(value)
        lines = [page.title, page_summary(page)]
        return "\n".join(
            [*(liquid.literal(line) for line in lines if line), f"{value['words']}: {ctx.link(href)}"]
        )

    def _page(self, value: Any) -> tuple[Any, str]:
        page: AbstractPage = there(value["page"]).localized
        return page.specific, page_address(page)


class PageListBlock(EmailBlock, blocks.StructBlock):
    """Pages that were chosen, or that a rule finds for each contact when the email is sent."""

    heading = Words(
        required=False,
        max_length=200,
        label=_("Heading"),
        help_text=_("Shown when there are pages to show. Empty with “because you read …”: just these words."),
    )
    rule = blocks.ChoiceBlock(
        choices=[
            (CHOSEN, _("these pages")),
            (NEWEST, _("the newest pages")),
            (TAGGED, _("pages with a tag, newest first")),
            (VIEWED, _("the most viewed pages")),
            (BECAUSE, _("because you read …: pages like the last one the contact read")),
        ],
        default=NEWEST,
        label=_("Which pages"),
        help_text=_(
            "Found when the email is sent, in the language of the email. Only published pages that everybody may see."
        ),
    )
    pages = blocks.ListBlock(
        blocks.PageChooserBlock(required=False, label=_("Page")),
        min_num=0,
        default=[],
        label=_("These pages"),
        help_text=_("For the choice “these pages”."),
    )
    section = blocks.PageChooserBlock(
        required=False, label=_("Below"), help_text=_("Only pages below this one. Empty: of the whole site.")
    )
    tag = TagChooserBlock(required=False, label=_("Tag"), help_text=_("For the choice “pages with a tag”."))
    days = blocks.IntegerBlock(
        default=30,
        min_value=1,
        max_value=366,
        label=_("Days"),
        help_text=_("How far back views count, for “most viewed” and “because you read …”."),
    )
    unseen = blocks.BooleanBlock(
        required=False, label=_("Leave out what the contact has viewed on the site already")
    )
    number = blocks.IntegerBlock(default=3, min_value=1, max_value=MOST, label=_("At most"))
    layout = blocks.ChoiceBlock(
        choices=[
            ("small", _("small pictures beside the text")),
            ("large", _("large pictures above the text")),
            ("plain", _("without pictures")),
        ],
        default="small",
        label=_("Shown with"),
    )
    words = Words(required=False, max_length=100, default=_("Read more"), label=_("Words of the link"))

    class Meta:
        icon = "list-ul"
        label = _("List of pages")
        label_format = "{heading} – {rule}"
        group = PERSONAL

    def clean(self, value: Any) -> Any:
        value = super().clean(value)
        if getattr(self, "is_deferred_validation", False):
            return value
        errors = {}
        if value["rule"] == CHOSEN and not any(value["pages"]):
            errors["pages"] = ValidationError(_t("Choose at least one page."))
        if value["rule"] == TAGGED and not value["tag"]:
            errors["tag"] = ValidationError(_t("Choose a tag."))
        if errors:
            raise blocks.StructBlockValidationError(block_errors=errors)
        return value

    def need(self, value: Any, ctx: Composition) -> str:
        section, tag = value.get("section"), value.get("tag")
        return ctx.need(
            "pages",
            {
                "rule": value["rule"],
                "pages": [page.pk for page in value["pages"] if page is not None]
                if value["rule"] == CHOSEN
                else [],
                "section": section.pk if section is not None and value["rule"] != CHOSEN else None,
                "tag": tag.pk if tag is not None and value["rule"] == TAGGED else None,
                "days": value.get("days") or 30,
                "unseen": bool(value.get("unseen")),
                "number": value.get("number") or 3,
                "image": LAYOUTS[value["layout"]],
            },
        )

    def mjml(self, value: Any, ctx: Composition) -> str:
        name = self.need(value, ctx)
        parts = [ctx.liquid(f"{{% if blocks.{name}.items[0] %}}")]
        heading = self._heading(value, name, ctx)
        if heading:
            parts.append(
                '<mj-text font-size="22px" line-height="1.25" font-weight="700" padding="16px 24px 8px">'
                f'<h2 style="margin:0;font-size:22px;line-height:1.25">{heading}</h2></mj-text>'
            )
        loop = f"{{% for item in blocks.{name}.items %}}"
        if value["layout"] == "large":
            parts += [ctx.liquid(loop), self._large(value, ctx), ctx.liquid("{% endfor %}")]
        else:
            rows = ctx.as_is(f"{loop}{self._row(value, ctx)}{{% endfor %}}")
            parts.append(f'<mj-table padding="4px 24px">{rows}</mj-table>')
        return "\n".join([*parts, ctx.liquid("{% endif %}")])

    def _heading(self, value: Any, name: str, ctx: Composition) -> str:
        if value["heading"]:
            return ctx.words(value["heading"])
        if value["rule"] == BECAUSE:
            return ctx.as_is(_t("Because you read “%s”") % f"{{{{ blocks.{name}.because }}}}")
        return ""

    def _large(self, value: Any, ctx: Composition) -> str:
        href = ctx.as_is("{{ item.url }}")
        image = (
            f'<mj-image src="{ctx.image_of("item.image")}" alt="" href="{href}" padding="12px 24px 4px" />'
        )
        return "\n".join(
            [
                ctx.liquid("{% if item.image %}"),
                image,
                ctx.liquid("{% endif %}"),
                '<mj-text padding="4px 24px 16px">'
                + ctx.as_is(self._words(value, ctx, "20px"))
                + "</mj-text>",
            ]
        )

    def _row(self, value: Any, ctx: Composition) -> str:
        words = self._words(value, ctx, "18px")
        cell = "padding:10px 0;vertical-align:top"
        if value["layout"] == "plain":
            return f'<tr><td style="{cell}">{words}</td></tr>'
        ctx.image_of("item.image")
        image = (
            '{% if item.image %}<a href="{{ item.url }}"><img src="{{ item.image }}" alt="" width="120" height="120" '
            'style="display:block;width:120px;height:120px;border:0;border-radius:6px"></a>{% endif %}'
        )
        return (
            f'<tr><td width="136" style="{cell};width:136px">{image}</td><td style="{cell}">{words}</td></tr>'
        )

    def _words(self, value: Any, ctx: Composition, size: str) -> str:
        more = (
            f'<a href="{{{{ item.url }}}}" style="{ctx.link_style}">{ctx.editors(value["words"])}</a>'
            if value["words"]
            else ""
        )
        return (
            f'<p style="margin:0 0 4px;font-size:{size};line-height:1.3;font-weight:700">'
            '<a href="{{ item.url }}" class="wj-title" style="color:inherit;text-decoration:none">{{ item.title }}</a></p>'
            '{% if item.summary %}<p style="margin:0 0 4px;font-size:16px;line-height:1.5">{{ item.summary }}</p>{% endif %}'
            f"{more}"
        )

    def text(self, value: Any, ctx: Composition) -> str:
        name = self.need(value, ctx)
        heading = value["heading"] or (
            _t("Because you read “%s”") % f"{{{{ blocks.{name}.because }}}}"
            if value["rule"] == BECAUSE
            else ""
        )
        lines = [heading, "{% for item in blocks." + name + ".items %}"]
        lines += ["{{ item.title }}", "{% if item.summary %}{{ item.summary }}", "{% endif %}{{ item.url }}"]
        body = "\n".join(line for line in lines[1:]) + "\n{% endfor %}"
        return f"{{% if blocks.{name}.items[0] %}}{heading}\n{body}{{% endif %}}"
