from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from . import views

app_name = "account"

urlpatterns = [
    path("", views.guides, name="guides"),
    path("save/<int:guide_id>/", views.save_guide, name="save"),
    path(
        "login/",
        LoginView.as_view(
            template_name="website/account/login.html",
            authentication_form=views.LoginForm,
            redirect_authenticated_user=True,
        ),
        name="login",
    ),
    path("logout/", LogoutView.as_view(template_name="website/account/logged_out.html"), name="logout"),
]
