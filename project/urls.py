"""What this deployment serves over HTTP: the demo page and the REST API."""

from django.urls import include, path

from messaging.page import show_page

urlpatterns = [
    path("", show_page),
    path("api/", include("messaging.api.urls")),
]

handler400 = "messaging.api.errors.bad_request"
handler404 = "messaging.api.errors.page_not_found"
handler500 = "messaging.api.errors.server_error"
