"""What starters find on a site and make there: pages and forms, the topic, email drafts, segment drafts."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _t
from wagtail.documents import get_document_model
from wagtail.models import Locale

from wagtail_journeys.contacts.models import Topic
from wagtail_journeys.emails.models import EmailTemplate
from wagtail_journeys.events.places import page_model
from wagtail_journeys.segments.choosers import form_pages
from wagtail_journeys.segments.models import Segment
from wagtail_journeys.streams import with_ids

#: A greeting that does without a first name.
FIRST_NAME = "{{ contact.first_name | default: '' }}"


class Material:
    """``todos`` collects what is left to do before the campaign can go live, in the order in which it came up."""

    def __init__(self, user: Any = None) -> None:
        self.user = user
        self.locale: Locale = Locale.get_default()
        self.todos: list[str] = []

    def todo(self, text: str) -> None:
        if text not in self.todos:
            self.todos.append(text)

    def may_add(self, model: type[Any]) -> bool:
        return self.user is None or self.user.has_perm(
            f"{model._meta.app_label}.add_{model._meta.model_name}"
        )

    def form(self, *words: str) -> int | None:
        """The newest live form page with one of the words in its title or address; else the newest form at all."""
        models = [apps.get_model(label) for label in form_pages()]
        types = ContentType.objects.get_for_models(*models, for_concrete_models=False).values()
        forms = self._pages().filter(content_type__in=list(types))
        return self._named(forms, words) or self._named(forms, ())

    def page(self, *words: str) -> int | None:
        """The live page nearest to the home page with one of the words in its title or address."""
        return self._named(self._pages().filter(depth__gt=2), words)

    def has_documents(self) -> bool:
        return bool(get_document_model().objects.exists())

    def _pages(self) -> QuerySet[Any]:
        found: QuerySet[Any] = page_model().objects.filter(live=True)
        return found.filter(locale=self.locale)

    def _named(self, pages: QuerySet[Any], words: tuple[str, ...]) -> int | None:
        for word in words:
            named = pages.filter(Q(slug__icontains=word) | Q(title__icontains=word))
            pk: int | None = named.order_by("depth", "-pk").values_list("pk", flat=True).first()
            if pk:
                return pk
        return None if words else pages.order_by("-pk").values_list("pk", flat=True).first()

    def topic(self) -> Topic | None:
        """The site's topic where it has exactly one."""
        topics = list(Topic.objects.filter(purpose=Topic.Purpose.EMAILS)[:2])
        if len(topics) == 1:
            return topics[0]
        self.todo(
            _t("Choose the topic in the tab “Consent”. Without one the emails count as transactional.")
            if topics
            else _t("Make a topic that contacts can agree to, and choose it in the tab “Consent”.")
        )
        return None

    def email(
        self, name: str, subject: Any, heading: Any, text: Any, button: Any = None, page: int | None = None
    ) -> int | None:
        """The draft of an email with this name: the one that is there already, or a new one.

        ``text`` is HTML. The words come lazily translated, so that they are in the language of the template.
        """
        template = EmailTemplate.objects.filter(name=name, locale=self.locale).order_by("pk").first()
        if template is None and not self.may_add(EmailTemplate):
            self.todo(_t("Choose an email template for “%s”: you may not make one.") % name)
            return None
        if template is None:
            template = EmailTemplate(name=name, locale=self.locale, live=False)
            with translation.override(self.locale.language_code):
                template.subject = str(subject)
                blocks: list[dict[str, Any]] = [
                    {"type": "heading", "value": {"words": str(heading), "level": "1"}},
                    {"type": "text", "value": str(text)},
                ]
                if button and page:
                    link = {"page": page, "document": None, "url": ""}
                    blocks.append({"type": "button", "value": {"words": str(button), "link": link}})
            template.body = with_ids(blocks)
            template.save()
            template.save_revision()
        if not template.live:
            self.todo(_t("Write and publish the email “%s”.") % name)
        return int(template.pk)

    def segment(self, name: str, description: str, rules: list[dict[str, Any]]) -> int | None:
        """The draft of a segment with this name: the one that is there already, or a new one."""
        segment = Segment.objects.filter(name=name).order_by("pk").first()
        if segment is None and not self.may_add(Segment):
            self.todo(_t("Choose a segment for the trigger: you may not make one."))
            return None
        if segment is None:
            segment = Segment(name=name, description=description, live=False, rules=with_ids(rules))
            segment.save()
            segment.save_revision()
        if not segment.live:
            self.todo(_t("Look at the segment “%s” and publish it.") % name)
        return int(segment.pk)
