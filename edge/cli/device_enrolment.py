"""`vigie device enrol`: this pole gets its certificate and pins whom it believes."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.progress import show_progress

ENROL_EXAMPLES = """\
\b
Examples:
  vigie device enrol --collector control.example:7444 --ca ca.pem --token TOKEN --device yard
  vigie device enrol --collector 192.0.2.1:7444 --ca ca.pem --token TOKEN --device yard --data d
"""


@click.command(epilog=ENROL_EXAMPLES, short_help="Get this device's certificate with a token.")
@click.option("--collector", required=True, metavar="HOST:PORT", help="Address of enrolment.")
@click.option(
    "--ca", required=True, type=click.Path(path_type=Path), help="The collector's ca.pem."
)
@click.option("--token", required=True, help="One-time token from 'vigie device invite'.")
@click.option("--device", "name", required=True, help="The name that the token was made for.")
@click.option(
    "--authority",
    default="",
    metavar="FINGERPRINT",
    help="Believe only the authority whose trust file has this fingerprint.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("/var/lib/vigie/pole"),
    show_default=True,
    help="Data directory of this device.",
)
@voice.json_option
@click.pass_obj
def enrol(  # noqa: PLR0917 - one parameter an option
    said: voice.Voice,
    collector: str,
    ca: Path,
    token: str,
    name: str,
    authority: str,
    data: Path,
    as_json: bool,
) -> None:
    """Get this device's certificate; its key is made here and never leaves.

    Pins whose mandates the device believes. Cut anywhere, it is repeated with the same command.
    """
    import asyncio  # noqa: PLC0415

    from edge.board.pinning import check_trust, make_evidence, pin_trust  # noqa: PLC0415
    from edge.cli.event_lines import clock_text  # noqa: PLC0415
    from edge.enrolment.certificate import check_name  # noqa: PLC0415
    from edge.enrolment.certificate import enrol as ask  # noqa: PLC0415
    from edge.enrolment.identity import IdentityDirectory  # noqa: PLC0415

    check_name(name)
    token = token.strip()
    asking = ask(
        IdentityDirectory(data / "identity"),
        device=name,
        collector=collector,
        ca=ca,
        token=token,
        settle=lambda text, _: check_trust(text, authority),
        evidence=make_evidence(data, name, token),
    )
    with show_progress(said, f"asking {collector}"):
        enrolled = asyncio.run(asking)
    identity = enrolled.identity
    pin_trust(data, name, enrolled.trust)
    pinned = check_trust(enrolled.trust, authority)
    expires_utc_ms = round(identity.valid_until_utc * 1000)
    if as_json:
        voice.print_json(
            {
                "device": identity.device,
                "collector": identity.collector,
                "expires_utc_ms": expires_utc_ms,
                "authority": pinned.authority if pinned else None,
                "authority_fingerprint": pinned.fingerprint if pinned else None,
            }
        )
        return
    voice.say(
        f"{identity.device} is enrolled with {identity.collector}; the certificate holds until "
        f"{clock_text(expires_utc_ms)} and renews itself."
    )
    if pinned is not None:
        voice.say(f"It believes mandates of {pinned.authority} ({pinned.fingerprint}).")
    else:
        voice.say(
            "It believes nobody's mandates yet, so it will detect and record nothing: give the "
            "collector the authority's file ('vigie collector trust FILE') and enrol again."
        )
