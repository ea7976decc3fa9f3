"""`vigie doctor`: a technician's acceptance on the pole, and the page for aiming a camera."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.cli import voice
from edge.cli.doctor_page import models_option, open_page, site_option, token
from edge.cli.named_files import read_file, replace_file
from edge.cli.nouns import NounGroup, Number
from edge.cli.pole_data import pole_data_option
from edge.cli.progress import show_progress
from edge.errors import EXIT_ANSWER_IS_NO, EXIT_OK, VigieError

if TYPE_CHECKING:
    from edge.doctor.examination import Examined
    from edge.doctor.finding import Finding

GROUP_EXAMPLES = """\
\b
Examples:
  vigie doctor --pause-eye --report north-gate.html
  vigie doctor --site site.toml --data pole --models models --json
\b
Run it as root on the pole, before the eye starts or with --pause-eye; while the eye is at work it
lets nobody look, and the doctor says only what the eye says.
\b
Exit codes: 0 accepted, 1 not accepted, 3 the site file is wrong, 5 not allowed.
"""
VERIFY_EXAMPLES = """\
\b
Examples:
  vigie doctor verify north-gate.html --device-keys device-keys.json --trust trust.json
  vigie doctor verify report.html --device-keys keys.json --trust trust.json --json
\b
Exit codes: 0 the pole signed this page, 3 it is no report, 5 no pole of the list signed it, 7 the
page was changed.
"""
_PATH = click.Path(path_type=Path)
_COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red", "skipped": "dim"}
_TB = 10**12


@click.group(
    cls=NounGroup, epilog=GROUP_EXAMPLES, invoke_without_command=True, commands=[token, open_page]
)
@site_option
@pole_data_option
@models_option
@click.option("--pause-eye", is_flag=True, help="Stop the eye meanwhile, and start it again.")
@click.option("--report", type=_PATH, metavar="FILE", help="Write a signed HTML report.")
@click.option("--still", default="", metavar="CAMERA", help="Keep one picture on the pole.")
@click.option(
    "--rated-tb",
    type=Number(0.1, 100_000),
    metavar="TB",
    help="What the card's maker lets be written to it.",
)
@voice.json_option
@click.pass_context
def doctor(
    ctx: click.Context,
    *,
    site: Path,
    data: Path,
    models: Path,
    pause_eye: bool,
    report: Path | None,
    still: str,
    rated_tb: float | None,
    as_json: bool,
) -> None:
    """Examine this pole: cameras, detector, disk, clock, uplink, mandate; each with a remedy."""
    if ctx.invoked_subcommand is not None:
        return
    from edge.doctor.examination import Asked, examine  # noqa: PLC0415 - pydantic, cryptography
    from edge.doctor.finding import is_accepted  # noqa: PLC0415
    from edge.doctor.looking import PoleFiles  # noqa: PLC0415

    sign = None
    if report is not None:
        from edge.doctor.signing import open_signer  # noqa: PLC0415

        sign = open_signer(data)
    asked = Asked(
        PoleFiles(site, data, models),
        may_pause=pause_eye,
        still=still,
        rated_bytes=None if rated_tb is None else round(rated_tb * _TB),
    )
    speaker = ctx.find_root().obj
    with show_progress(speaker, "examining the pole") as tell_how_far:
        steps = iter(range(1, 1000))
        examined = examine(asked, lambda _: tell_how_far(next(steps), None))
    if as_json:
        for finding in examined.findings:
            voice.print_json(_record(finding))
    else:
        _show(examined, is_plain=speaker.plain)
    if report is not None and sign is not None:
        replace_file(report, sign(examined))
        voice.say(f"vigie: the signed report is {report}; it has no picture in it")
    if examined.still is not None:
        voice.say(f"vigie: the still is {examined.still}, which only root can read; it stays here")
    elif still:
        voice.say(f"vigie: no still was made: {examined.still_refusal}")
    is_good = is_accepted(examined.findings)
    voice.say(f"vigie: {'accepted' if is_good else 'not accepted'}")
    ctx.exit(EXIT_OK if is_good else EXIT_ANSWER_IS_NO)


@doctor.command(epilog=VERIFY_EXAMPLES)
@click.argument("file", type=_PATH)
@click.option(
    "--device-keys", type=_PATH, required=True, help="From 'vigie collector device-keys'."
)
@click.option("--trust", type=_PATH, required=True, help="The authority's trust file.")
@voice.json_option
def verify(file: Path, device_keys: Path, trust: Path, as_json: bool) -> None:
    """Say which pole signed a report, when, and that the page is the one it signed."""
    from edge.doctor.sealing import MAX_REPORT_BYTES, verify_report  # noqa: PLC0415
    from edge.evidence.key_list import MAX_FILE_BYTES, verify_list  # noqa: PLC0415
    from edge.mandate.keys import PublicKey  # noqa: PLC0415
    from edge.mandate.statement import utc_text  # noqa: PLC0415
    from edge.mandate.trust import MAX_TRUST_BYTES, load_trust  # noqa: PLC0415

    clip_key = load_trust(read_file(trust, MAX_TRUST_BYTES)).clip_key
    listed = verify_list(read_file(device_keys, MAX_FILE_BYTES), clip_key)
    keys: dict[str, list[PublicKey]] = {}
    for each in listed.keys:
        keys.setdefault(each.device, []).append(PublicKey(each.device, each.ed25519))
    try:
        seal = verify_report(read_file(file, MAX_REPORT_BYTES), keys)
    except VigieError as error:
        raise VigieError(error.kind, error.what, where=str(file), hint=error.hint) from error
    if as_json:
        record: dict[str, object] = {"file": str(file), "is_good": True, "device": seal.device}
        voice.print_json(
            record | {"made_utc": utc_text(seal.made), "is_accepted": seal.is_accepted}
        )
        return
    verdict = "accepted" if seal.is_accepted else "not accepted"
    click.echo(f"{file}: {seal.device} signed it on {utc_text(seal.made)}: {verdict}")


def _record(finding: "Finding") -> dict[str, object]:
    return {
        "check": finding.check,
        "camera": finding.subject or None,
        "verdict": finding.verdict.value,
        "measured": finding.measured,
        "remedy": finding.remedy or None,
    }


def _show(examined: "Examined", *, is_plain: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("check", "verdict", "measured", "what to do"):
        table.add_column(heading, overflow="fold")
    for each in examined.findings:
        name = f"{each.check} {each.subject}".strip()
        verdict = Text(each.verdict.value.upper(), style=_COLOURS[each.verdict.value])
        table.add_row(Text(name), verdict, Text(each.measured), Text(each.remedy))
    console = Console(no_color=is_plain or None, highlight=False)
    console.print(table)
