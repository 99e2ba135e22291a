"""Django's settings, from the environment alone (`project.env`): embedded without it, PostgreSQL and Redis with it."""

from datetime import timedelta
from typing import Any

import msgspec

from project import checks, keys, stores  # noqa: F401 - importing the checks registers them
from project.env import BASE_DIR, load
from project.metrics_folder import share_metrics
from project.sentry import start_sentry

environment = load()
# Before anything that counts is imported.
share_metrics(environment.prometheus_multiproc_dir)
start_sentry(environment.sentry_dsn)
limits = environment.limits

DEBUG = environment.debug
SECRET_KEY = keys.find_secret_key(environment, BASE_DIR / "var")
ALLOWED_HOSTS = list(environment.allowed_hosts)
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular_sidecar",
    "channels",
    "messaging",
]
# Those that serve async handlers only come first: they answer on the loop, the others in the thread of the request.
MIDDLEWARE = [
    "project.requests.identify",
    "project.health.answer_probes",
    "project.exposition.expose_metrics",
    "project.cors.allow_origins",
    "project.headers.set_policies",
    "django.middleware.security.SecurityMiddleware",
    "project.static.StaticFiles",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "project.staff.Sessions",
    "project.staff.Authentication",
    "project.staff.Messages",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"
# Every address of the API ends in a slash, and a redirect would lose the body of a POST.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                f"django.{name}"
                for name in (
                    "template.context_processors.request",
                    "contrib.auth.context_processors.auth",
                    "contrib.messages.context_processors.messages",
                )
            ]
        },
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

DATABASES = stores.configure_databases(environment, BASE_DIR / "var")
CACHES = stores.configure_caches(environment.redis_url)
CHANNEL_LAYERS = stores.configure_layers(environment.redis_url, key=keys.derive(SECRET_KEY, "layer"))

# Behind a proxy that ends TLS: the links we answer with begin with https.
if environment.trusted_proxies:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = environment.hsts_seconds  # told over TLS only
SECURE_REFERRER_POLICY = "no-referrer"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # The views of the admin refuse forged forms by themselves, and nothing else here heeds a cookie without a header.
    "security.W003",
    # The redirect to TLS is the work of the proxy, and whether every other host of the domain has TLS is not ours to tell.
    "security.W005",
    "security.W008",
    "security.W021",
    # They ask for settings that follow from TRUSTED_PROXIES: onesocket.W003 asks for that.
    "security.W010",
    "security.W016",
]
CORS_ALLOWED_ORIGINS = environment.cors_allowed_origins

# The only cookies of Django's are those of the admin: sent there and nowhere else, and over TLS where there is any.
ADMIN_PATH = f"/{environment.admin_path}/"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = ADMIN_PATH
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = bool(environment.trusted_proxies)
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = 8 * 60 * 60

AUTH_USER_MODEL = "messaging.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
SIMPLE_JWT: dict[str, Any] = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=environment.access_token_seconds),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=environment.refresh_token_seconds),
    "SIGNING_KEY": keys.find_signing_key(environment, SECRET_KEY),
    "ALGORITHM": "HS256",
    "LEEWAY": limits.token_leeway_seconds,
    # messaging rotates by itself: simplejwt lets two refreshes at the same time both win.
    "ROTATE_REFRESH_TOKENS": False,
    "UPDATE_LAST_LOGIN": False,
}
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["messaging.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["messaging.api.throttles.Throttle"] if environment.throttles else [],
    "DEFAULT_THROTTLE_RATES": {
        "token": environment.throttle_token,
        "register": environment.throttle_register,
        "ticket": environment.throttle_ticket,
        "report": environment.throttle_report,
        "anon": environment.throttle_anon,
        "user": environment.throttle_user,
    },
    # Without it a client writes its own address into X-Forwarded-For and is never throttled.
    "NUM_PROXIES": environment.trusted_proxies,
    "EXCEPTION_HANDLER": "messaging.api.errors.handle_exception",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Onesocket",
    "DESCRIPTION": "Accounts, tokens, tickets, and everything of a chat that is not live. docs/rest.md says it in words.",
    "VERSION": "1",
    "LICENSE": {"name": "MIT", "identifier": "MIT"},
    "OAS_VERSION": "3.1.1",
    "POSTPROCESSING_HOOKS": [],
}
ONESOCKET: dict[str, Any] = {
    "LIMITS": msgspec.structs.asdict(limits),
    "CONNECTION_POLICY": environment.connection_policy,
    "HISTORY_FOR_NEWCOMERS": environment.history_for_newcomers,
    "OPEN_REGISTRATION": environment.registers,
    "WS_ALLOWED_ORIGINS": environment.origins,
    "DATABASE_THREADS": environment.database_threads,
    "REFRESH_COOKIE_SECURE": environment.refresh_cookie_secure,
    "LOGIN_WAITS": environment.throttles,
    "DEMO_LOGINS": environment.embedded,
}

METRICS_TOKEN = environment.metrics_token
PROMETHEUS_MULTIPROC_DIR = environment.prometheus_multiproc_dir

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "project.logs.TextFormatter"},
        "json": {"()": "project.logs.JsonFormatter"},
    },
    "handlers": {
        "stream": {"class": "logging.StreamHandler", "formatter": "json" if environment.logs_json else "text"}
    },
    "root": {"handlers": ["stream"], "level": environment.log_level},
    "loggers": {
        # Django's own handlers would print a second time and write mail.
        "django": {"handlers": [], "level": "INFO"},
        # What a client did wrong is told to the client.
        "django.request": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
    },
}
