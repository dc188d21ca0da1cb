from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "example_site.demo"
    label = "demo"
    verbose_name = "Lindehaag marketing"
    default_auto_field = "django.db.models.BigAutoField"
