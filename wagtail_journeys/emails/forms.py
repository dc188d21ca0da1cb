"""The form of an email template: before it is published, the whole email must make sense."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from wagtail.admin.forms import WagtailAdminModelForm

from wagtail_journeys.exceptions import TemplateError

from .composing import compose


class EmailTemplateForm(WagtailAdminModelForm):
    class Media:
        js = ["wagtail_journeys/saving.js"]

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
