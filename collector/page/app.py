"""The page as one ASGI application: every route, and the right that opens it, on one screen."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from collector.accounts import INVITATION_PATH
from collector.page import (
    clips,
    entry,
    feed,
    mandates,
    office,
    passkeys,
    people,
    signals,
    state,
    tuning,
    updates,
)
from collector.page.answers import answer_error
from collector.page.gate import Door
from collector.page.headers import SecurityHeaders
from collector.page.notices import Notices
from collector.rights import Right
from collector.services import Services
from edge.errors import VigieError

STATIC = Path(__file__).parent / "static"
VIEWS = (
    "/",
    "/clips",
    "/mandates",
    "/devices",
    "/updates",
    "/precision",
    "/calibration",
    "/register",
    "/audit",
    "/accounts",
    "/account",
    f"{INVITATION_PATH}{{token}}",
)
POST = "POST"
DOORS: tuple[Door, ...] = (
    Door("/api/logout", entry.log_out, None, POST),
    Door("/api/step-up", entry.step_up, None, POST),
    Door("/api/step-up/passkey/begin", passkeys.begin_step_up, None, POST),
    Door("/api/step-up/passkey", passkeys.step_up, None, POST),
    Door("/api/passkeys", passkeys.list_passkeys, None),
    Door("/api/passkeys/begin", passkeys.begin_registration, None, POST, needs_proof=True),
    Door("/api/passkeys", passkeys.register, None, POST, needs_proof=True),
    Door("/api/passkeys/remove", passkeys.remove, None, POST, needs_proof=True),
    # Heartbeats for everybody; the events in it only for those who may see signals.
    Door("/api/feed", feed.feed, None),
    Door("/api/signals", signals.list_signals, Right.SEE_SIGNALS),
    Door("/api/signals/{number}", signals.read_signal, Right.SEE_SIGNALS),
    Door("/api/signals/{number}/review", signals.review_signal, Right.REVIEW_SIGNALS, POST),
    Door("/api/precision", state.list_precision, Right.SEE_SIGNALS),
    Door("/api/clips", clips.list_clips, Right.SEE_CLIPS),
    Door("/api/clips", clips.ask_clip, Right.REQUEST_CLIPS, POST, needs_proof=True),
    Door("/api/clips/places", clips.list_places, Right.REQUEST_CLIPS),
    Door("/api/clips/progress", clips.list_progress, Right.SEE_CLIPS),
    Door("/api/clips/{clip}", clips.read_clip, Right.SEE_CLIPS),
    Door("/api/clips/{clip}/sealed", clips.open_sealed, Right.SEE_CLIPS, needs_proof=True),
    Door(
        "/api/clips/{clip}/approve", clips.approve_clip, Right.APPROVE_CLIPS, POST, needs_proof=True
    ),
    Door("/api/clips/{clip}/hold", clips.hold_clip, Right.HOLD_CLIPS, POST, needs_proof=True),
    Door("/api/devices", state.list_devices, Right.SEE_DEVICES),
    Door("/api/updates", updates.list_rollouts, Right.SEE_DEVICES),
    Door("/api/updates/{number}", updates.list_poles, Right.SEE_DEVICES),
    # Stopping is safe and must not wait; going on wants the person proven.
    Door("/api/updates/{number}/halt", updates.halt, Right.HALT_UPDATES, POST),
    Door(
        "/api/updates/{number}/resume",
        updates.resume,
        Right.ROLL_OUT_UPDATES,
        POST,
        needs_proof=True,
    ),
    Door("/api/calibration", tuning.list_calibration, Right.SEE_CALIBRATION),
    Door("/api/calibration/report", tuning.download_report, Right.SEE_CALIBRATION),
    Door("/api/calibration/signals", tuning.list_signals, Right.SEE_CALIBRATION),
    Door(
        "/api/calibration/signals/{number}/review",
        signals.review_calibration,
        Right.REVIEW_CALIBRATION,
        POST,
    ),
    Door(
        "/api/calibration/{name}/delete", tuning.delete_calibration, Right.DELETE_CALIBRATION, POST
    ),
    Door("/api/mandates", mandates.list_mandates, Right.SEE_MANDATES),
    Door("/api/mandates", mandates.deliver_mandate, Right.DELIVER_MANDATES, POST),
    Door("/api/register", office.read_register, Right.EXPORT_REGISTER),
    Door("/api/register/export", office.export_register, Right.EXPORT_REGISTER),
    Door("/api/audit", office.list_audit, Right.READ_AUDIT),
    Door("/api/audit/verify", office.verify_audit, Right.READ_AUDIT),
    Door("/api/accounts", people.list_accounts, Right.MANAGE_ACCOUNTS),
    Door("/api/accounts/invite", people.invite, Right.MANAGE_ACCOUNTS, POST),
    Door("/api/accounts/{name}/close", people.close, Right.MANAGE_ACCOUNTS, POST),
)


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
            Route("/api/login/passkey/begin", passkeys.begin_login, methods=["POST"]),
            Route("/api/login/passkey", passkeys.log_in, methods=["POST"]),
            *(door.as_route() for door in DOORS),
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
