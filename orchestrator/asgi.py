"""The server as one ASGI application: HTTP, websockets, and what runs beside them."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
django.setup()

from channels.routing import URLRouter  # noqa: E402  needs the settings above
from django.conf import settings  # noqa: E402

from orchestrator.companions import COMPANIONS  # noqa: E402
from orchestrator.garbage import look_rarely  # noqa: E402
from orchestrator.routing import websocket_urlpatterns  # noqa: E402
from orchestrator.web.engine import HttpEngine  # noqa: E402
from orchestrator.web.lifespan import Lifespan  # noqa: E402
from orchestrator.web.prefix import Prefixed  # noqa: E402
from orchestrator.web.root import Root  # noqa: E402

application = Prefixed(
    Root(http=HttpEngine(), websocket=URLRouter(websocket_urlpatterns), lifespan=Lifespan(COMPANIONS)),
    settings.URL_PREFIX,
)

look_rarely()
