"""Pages of the Lindehaag site: a home page, guides, articles, forms, prices and plain text."""

from functools import cached_property

from django.conf import settings as django_settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey
from taggit.models import TaggedItemBase
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel
from wagtail.contrib.forms.models import AbstractEmailForm, AbstractFormField
from wagtail.contrib.forms.panels import FormSubmissionsPanel
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.search import index

from wagtail_journeys.tracking.consent_forms import ConsentFormMixin

from .blocks import BodyBlock, PlanBlock, QuestionBlock, SpeakerBlock


class CoverMixin(models.Model):
    """A page with a line of introduction and a picture that also serves its cards."""

    introduction = models.TextField(_("introduction"), blank=True, max_length=400)
    cover = models.ForeignKey(
        "wagtailimages.Image",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cover image"),
    )
    cover_alt = models.CharField(
        _("description of the cover image"),
        max_length=200,
        blank=True,
        help_text=_("Read aloud to people who cannot see the image."),
    )

    cover_panels = [
        FieldPanel("introduction"),
        MultiFieldPanel([FieldPanel("cover"), FieldPanel("cover_alt")], heading=_("Cover")),
    ]

    class Meta:
        abstract = True


class HomePage(CoverMixin, Page):
    heading = models.CharField(_("heading"), max_length=120)
    body = StreamField(BodyBlock(), blank=True, verbose_name=_("body"))
    webinar = models.ForeignKey(
        "website.WebinarPage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("webinar to announce"),
    )
    newsletter = models.ForeignKey(
        "website.FormPage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("newsletter page"),
    )

    content_panels = [
        *Page.content_panels,
        FieldPanel("heading"),
        *CoverMixin.cover_panels,
        FieldPanel("body"),
        FieldPanel("webinar"),
        FieldPanel("newsletter"),
    ]
    template = "website/home_page.html"

    @cached_property
    def guide_index(self):
        return GuideIndexPage.objects.child_of(self).live().first()

    @cached_property
    def article_index(self):
        return ArticleIndexPage.objects.child_of(self).live().first()

    def get_context(self, request, *args, **kwargs):
        context = super().get_context(request, *args, **kwargs)
        guides = GuidePage.objects.live().descendant_of(self).prefetch_related("cover__renditions")
        context["guides"] = guides.filter(featured=True).order_by("path")[:3]
        articles = ArticlePage.objects.live().descendant_of(self).prefetch_related("cover__renditions")
        context["articles"] = articles.order_by("-date")[:3]
        return context


class GuideIndexPage(Page):
    introduction = models.TextField(_("introduction"), blank=True, max_length=400)

    content_panels = [*Page.content_panels, FieldPanel("introduction")]
    parent_page_types = ["website.HomePage"]
    subpage_types = ["website.GuidePage"]

    def get_context(self, request, *args, **kwargs):
        context = super().get_context(request, *args, **kwargs)
        context["guides"] = (
            GuidePage.objects.child_of(self).live().prefetch_related("cover__renditions").order_by("path")
        )
        return context


class GuidePage(CoverMixin, Page):
    topic = models.CharField(_("topic"), max_length=60)
    document = models.ForeignKey(
        "wagtaildocs.Document",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("PDF to download"),
    )
    number_of_pages = models.PositiveSmallIntegerField(_("number of pages"), default=1)
    featured = models.BooleanField(_("show on the home page"), default=False)
    body = StreamField(BodyBlock(), blank=True, verbose_name=_("body"))

    content_panels = [
        *Page.content_panels,
        FieldPanel("topic"),
        *CoverMixin.cover_panels,
        MultiFieldPanel(
            [FieldPanel("document"), FieldPanel("number_of_pages"), FieldPanel("featured")],
            heading=_("Download"),
        ),
        FieldPanel("body"),
    ]
    search_fields = [*Page.search_fields, index.SearchField("introduction"), index.SearchField("body")]
    parent_page_types = ["website.GuideIndexPage"]
    subpage_types = []

    def get_context(self, request, *args, **kwargs):
        context = super().get_context(request, *args, **kwargs)
        siblings = GuidePage.objects.sibling_of(self, inclusive=False).live()
        context["more_guides"] = siblings.prefetch_related("cover__renditions").order_by("path")[:3]
        return context


class ArticleTag(TaggedItemBase):
    content_object = ParentalKey("website.ArticlePage", on_delete=models.CASCADE, related_name="tagged_items")


class ArticleIndexPage(Page):
    introduction = models.TextField(_("introduction"), blank=True, max_length=400)

    content_panels = [*Page.content_panels, FieldPanel("introduction")]
    parent_page_types = ["website.HomePage"]
    subpage_types = ["website.ArticlePage"]

    def get_context(self, request, *args, **kwargs):
        context = super().get_context(request, *args, **kwargs)
        articles = (
            ArticlePage.objects.child_of(self).live().prefetch_related("cover__renditions").order_by("-date")
        )
        tags = ArticlePage.tags.through.objects.filter(content_object__in=articles)
        context["tags"] = sorted({(item.tag.slug, item.tag.name) for item in tags.select_related("tag")})
        context["tag"] = request.GET.get("tag", "")
        if context["tag"]:
            articles = articles.filter(tags__slug=context["tag"])
        context["articles"] = articles
        return context


class ArticlePage(CoverMixin, Page):
    date = models.DateField(_("date"))
    author = models.CharField(_("author"), max_length=80)
    body = StreamField(BodyBlock(), blank=True, verbose_name=_("body"))
    tags = ClusterTaggableManager(through=ArticleTag, blank=True, verbose_name=_("tags"))
    guide = models.ForeignKey(
        "website.GuidePage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("guide to recommend"),
    )

    content_panels = [
        *Page.content_panels,
        FieldRowPanel([FieldPanel("date"), FieldPanel("author")]),
        *CoverMixin.cover_panels,
        FieldPanel("body"),
        FieldPanel("guide"),
        FieldPanel("tags"),
    ]
    search_fields = [*Page.search_fields, index.SearchField("introduction"), index.SearchField("body")]
    parent_page_types = ["website.ArticleIndexPage"]
    subpage_types = []

    @cached_property
    def reading_minutes(self):
        words = sum(len(str(block.value).split()) for block in self.body)
        return max(1, round(words / 200))

    def get_context(self, request, *args, **kwargs):
        context = super().get_context(request, *args, **kwargs)
        siblings = ArticlePage.objects.sibling_of(self, inclusive=False).live()
        context["more_articles"] = siblings.prefetch_related("cover__renditions").order_by("-date")[:3]
        return context


class StableNameFormField(AbstractFormField):
    """A form field whose technical name may be given, so that translated forms report the same names."""

    class Meta(AbstractFormField.Meta):
        abstract = True

    def get_field_clean_name(self):
        return self.clean_name or super().get_field_clean_name()


class SiteFormMixin(ConsentFormMixin, CoverMixin):
    """What the webinar page and the plain form page have in common."""

    menu_title = models.CharField(
        _("short title for the menu"),
        max_length=40,
        blank=True,
        help_text=_("When the title itself is long."),
    )
    body = StreamField(BodyBlock(), blank=True, verbose_name=_("body"))
    button_text = models.CharField(_("button text"), max_length=40)
    thank_you_heading = models.CharField(_("thank-you heading"), max_length=120)
    thank_you_text = RichTextField(_("thank-you text"), features=["bold", "italic", "link", "ul"], blank=True)

    form_panels = [
        InlinePanel("form_fields", label=_("Form field"), heading=_("Form fields")),
        *ConsentFormMixin.consent_panels,
        FieldPanel("button_text"),
        MultiFieldPanel(
            [FieldPanel("thank_you_heading"), FieldPanel("thank_you_text")], heading=_("After sending")
        ),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("from_address"), FieldPanel("to_address")]), FieldPanel("subject")],
            heading=_("Notification to colleagues"),
        ),
    ]

    promote_panels = [*Page.promote_panels, FieldPanel("menu_title")]

    class Meta:
        abstract = True

    def serve(self, request, *args, **kwargs):
        response = super().serve(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-cache"
        return response


class FormPage(SiteFormMixin, AbstractEmailForm):
    """A page with a form: newsletter, contact."""

    content_panels = [
        FormSubmissionsPanel(),
        *AbstractEmailForm.content_panels,
        *CoverMixin.cover_panels,
        FieldPanel("body"),
        *SiteFormMixin.form_panels,
    ]
    parent_page_types = ["website.HomePage"]
    subpage_types = []
    template = "website/form_page.html"
    landing_page_template = "website/form_page_landing.html"


class FormPageField(StableNameFormField):
    page = ParentalKey(FormPage, on_delete=models.CASCADE, related_name="form_fields")


class WebinarPage(SiteFormMixin, AbstractEmailForm):
    """An online evening that visitors sign up for."""

    starts_at = models.DateTimeField(_("starts at"))
    minutes = models.PositiveSmallIntegerField(_("length in minutes"), default=60)
    speakers = StreamField([("speaker", SpeakerBlock())], blank=True, verbose_name=_("speakers"))

    content_panels = [
        FormSubmissionsPanel(),
        *AbstractEmailForm.content_panels,
        FieldRowPanel([FieldPanel("starts_at"), FieldPanel("minutes")]),
        *CoverMixin.cover_panels,
        FieldPanel("body"),
        FieldPanel("speakers"),
        *SiteFormMixin.form_panels,
    ]
    parent_page_types = ["website.HomePage"]
    subpage_types = []
    template = "website/webinar_page.html"
    landing_page_template = "website/webinar_page_landing.html"


class WebinarPageField(StableNameFormField):
    page = ParentalKey(WebinarPage, on_delete=models.CASCADE, related_name="form_fields")


class PricingPage(Page):
    introduction = models.TextField(_("introduction"), blank=True, max_length=400)
    plans = StreamField([("plan", PlanBlock())], blank=True, verbose_name=_("plans"))
    small_print = models.CharField(_("small print"), max_length=255, blank=True)
    questions = StreamField([("question", QuestionBlock())], blank=True, verbose_name=_("questions"))

    content_panels = [
        *Page.content_panels,
        FieldPanel("introduction"),
        FieldPanel("plans"),
        FieldPanel("small_print"),
        FieldPanel("questions"),
    ]
    parent_page_types = ["website.HomePage"]
    subpage_types = []


class TextPage(CoverMixin, Page):
    """Plain text: about us, privacy."""

    body = StreamField(BodyBlock(), blank=True, verbose_name=_("body"))

    content_panels = [*Page.content_panels, *CoverMixin.cover_panels, FieldPanel("body")]
    parent_page_types = ["website.HomePage"]


@register_setting(icon="site")
class CompanySettings(BaseSiteSetting):
    """Who runs this site; shown at the foot of every page."""

    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    address = models.TextField(_("address"), blank=True)

    panels = [FieldPanel("email"), FieldPanel("phone"), FieldPanel("address")]

    class Meta:
        verbose_name = _("company details")


class SavedGuide(models.Model):
    """A guide that a visitor with an account keeps at hand."""

    user = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_guides"
    )
    guide = models.ForeignKey(GuidePage, on_delete=models.CASCADE, related_name="+")
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-saved_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "guide"], name="website_savedguide_once"),
        ]

    def __str__(self):
        return f"{self.guide} ({self.user})"
