"""The login of the admin: its tries are counted together with those of the API."""

from __future__ import annotations

import math
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from messaging.api.throttles import network_of
from messaging.errors import RateLimited
from messaging.logins import Try


class PatientLoginForm(AdminAuthenticationForm):
    """A name and a password, one try at a time."""

    def clean(self) -> dict[str, Any]:
        """Sign in; what was tried too often has to wait."""
        if self.request is None:
            return super().clean()
        attempt = Try(self.cleaned_data.get("username") or "", network_of(self.request))
        try:
            attempt.begin()
        except RateLimited as refused:
            wait = math.ceil(refused.retry_after or 1)
            raise ValidationError(f"Too many tries; wait {wait} seconds.", code="rate_limited") from None
        cleaned: dict[str, Any] = super().clean()
        if self.get_user() is not None:
            attempt.succeed()
        return cleaned
