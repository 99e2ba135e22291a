"""What this deployment serves over HTTP: the demo page and the REST API."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from messaging.admin.login import PatientLoginForm
from messaging.page import show_page

# The library's own tables of tokens are written by `messaging.access` alone.
admin.site.unregister([model for model in list(admin.site._registry) if model._meta.app_label == "token_blacklist"])
admin.site.login_form = PatientLoginForm
admin.site.site_header = admin.site.site_title = "Onesocket"

urlpatterns = [
    path("", show_page),
    path("api/", include("messaging.api.urls")),
    path(settings.ADMIN_PATH[1:], admin.site.urls),
]

handler400 = "messaging.api.errors.bad_request"
handler404 = "messaging.api.errors.page_not_found"
handler500 = "messaging.api.errors.server_error"
