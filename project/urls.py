"""What this deployment serves over HTTP: the demo page, the REST API and the liveness answer."""

from django.urls import include, path

from messaging.page import show_page
from project.health import show_health

urlpatterns = [
    path("", show_page),
    path("api/", include("messaging.api.urls")),
    path("healthz", show_health),
]

handler400 = "messaging.api.errors.bad_request"
handler404 = "messaging.api.errors.page_not_found"
handler500 = "messaging.api.errors.server_error"
