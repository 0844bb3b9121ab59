"""Settings of the server, read from the environment from top to bottom.

Every variable has a default with which the server runs on one machine without anything else installed.
A value that cannot be used stops the start and names its variable.
"""

import secrets
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from corsheaders import defaults as cors

from orchestrator.broker.signing import kept_secret
from orchestrator.contract.services import chosen_services
from orchestrator.env import BadSetting, Env

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where data lives -------------------------------------------------------------------------------------------------

HOME = env.directory("ORCHESTRATOR_HOME", "~/.orchestrator")
try:
    HOME.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise BadSetting("ORCHESTRATOR_HOME", str(HOME), f"a directory that can be written ({error.strerror})") from None


def _secret_key() -> str:
    """The configured key, or one that is made once."""
    return env.text("ORCHESTRATOR_SECRET_KEY") or kept_secret(
        HOME / "secret_key", make=lambda: secrets.token_urlsafe(48)
    )


def _encryption_keys() -> list[str]:
    """The configured keys of stored secrets, or one that is made once. The first encrypts, all decrypt."""
    keys = env.words("ORCHESTRATOR_ENCRYPTION_KEYS")
    for key in keys:
        if not _is_encryption_key(key):
            # The value itself is not told: it may be a key with a slip in it.
            raise BadSetting(
                "ORCHESTRATOR_ENCRYPTION_KEYS", "***", "keys of 32 bytes in URL-safe base64, separated by commas"
            )
    return keys or [
        kept_secret(HOME / "encryption_key", make=lambda: b64encode(secrets.token_bytes(32), b"-_").decode())
    ]


def _is_encryption_key(text: str) -> bool:
    try:
        return len(b64decode(text, b"-_", validate=True)) == 32
    except ValueError:
        return False


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
ENCRYPTION_KEYS = _encryption_keys()  # of what is stored in blocks
DEBUG = env.flag("ORCHESTRATOR_DEBUG", False)
AUTH_USER_MODEL = "accounts.User"
# `user:password` that every client must send as `Authorization: Basic`, or nothing.
API_AUTH_STRING = env.text("ORCHESTRATOR_API_AUTH_STRING")
# `open`: whoever reaches the port may use it. `required`: an API key, the auth string or a logged-in user.
API_AUTH = env.choice("ORCHESTRATOR_API_AUTH", "required" if API_AUTH_STRING else "open", "open", "required")
# What the server's own worker shows instead of a key; made anew at every start.
EMBEDDED_WORKER_KEY = env.text("ORCHESTRATOR_EMBEDDED_WORKER_KEY")
PUBLIC_URL = env.url("ORCHESTRATOR_PUBLIC_URL", "http://127.0.0.1:4200", "http", "https").rstrip("/")
_public = urlsplit(PUBLIC_URL)
# The path of the public address: everything is served below it, whether or not a proxy takes it off.
URL_PREFIX = _public.path
if URL_PREFIX.split("/")[1:2] in (["api"], ["ws"], ["static"], ["admin"], ["docs"], ["runs"]):
    raise BadSetting("ORCHESTRATOR_PUBLIC_URL", PUBLIC_URL, "a path that is not one of the server's own")
FORCE_SCRIPT_NAME = URL_PREFIX or None
SESSION_ENGINE = "orchestrator.accounts.sessions"  # every page reads one
AUTHENTICATION_BACKENDS = ["orchestrator.accounts.backend.AccountsBackend"]
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = URL_PREFIX or "/"
# Sites whose pages may sign in and write with the cookies of this server.
CSRF_TRUSTED_ORIGINS = [*env.words("ORCHESTRATOR_TRUSTED_ORIGINS"), f"{_public.scheme}://{_public.netloc}"]
CSRF_FAILURE_VIEW = "orchestrator.pages.page.form_too_old"
# Unsafe requests of API clients must carry a token of `/csrf-token`, as Prefect's clients do by themselves.
CSRF_PROTECTION = env.flag("ORCHESTRATOR_CSRF_PROTECTION", False)
CSRF_TOKEN_SECONDS = env.seconds("ORCHESTRATOR_CSRF_TOKEN_SECONDS", 3600, least=1)
# A server that asks nobody who they are answers only to its own names: else a foreign page could have its own name
# lead here, and read and write as its visitor.
_own_names = ("localhost", "127.0.0.1", "[::1]", _public.hostname or "localhost")
ALLOWED_HOSTS = env.words("ORCHESTRATOR_ALLOWED_HOSTS", _own_names if API_AUTH == "open" else ("*",))

# Sites whose pages may use the API from a browser, such as `https://ui.example.com`; `*` for all of them, which then
# may send no cookies.
_cors_origins = env.words("ORCHESTRATOR_CORS_ALLOWED_ORIGINS")
CORS_ALLOW_ALL_ORIGINS = "*" in _cors_origins
CORS_ALLOWED_ORIGINS = [origin.rstrip("/") for origin in _cors_origins if origin != "*"]
if any(urlsplit(origin).scheme not in ("http", "https") or urlsplit(origin).path for origin in CORS_ALLOWED_ORIGINS):
    raise BadSetting("ORCHESTRATOR_CORS_ALLOWED_ORIGINS", ",".join(_cors_origins), "origins such as https://host:port")
CORS_ALLOW_CREDENTIALS = bool(CORS_ALLOWED_ORIGINS) and not CORS_ALLOW_ALL_ORIGINS
CORS_ALLOW_METHODS = env.words("ORCHESTRATOR_CORS_ALLOWED_METHODS", cors.default_methods)
CORS_ALLOW_HEADERS = env.words(
    "ORCHESTRATOR_CORS_ALLOWED_HEADERS",
    (*cors.default_headers, "prefect-csrf-client", "prefect-csrf-token", "x-prefect-api-version"),
)
CORS_EXPOSE_HEADERS = ("X-Orchestrator-Ignored", "Retry-After")
CORS_URLS_REGEX = r"^/(api/|ui-settings$)"

# --- Orchestration ----------------------------------------------------------------------------------------------------

# A claim that is not renewed ends after this.
LEASE_SECONDS = env.seconds("ORCHESTRATOR_LEASE_SECONDS", 30, least=1, most=3600)
# How often a run that loses its worker is begun before it is given up.
MAX_ATTEMPTS = env.integer("ORCHESTRATOR_MAX_ATTEMPTS", 3, least=1, most=100)
# A scheduled run that has not begun by then is marked late.
LATE_AFTER_SECONDS = env.seconds("ORCHESTRATOR_LATE_AFTER_SECONDS", 15, least=1)
# A planned run that has not begun by then was missed, and its deployment's catch-up policy says what becomes of it.
MISSED_AFTER_SECONDS = env.seconds("ORCHESTRATOR_MISSED_AFTER_SECONDS", 60, least=1)
# A running flow whose signs of life stop for this long is dead, or for three of their intervals if that is longer.
ZOMBIE_SECONDS = env.seconds("ORCHESTRATOR_ZOMBIE_SECONDS", 60, least=2, most=86_400)
# A running flow of a client that never sent a sign of life is dead after this; 0: nobody can tell, so it is left alone.
ZOMBIE_UNHEARD_SECONDS = env.seconds("ORCHESTRATOR_ZOMBIE_UNHEARD_SECONDS", 0, least=0)
# A run that somebody took and did not begin by then is scheduled anew, so many times; then it fails.
LAZARUS_SECONDS = env.seconds("ORCHESTRATOR_LAZARUS_SECONDS", 600, least=1)
LAZARUS_ATTEMPTS = env.integer("ORCHESTRATOR_LAZARUS_ATTEMPTS", 3, least=0, most=100)
# A run that is asked to end and does not is taken for ended after this.
CANCELLING_TIMEOUT_SECONDS = env.seconds("ORCHESTRATOR_CANCELLING_TIMEOUT_SECONDS", 300, least=1)

# What people do to many runs at once on the pages touches so many runs at most.
MOST_PER_BULK_ACTION = env.integer("ORCHESTRATOR_MOST_PER_BULK_ACTION", 10_000, least=1, most=1_000_000)

# --- Services ---------------------------------------------------------------------------------------------------------

# Those that beat starts, of `orchestrator.contract.services`: all of them, only some, or all without some.
_only = env.words("ORCHESTRATOR_SERVICES")
_without = env.words("ORCHESTRATOR_SERVICES_EXCEPT")
try:
    SERVICES = chosen_services(only=_only, without=_without)
except ValueError as error:
    _name = "ORCHESTRATOR_SERVICES" + ("" if _only else "_EXCEPT")
    raise BadSetting(_name, ",".join(_only or _without), f"names of services. {error}") from None

# --- How long things are kept -----------------------------------------------------------------------------------------


def _days(what: str, default: int, *, least: int = 0) -> int:
    """ORCHESTRATOR_RETENTION_<WHAT>_DAYS, or ORCHESTRATOR_<WHAT>_RETENTION_DAYS as it was called before."""
    before = env.integer(f"ORCHESTRATOR_{what}_RETENTION_DAYS", default, least=least, most=36_500)
    return env.integer(f"ORCHESTRATOR_RETENTION_{what}_DAYS", before, least=least, most=36_500)


# In days. Where 0 is allowed, it keeps things for ever.
EVENTS_RETENTION_DAYS = _days("EVENTS", 7, least=1)
# Signs of life of running flows: many, and soon of no use.
HEARTBEATS_RETENTION_DAYS = _days("HEARTBEATS", 7, least=1)
# Finished runs, with all that belongs to them, counted from their end.
RUNS_RETENTION_DAYS = _days("RUNS", 90)
# Finished task runs that belong to no flow run; log lines by their own age; artifacts that belong to no run.
TASK_RUNS_RETENTION_DAYS = _days("TASK_RUNS", RUNS_RETENTION_DAYS)
LOGS_RETENTION_DAYS = _days("LOGS", RUNS_RETENTION_DAYS)
ARTIFACTS_RETENTION_DAYS = _days("ARTIFACTS", RUNS_RETENTION_DAYS)

# --- HTTP -------------------------------------------------------------------------------------------------------------

WEB_PROCESSES = env.integer("ORCHESTRATOR_WEB_PROCESSES", 1, least=1, most=64)  # of `server start`, which may choose
HTTP_THREADS = env.integer("ORCHESTRATOR_HTTP_THREADS", 4, least=1, most=64)  # each holds one database connection
MAX_BODY_BYTES = env.integer("ORCHESTRATOR_MAX_BODY_BYTES", 16_000_000, least=5_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
APPEND_SLASH = False  # a redirect would turn a client's POST into a GET
ROOT_URLCONF = "orchestrator.urls"
ASGI_APPLICATION = "orchestrator.asgi.application"
WSGI_APPLICATION = "orchestrator.wsgi.application"

INSTALLED_APPS = [
    # First, so that `runserver` serves websockets. No other process pays for loading it.
    *(["daphne"] if "runserver" in sys.argv else []),
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
    "corsheaders",
    "django_celery_beat",
    "orchestrator.apps.OrchestratorConfig",
    "orchestrator.web",
    "orchestrator.upkeep",
    "orchestrator.periodic",
    "orchestrator.accounts",
    "orchestrator.pages",
    "orchestrator.events",
    "orchestrator.live",
    "orchestrator.store",
    "runs",
    "deployments",
    "automations",
    "orchestrator.dashboard",
]

MIDDLEWARE = [
    "orchestrator.rest.routes.OneSlashForm",  # first, because it decides what the address is
    "corsheaders.middleware.CorsMiddleware",  # answers preflights, which carry no credentials
    "orchestrator.rest.compression.CompressedAnswers",
    "orchestrator.pages.unchanged.UnchangedParts",
    "django.middleware.security.SecurityMiddleware",
    "orchestrator.pages.assets.StaticFiles",
    "orchestrator.web.content_policy.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "orchestrator.pages.preferences.ReadersZone",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
# Of calls of the API that no browser makes: the answer is the same, what only sessions and pages need is left out.
MIDDLEWARE_OF_PROGRAMS = [
    "orchestrator.web.hosts.OwnHosts",
    "orchestrator.rest.routes.OneSlashForm",
    "orchestrator.rest.compression.CompressedAnswers",
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["orchestrator.rest.authentication.ApiAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["orchestrator.rest.authentication.MayUseApi"],
    "DEFAULT_RENDERER_CLASSES": ["orchestrator.rest.json.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["orchestrator.rest.json.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "orchestrator.rest.json.AlwaysJson",
    "EXCEPTION_HANDLER": "orchestrator.rest.errors.answer_error",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Orchestrator",
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
STATIC_URL = f"{URL_PREFIX}/static/"
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
        **{name: {"level": LOG_LEVEL} for name in ("orchestrator", "runs", "deployments", "automations", "django")},
        "django.request": {"level": "ERROR"},  # a client that is told 404 or 409 is no news
    },
}
