"""The forms of email templates and fragments: before anything is published, the whole email must make sense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm

from wagtail_journeys.contacts.permissions import may_see_contacts
from wagtail_journeys.events.fields import SuggestInput
from wagtail_journeys.exceptions import TemplateError
from wagtail_journeys.streams import raw

from .blocks import RAW_HTML
from .composing import compose

MAY_WRITE_HTML = "wagtail_journeys.use_raw_html"


def html_in(blocks: Any) -> Iterator[str]:
    """The HTML that was written into blocks, at any depth."""
    if isinstance(blocks, list):
        for item in blocks:
            yield from html_in(item)
    elif isinstance(blocks, dict):
        if blocks.get("type") == RAW_HTML and isinstance(blocks.get("value"), str):
            yield blocks["value"]
        for item in blocks.values():
            yield from html_in(item)


class BlocksForm(WagtailAdminModelForm):
    class Media:
        js = ["wagtail_journeys/saving.js", "wagtail_journeys/tag-picker.js"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._html_before = set(html_in(raw(self.instance.body)))

    def clean_body(self) -> Any:
        """HTML of one's own needs a permission; what somebody else wrote may stay."""
        body = self.cleaned_data["body"]
        user = getattr(self, "for_user", None)
        if user is None or user.has_perm(MAY_WRITE_HTML):
            return body
        if set(html_in(raw(body))) - self._html_before:
            self.add_error("body", _t("You may not write HTML into emails. Take the HTML block out."))
        return body


class EmailTemplateForm(BlocksForm):
    """The last two fields are not kept: they say for whom the preview is."""

    preview_contact = forms.CharField(
        required=False,
        max_length=320,
        label=_("As this contact would read it"),
        help_text=_("Email address, external id or number. Empty: a made-up person."),
    )
    preview_event = forms.CharField(
        required=False,
        max_length=100,
        label=_("Started by this event"),
        help_text=_("The contact's newest event of this name is taken. Empty: its newest event."),
        widget=SuggestInput("event"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_see_contacts(getattr(self, "for_user", None)):
            del self.fields["preview_contact"], self.fields["preview_event"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.instance.previewed_for = (data.get("preview_contact", ""), data.get("preview_event", ""))
        return data

    def _post_clean(self) -> None:
        """A draft may be unfinished; what is published may not."""
        super()._post_clean()
        if not self.errors and not self.is_deferred_validation:
            if not self.instance.body:
                self.add_error("body", _t("The email is empty: add at least one block."))
                return
            try:
                compose(self.instance)
            except TemplateError as error:
                self.add_error("body", str(error))


class EmailFragmentForm(BlocksForm):
    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors and not self.is_deferred_validation:
            try:
                compose(self.instance.as_template())
            except TemplateError as error:
                self.add_error("body", str(error))
