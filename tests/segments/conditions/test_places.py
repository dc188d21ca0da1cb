"""Pages, sections, page types, tags, documents, collections and forms: who did something there, in whatever language."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile
from taggit.models import Tag
from wagtail.documents.models import Document
from wagtail.models import Collection, Locale, Page

from example_site.website.models import ArticleIndexPage, ArticlePage, FormPage, TextPage
from tests.scenarios.story import START
from wagtail_journeys import pipeline
from wagtail_journeys.contacts.models import Contact
from wagtail_journeys.models import Event, Segment
from wagtail_journeys.segments import choosers, compiler
from wagtail_journeys.segments.conditions import population, registry
from wagtail_journeys.streams import with_ids

pytestmark = pytest.mark.django_db

USUAL = {"did": "did", "occasion": "any", "how_often": "at_least", "count": 1, "period": "ever"}


def who(key: str, **params: Any) -> set[str]:
    """First names of those who match, however the question is put."""
    rules = [{"type": key, "value": {**USUAL, **params}}]
    few = set(compiler.contacts_matching("all", rules, START).values_list("first_name", flat=True))
    with population.everybody():
        everybody = compiler.contacts_matching("all", rules, START)
    assert set(everybody.values_list("first_name", flat=True)) == few
    return few


def says(key: str, **params: Any) -> str:
    return registry[key].describe({**USUAL, **params})


def happened(name: str, first_name: str, **fields: Any) -> None:
    contact, _new = Contact.objects.get_or_create(first_name=first_name, defaults={"created_at": START})
    Event.objects.create(
        source="t",
        message_id=str(Event.objects.count()),
        name=name,
        contact=contact,
        occurred_at=START,
        received_at=START,
        **fields,
    )


@pytest.fixture
def site() -> dict[str, Page]:
    """A section with an article, both also in Dutch, and pages beside it; everybody has viewed one of them."""
    home = Page.objects.get(depth=2)
    dutch = Locale.objects.get_or_create(language_code="nl")[0]
    huis = home.copy_for_translation(dutch)
    section = home.add_child(instance=ArticleIndexPage(title="Articles", slug="articles"))
    article = section.add_child(
        instance=ArticlePage(title="Oak", slug="oak", date=START.date(), author="Ada")
    )
    article.tags.add("wood")
    article.save()
    artikelen = section.copy_for_translation(dutch)
    eik = article.copy_for_translation(dutch)
    eik.tags.clear()  # the tag of the original stands for its translations
    eik.save()
    text = home.add_child(instance=TextPage(title="About", slug="about"))
    beside = home.add_child(instance=ArticleIndexPage(title="Articles of old", slug="articles-of-old"))
    pages = {
        "section": section, "article": article, "artikelen": artikelen, "eik": eik, "about": text, "beside": beside,
        "huis": huis,
    }  # fmt: skip
    for name, page in pages.items():
        happened("page_view", name, page_id=page.pk)
        happened("page_left", name, page_id=page.pk, properties={"seconds": 90})
    happened("page_view", "gone", page_id=987_654)
    return pages


def test_a_page_in_any_language(site: dict[str, Page]) -> None:
    """A page stands for its translations, whichever of them the editor chose."""
    assert who("viewed", page=site["article"].pk) == who("viewed", page=site["eik"].pk) == {"article", "eik"}
    assert says("viewed", page=site["article"].pk) == "viewed the page “Oak”"
    assert who("event", event="page_view", page=site["article"].pk) == {"article", "eik"}


def test_a_section_in_any_language(site: dict[str, Page]) -> None:
    """A section is its page and everything below, in each language, and not what merely begins like it."""
    expected = {"section", "article", "artikelen", "eik"}
    assert who("viewed", section=site["section"].pk) == expected
    assert who("viewed", section=site["artikelen"].pk) == expected
    assert says("viewed", section=site["section"].pk, count=2, period="last", amount=30, unit="days") == (
        "viewed any page in “Articles” at least 2 times in the last 30 days"
    )
    assert who("time_spent", section=site["section"].pk, least=90, least_unit="seconds") == expected


def test_a_page_type(site: dict[str, Page]) -> None:
    """All pages of a type; together with a section only those in it."""
    assert ("website.articlepage", "Article page") in choosers.page_types()
    assert who("viewed", page_type="website.articlepage") == {"article", "eik"}
    both = {"page_type": "website.articleindexpage", "section": site["section"].pk}
    assert who("viewed", **both) == {"section", "artikelen"}
    assert says("viewed", **both).startswith("viewed any page of the type “article index")
    assert who("viewed", page_type="no.longer") == set()


def test_a_tag(site: dict[str, Page]) -> None:
    """Pages with a tag, and their translations, which need not have it."""
    tag = Tag.objects.get(name="wood")
    assert who("viewed", tag=tag.pk) == {"article", "eik"}
    assert says("viewed", tag=tag.pk, did="did_not") == "never viewed any page tagged “wood”"
    assert who("viewed", tag=tag.pk, did="did_not") == {
        "section",
        "artikelen",
        "about",
        "beside",
        "huis",
        "gone",
    }
    assert who("viewed", tag=tag.pk + 1) == set()


def test_any_page_at_all(site: dict[str, Page]) -> None:
    """Without a place every page counts, also one that is gone."""
    assert who("viewed") == {*site, "gone"}
    assert says("viewed") == "viewed any page"
    assert says("viewed", page=987_654) == "viewed the page “a deleted page”"


def test_documents_and_collections() -> None:
    """One document, or those of a collection with the collections inside it."""
    root = Collection.get_first_root_node()
    guides = root.add_child(name="Guides")
    winter = guides.add_child(name="Winter")
    documents = {
        name: Document.objects.create(
            title=name, collection=collection, file=ContentFile(b"x", name=f"{name}.pdf")
        )
        for name, collection in (("root", root), ("guide", guides), ("inner", winter))
    }
    for name, document in documents.items():
        happened("document_download", name, document_id=document.pk)
    assert who("downloaded", document=documents["guide"].pk) == {"guide"}
    assert who("downloaded", collection=str(guides.pk)) == {"guide", "inner"}
    assert who("downloaded", collection=str(guides.pk), document=documents["root"].pk) == set()
    assert who("downloaded") == {"root", "guide", "inner"}
    assert who("downloaded", collection="987654") == set()
    assert says("downloaded", collection=str(winter.pk)) == (
        "downloaded any document of the collection “Winter”"
    )
    assert dict(choosers.collections())[str(winter.pk)].strip() == "Winter"


def test_forms() -> None:
    """A form in any language; only pages with a form can be chosen; answers are asked like properties."""
    home = Page.objects.get(depth=2)
    dutch = Locale.objects.get_or_create(language_code="nl")[0]
    form = home.add_child(
        instance=FormPage(title="Webinar", slug="webinar", button_text="Send", thank_you_heading="Thanks")
    )
    home.copy_for_translation(dutch)
    formulier = form.copy_for_translation(dutch)
    happened("form_submit", "english", page_id=form.pk, properties={"seats": "3"})
    happened("form_submit", "dutch", page_id=formulier.pk, properties={"seats": "1"})
    happened("form_submit", "other", page_id=home.pk)
    assert who("submitted", page=form.pk) == {"english", "dutch"}
    seats = [{"type": "item", "value": {"property": "seats", "operator": "at_least", "value": "2"}}]
    assert who("submitted", page=formulier.pk, properties=seats) == {"english"}
    assert says("submitted", page=form.pk, properties=seats) == (
        "submitted the form “Webinar”, where seats is at least 2"
    )
    chooser = dict(registry["submitted"].fields())["page"]
    assert set(chooser.target_models) >= {FormPage}
    assert TextPage not in chooser.target_models


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "viewed", "value": {**USUAL}},
        {"type": "time_spent", "value": {**USUAL, "least": 1, "least_unit": "minutes"}},
    ],
)
def test_moving_a_page_changes_who_belongs(site: dict[str, Page], rule: dict[str, Any]) -> None:
    """Whoever viewed a page enters the segments of the section it is moved to, with the next look at the queues."""
    rule["value"]["section"] = site["section"].pk
    segment = Segment.objects.create(name="Readers", rules=with_ids([rule]))
    Segment.objects.create(name="Others", rules=with_ids([{"type": "viewed", "value": {**USUAL}}]))
    Segment.objects.update(rebuild_requested_at=START)
    pipeline.rebuild(START)
    Segment.objects.update(rebuild_requested_at=None)

    site["about"].move(site["section"], pos="last-child")
    assert list(Segment.objects.exclude(rebuild_requested_at=None)) == [segment]
    pipeline.rebuild(START)
    about = Contact.objects.get(first_name="about")
    assert segment.memberships.filter(contact=about, left_at=None).exists()

    # A place among the same pages is no move to another section.
    Segment.objects.update(rebuild_requested_at=None)
    site["article"].move(site["about"], pos="left")
    assert not Segment.objects.exclude(rebuild_requested_at=None).exists()
