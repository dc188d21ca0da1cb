from django.urls import path

from . import views

app_name = "inbox"

urlpatterns = [
    path("", views.index, name="index"),
    path("empty/", views.empty, name="empty"),
    path("<str:key>/", views.message, name="message"),
]
