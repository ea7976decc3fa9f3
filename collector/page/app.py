"""The page as one ASGI application: every route on one screen."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from collector.accounts import INVITATION_PATH
from collector.page import entry, feed, signals, state
from collector.page.answers import answer_error
from collector.page.headers import SecurityHeaders
from collector.page.notices import Notices
from collector.services import Services
from edge.errors import VigieError

STATIC = Path(__file__).parent / "static"
VIEWS = ("/", "/devices", "/precision", f"{INVITATION_PATH}{{token}}")


def create_app(services: Services) -> Starlette:
    """The page in front of one collector. Runs on the collector's event loop.

    Limits and /metrics go by the peer's address, which a proxy on this machine may forward.
    """
    app = Starlette(
        routes=[
            *(Route(view, show_page) for view in VIEWS),
            Route("/api/me", entry.who_am_i),
            Route("/api/welcome", entry.welcome, methods=["POST"]),
            Route("/api/login", entry.log_in, methods=["POST"]),
            Route("/api/logout", entry.log_out, methods=["POST"]),
            Route("/api/signals", signals.list_signals),
            Route("/api/signals/{number}", signals.read_signal),
            Route("/api/signals/{number}/review", signals.review_signal, methods=["POST"]),
            Route("/api/feed", feed.feed),
            Route("/api/devices", state.list_devices),
            Route("/api/precision", state.list_precision),
            Route("/metrics", state.show_metrics),
            Route("/healthz", state.show_health),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={VigieError: answer_error},
    )
    app.state.services = services
    app.state.notices = Notices()
    return app


async def show_page(_request: Request) -> Response:
    """The one document; which view it shows is its own business."""
    return FileResponse(STATIC / "index.html")
