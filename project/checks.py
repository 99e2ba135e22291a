"""The checks of a deployment that know the environment, and not only the settings that came of it."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from project.env import load


@register("onesocket", deploy=True)
def check_registration(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a registration that is open because nobody thought of it."""
    environment = load()
    if environment.open_registration is not None or not environment.registers:
        return []
    hint = "Set OPEN_REGISTRATION to 1 or 0."
    return [Error("Anybody may make an account, and nobody has said so.", hint=hint, id="onesocket.E011")]


@register("onesocket", deploy=True)
def check_redis(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of a Redis that answers whoever reaches it: it holds the tickets and the waits of logins."""
    url = load().redis_url
    if url is None or "@" in url:
        return []
    return [Warning("REDIS_URL has no password.", hint="Use one, or a network of its own.", id="onesocket.W002")]


@register("onesocket", deploy=True)
def check_tls(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where nobody says that there is TLS: cookies are then good for plain HTTP too, and links begin with it."""
    if load().trusted_proxies:
        return []
    hint = "End TLS at a proxy, and set TRUSTED_PROXIES to the number of proxies."
    return [Warning("The cookies of the admin are sent over plain HTTP as well.", hint=hint, id="onesocket.W003")]
