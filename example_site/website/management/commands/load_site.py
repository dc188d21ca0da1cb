"""Fills the example site: two languages, pages, pictures, documents and a few people to log in as.

Running it again adds only what is missing and leaves alone what editors have changed.
"""

import uuid
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.files import File
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Locale, Page, Site

from example_site.website import models
from example_site.website.content import GUIDE_LENGTHS, IMAGES, LANGUAGES

ASSETS = Path(__file__).resolve().parents[2] / "assets"
# Translations of a page share this key; a fixed namespace keeps it the same on every machine.
NAMESPACE = uuid.UUID("6f1f5a52-3a0b-4b3c-9a43-0d6f3c7a51e4")

USERS = [
    {"username": "admin", "password": "admin", "email": "admin@lindehaag.example", "superuser": True},
    {
        "username": "editor",
        "password": "password",
        "email": "editor@lindehaag.example",
        "first_name": "Emma",
        "last_name": "Visser",
        "groups": ["Editors", "Moderators", "Marketing"],
    },
    {
        "username": "visitor",
        "password": "password",
        "email": "visitor@example.com",
        "first_name": "Sam",
        "last_name": "de Wit",
    },
]


def translation_key(key: str) -> uuid.UUID:
    return uuid.uuid5(NAMESPACE, key)


class Command(BaseCommand):
    help = "Fills the example site; running it again adds only what is missing."

    @transaction.atomic
    def handle(self, *args, **options):
        self.count = 0
        self.now = timezone.localtime()
        self.load_images()
        self.load_documents()
        self.homes = {}
        for code, content in LANGUAGES.items():
            self.locale = Locale.objects.get_or_create(language_code=code)[0]
            self.content = content
            self.pages = {}
            self.load_pages()
        self.load_site()
        self.load_people()
        self.stdout.write(f"The site is ready: {self.count} new things.")

    # Library

    def load_images(self) -> None:
        self.images = {}
        for name, title in IMAGES.items():
            image = Image.objects.filter(title=title).first()
            if image is None:
                image = Image(title=title)
                self.attach(image, ASSETS / "images" / f"{name}.jpg")
            self.images[name] = image

    def load_documents(self) -> None:
        self.documents = {}
        root = Collection.get_first_root_node()
        for content in LANGUAGES.values():
            collection = root.get_children().filter(name=content.COLLECTION).first()
            if collection is None:
                collection = root.add_child(instance=Collection(name=content.COLLECTION))
                self.count += 1
            for page in content.GUIDE_PAGES.values():
                document = Document.objects.filter(title=page["title"], collection=collection).first()
                if document is None:
                    document = Document(title=page["title"], collection=collection)
                    self.attach(document, ASSETS / "documents" / f"{page['slug']}.pdf")
                self.documents[page["slug"]] = document

    def attach(self, item, path: Path) -> None:
        with path.open("rb") as file:
            item.file = File(file, name=path.name)
            item.file_size = path.stat().st_size
            if isinstance(item, Image):
                item._set_image_file_metadata()
            else:
                item._set_document_file_metadata()
            item.save()
        self.count += 1

    # Pages

    def page(self, parent, model, key: str, words: dict, **fields):
        """Get or make the page ``key`` in the language at hand."""
        shared = translation_key(key)
        found = model.objects.filter(translation_key=shared, locale=self.locale).first()
        if found is None:
            if "image" in words:
                fields |= {"cover": self.images[words["image"]], "cover_alt": words["alt"]}
            if "introduction" in words:
                fields["introduction"] = words["introduction"]
            if "body" in words:
                fields["body"] = self.blocks(words["body"])
            found = model(
                title=words["title"], slug=words["slug"], locale=self.locale, translation_key=shared, **fields
            )
            parent.add_child(instance=found)
            found.save_revision().publish()
            self.count += 1
            self.is_new = True
        else:
            self.is_new = False
        self.pages[key] = found
        return found

    def load_pages(self) -> None:
        words = self.content
        home = self.page(
            Page.get_first_root_node(),
            models.HomePage,
            "home",
            words.HOME,
            heading=words.HOME["heading"],
            seo_title=words.HOME["seo_title"],
        )
        new_home = self.is_new
        self.homes[self.locale.language_code] = home

        guides = self.page(home, models.GuideIndexPage, "guides", words.GUIDES, show_in_menus=True)
        for number, (key, guide) in enumerate(words.GUIDE_PAGES.items()):
            self.page(
                guides,
                models.GuidePage,
                f"guides/{key}",
                guide,
                topic=guide["topic"],
                document=self.documents[guide["slug"]],
                number_of_pages=GUIDE_LENGTHS[key],
                featured=number < 3,
            )

        articles = self.page(home, models.ArticleIndexPage, "articles", words.ARTICLES, show_in_menus=True)
        for key, article in words.ARTICLE_PAGES.items():
            page = self.page(
                articles,
                models.ArticlePage,
                f"articles/{key}",
                article,
                date=(self.now - timedelta(days=article["days_ago"])).date(),
                author=article["author"],
                guide=self.pages[f"guides/{article['guide']}"],
            )
            if self.is_new:
                page.tags.set(article["tags"])
                page.save_revision().publish()

        webinar = self.webinar(home)
        about = {"title": words.ABOUT["title"], "slug": words.ABOUT["slug"]}
        # The pricing page leads to the about page, so that one is made first and moved behind it in the menu.
        self.page(home, models.TextPage, "about", words.ABOUT | about, show_in_menus=True)
        self.pricing(home)
        newsletter = self.form(home, models.FormPage, models.FormPageField, "newsletter", words.NEWSLETTER)
        self.page(home, models.TextPage, "privacy", words.PRIVACY)

        if new_home:
            home.refresh_from_db()
            home.webinar, home.newsletter = webinar, newsletter
            home.save_revision().publish()

    def webinar(self, home):
        words = self.content.WEBINAR
        # A Thursday evening, two to three weeks from now.
        day = self.now + timedelta(days=14 + (3 - self.now.weekday()) % 7)
        return self.form(
            home,
            models.WebinarPage,
            models.WebinarPageField,
            "webinar",
            words,
            menu_title=words["menu_title"],
            starts_at=day.replace(hour=19, minute=30, second=0, microsecond=0),
            speakers=[("speaker", {"name": name, "role": role}) for name, role in words["speakers"]],
            show_in_menus=True,
        )

    def form(self, home, model, field_model, key: str, words: dict, **fields):
        page = self.page(
            home,
            model,
            key,
            words,
            button_text=words["button_text"],
            thank_you_heading=words["thank_you_heading"],
            thank_you_text=words["thank_you_text"],
            **fields,
        )
        if self.is_new:
            page.form_fields.set(
                [
                    field_model(
                        sort_order=number,
                        clean_name=name,
                        label=label,
                        field_type=kind,
                        required=required,
                        help_text=help_text,
                    )
                    for number, (name, label, kind, required, help_text) in enumerate(words["fields"])
                ]
            )
            page.save_revision().publish()
        return page

    def pricing(self, home) -> None:
        words = self.content.PRICING
        plans = [
            (
                "plan",
                {name: value for name, value in plan.items() if name != "button"}
                | {"button_page": self.pages[plan["button"]].page_ptr},
            )
            for plan in words["plans"]
        ]
        questions = [
            ("question", {"question": question, "answer": answer}) for question, answer in words["questions"]
        ]
        page = self.page(
            home,
            models.PricingPage,
            "pricing",
            words,
            plans=plans,
            questions=questions,
            small_print=words["small_print"],
            show_in_menus=True,
        )
        if self.is_new:
            page.move(self.pages["about"], pos="left")

    def blocks(self, body: list) -> list:
        """The blocks of a StreamField, from the short notation of the content modules."""
        return [(kind, self.block(kind, *values)) for kind, *values in body]

    def block(self, kind: str, *values):
        if kind == "text":
            return values[0]
        if kind == "tip":
            return {"title": values[0], "text": values[1]}
        if kind == "quote":
            return {"text": values[0], "name": values[1], "role": values[2]}
        if kind == "numbers":
            return {"numbers": [{"number": number, "text": text} for number, text in values[0]]}
        if kind == "steps":
            return {
                "heading": values[0],
                "steps": [{"title": title, "text": text} for title, text in values[1]],
            }
        raise ValueError(f"There is no block {kind!r} in the content of the site")

    # Site and people

    def load_site(self) -> None:
        site = Site.objects.filter(is_default_site=True).first()
        home = self.homes["en"]
        if site is None:
            site = Site(is_default_site=True)
            self.count += 1
        welcome = site.root_page if site.pk else None
        # Links in emails lead to the address that the demo is served on.
        address = urlsplit(settings.WAGTAILADMIN_BASE_URL)
        here = (address.hostname or "localhost", address.port or (443 if address.scheme == "https" else 80))
        if welcome is None or welcome.pk != home.pk or (site.hostname, site.port) != here:
            (site.hostname, site.port), site.site_name, site.root_page = here, "Lindehaag", home
            site.save()
        # Wagtail's own welcome page has done its work.
        if welcome is not None and welcome.specific_class is Page and not welcome.get_children().exists():
            welcome.delete()
        details, new = models.CompanySettings.objects.get_or_create(
            site=site,
            defaults={
                "email": "advice@lindehaag.example",
                "phone": "+31 570 555 0142",
                "address": "Lindehaag\nKoggeschip 14\n7411 XZ Deventer",
            },
        )
        self.count += new

    def load_people(self) -> None:
        """Demo accounts: their passwords are printed in the manual, never use them on a public site."""
        marketing, new = Group.objects.get_or_create(name="Marketing")
        self.count += new
        marketing.permissions.add(
            *Permission.objects.filter(content_type__app_label__in=["wagtail_journeys"]),
            Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"),
            Permission.objects.get(codename="submit_translation"),
        )
        root = Page.get_first_root_node()
        for name in ("Editors", "Moderators"):
            group, _new = Group.objects.get_or_create(name=name)
            for codename in ("add_page", "change_page", "publish_page"):
                permission = Permission.objects.get(content_type__app_label="wagtailcore", codename=codename)
                GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)
            for label, model in (("wagtailimages", "image"), ("wagtaildocs", "document")):
                for action in ("add", "change", "choose"):
                    permission = Permission.objects.get(
                        content_type__app_label=label, codename=f"{action}_{model}"
                    )
                    GroupCollectionPermission.objects.get_or_create(
                        group=group, collection=Collection.get_first_root_node(), permission=permission
                    )
        users = get_user_model()
        for person in USERS:
            if users.objects.filter(username=person["username"]).exists():
                continue
            make = users.objects.create_superuser if person.get("superuser") else users.objects.create_user
            user = make(person["username"], person["email"], person["password"])
            user.first_name, user.last_name = person.get("first_name", ""), person.get("last_name", "")
            user.save()
            user.groups.set(Group.objects.filter(name__in=person.get("groups", [])))
            self.count += 1
        if settings.DEBUG:
            names = ", ".join(f"{person['username']}/{person['password']}" for person in USERS)
            self.stdout.write(f"Accounts of the demo: {names}")
