"""Settings of the server, read from the environment from top to bottom.

Every variable has a default with which the server runs on one machine without anything else installed.
A value that cannot be used stops the start and names its variable.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url

from orchestrator.env import BadSetting, Env

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where data lives -------------------------------------------------------------------------------------------------

HOME = env.directory("ORCHESTRATOR_HOME", "~/.orchestrator")
try:
    HOME.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise BadSetting("ORCHESTRATOR_HOME", str(HOME), f"a directory that can be written ({error.strerror})") from None


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _secret_key() -> str:
    """The configured key, or one that is made once and kept beside the data, readable by its owner alone."""
    configured = env.text("ORCHESTRATOR_SECRET_KEY")
    if configured:
        return configured
    path = HOME / "secret_key"
    if not path.exists():
        made = path.with_name(f"secret_key.{os.getpid()}")
        with open(made, "w", opener=_private) as file:
            file.write(secrets.token_urlsafe(48))
        # Whole or not at all, and whoever of two processes is first.
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_text()


# --- Database: SQLite beside the data, or DATABASE_URL ----------------------------------------------------------------

DATABASE_URL = env.url("DATABASE_URL", f"sqlite:///{HOME}/orchestrator.db", "sqlite", "postgres", "postgresql")
_database = dj_database_url.parse(DATABASE_URL, conn_max_age=600)
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["ENGINE"] = "orchestrator.web.sqlite"
    _database["OPTIONS"] = {
        # Writers queue up instead of failing with "database is locked" when they upgrade from reading to writing.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
    }
    _database["CONN_MAX_AGE"] = None
    # A file, so that threads and live servers of the tests see one database.
    _database["TEST"] = {"NAME": str(HOME / "test-orchestrator.db")}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker and channel layer: embedded, or REDIS_URL -----------------------------------------------------------------

REDIS_URL = env.url("REDIS_URL", "", "redis", "rediss", "unix")
BROKER_URL = REDIS_URL or f"sqlite+file:///{HOME}/broker.db"
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "orchestrator"},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# --- Security ---------------------------------------------------------------------------------------------------------

SECRET_KEY = _secret_key()
DEBUG = env.flag("ORCHESTRATOR_DEBUG", False)
CSRF_TRUSTED_ORIGINS = env.words("ORCHESTRATOR_TRUSTED_ORIGINS")
AUTH_USER_MODEL = "accounts.User"
# `user:password` that every client must send as `Authorization: Basic`, or nothing.
API_AUTH_STRING = env.text("ORCHESTRATOR_API_AUTH_STRING")
# `open`: whoever reaches the port may use it. `required`: an API key, the auth string or a logged-in user.
API_AUTH = env.choice("ORCHESTRATOR_API_AUTH", "required" if API_AUTH_STRING else "open", "open", "required")
# What the server's own worker shows instead of a key; made anew at every start.
EMBEDDED_WORKER_KEY = env.text("ORCHESTRATOR_EMBEDDED_WORKER_KEY")
PUBLIC_URL = env.url("ORCHESTRATOR_PUBLIC_URL", "http://127.0.0.1:4200", "http", "https").rstrip("/")
# A server that asks nobody who they are answers only to its own names: else a foreign page could have its own name
# lead here, and read and write as its visitor.
_own_names = ("localhost", "127.0.0.1", "[::1]", urlsplit(PUBLIC_URL).hostname or "localhost")
ALLOWED_HOSTS = env.words("ORCHESTRATOR_ALLOWED_HOSTS", _own_names if API_AUTH == "open" else ("*",))

# --- Orchestration ----------------------------------------------------------------------------------------------------

# A claim that is not renewed ends after this.
LEASE_SECONDS = env.seconds("ORCHESTRATOR_LEASE_SECONDS", 30, least=1, most=3600)
# How often a run that loses its worker is begun before it is given up.
MAX_ATTEMPTS = env.integer("ORCHESTRATOR_MAX_ATTEMPTS", 3, least=1, most=100)

# --- HTTP -------------------------------------------------------------------------------------------------------------

HTTP_THREADS = env.integer("ORCHESTRATOR_HTTP_THREADS", 4, least=1, most=64)  # each holds one database connection
MAX_BODY_BYTES = env.integer("ORCHESTRATOR_MAX_BODY_BYTES", 16_000_000, least=5_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
APPEND_SLASH = False  # a redirect would turn a client's POST into a GET
ROOT_URLCONF = "orchestrator.urls"
ASGI_APPLICATION = "orchestrator.asgi.application"
WSGI_APPLICATION = "orchestrator.wsgi.application"

INSTALLED_APPS = [
    "daphne",  # first, so that `runserver` serves websockets
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_celery_beat",
    "orchestrator.apps.OrchestratorConfig",
    "orchestrator.web",
    "orchestrator.accounts",
    "orchestrator.events",
    "orchestrator.live",
    "runs",
    "deployments",
]

MIDDLEWARE = [
    "orchestrator.rest.routes.OneSlashForm",  # first, because it decides what the address is
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["orchestrator.rest.authentication.ApiAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["orchestrator.rest.authentication.MayUseApi"],
    "DEFAULT_RENDERER_CLASSES": ["orchestrator.rest.json.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["orchestrator.rest.json.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "orchestrator.rest.json.AlwaysJson",
    "DEFAULT_SCHEMA_CLASS": "orchestrator.rest.schema.ApiSchema",
    "EXCEPTION_HANDLER": "orchestrator.rest.errors.answer_error",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Orchestrator",
    "DESCRIPTION": "The public Prefect 3 contract, and what Orchestrator adds to it.",
    "VERSION": "0.8.4",
    "SCHEMA_PATH_PREFIX": "/api",
    "OAS_VERSION": "3.1.1",  # the first in which a value may be null
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "SWAGGER_UI_DIST": "SIDECAR",  # from this server: pages load nothing from elsewhere
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Pages ------------------------------------------------------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "orchestrator.web.formats"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True  # pages work from a checkout without a `collectstatic`

# --- Logging ----------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("ORCHESTRATOR_LOG_LEVEL", "INFO", "DEBUG", "INFO", "WARNING", "ERROR")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} | {levelname:<7} | {name} - {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        **{name: {"level": LOG_LEVEL} for name in ("orchestrator", "runs", "deployments", "django")},
        "django.request": {"level": "ERROR"},  # a client that is told 404 or 409 is no news
    },
}
