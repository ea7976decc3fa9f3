"""`vigie mandate`: what a pole may do, written, signed, shown, verified and revoked, offline."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from edge.cli import voice
from edge.cli.mandate_delivery import deliver, list_mandates
from edge.cli.mandate_signing import revoke, sign
from edge.cli.mandate_trust import keygen, trust
from edge.cli.nouns import NounGroup
from edge.errors import EXIT_ANSWER_IS_NO, EXIT_OK

GROUP_EXAMPLES = """\
\b
Examples:
  vigie mandate keygen mayor
  vigie mandate show mandate.json --language fr
"""
NEW_EXAMPLES = """\
\b
Examples:
  vigie mandate new site.toml --profile bench --version 1 --device pole-1 --authority "X" \\
    --legal-basis "None: a test" --purpose "To test" --place "A table" \\
    --contact me@example.org --until 2027-01-31
  vigie mandate new site.toml --profile pe-municipal --version 4 --device pole-1 --device pole-2 \\
    --authority "Municipalidad de X" --legal-basis "Ordenanza 12-2026" --purpose "Peatones" \\
    --place "Plaza Mayor" --contact datos@example.org --function wrong_way \\
    --window "mon-fri 22:00-06:00" --window "sat,sun 00:00-24:00" --ring-days 45 \\
    --clips supervisor --clips-a-day 10 --from 2027-01-01 --until 2027-06-30
"""
SHOW_EXAMPLES = """\
\b
Examples:
  vigie mandate show mandate.json --language fr
  vigie mandate show mandate.json --notice --language es --out notice.html
"""
VERIFY_EXAMPLES = """\
\b
Examples:
  vigie mandate verify mandate.signed.json --trust trust.json
  vigie mandate verify mandate.signed.json revocation.json --trust trust.json --device pole-1 --json
\b
Exit codes: 0 all are properly signed and each mandate is in force, 1 one is not, 4 no such file.
"""
_PATH = click.Path(path_type=Path)


@click.group(
    cls=NounGroup,
    epilog=GROUP_EXAMPLES,
    commands=[keygen, trust, sign, revoke, deliver, list_mandates],
)
def mandate() -> None:
    """Write, sign, show, verify, deliver and revoke what a pole may do."""


@mandate.command(epilog=NEW_EXAMPLES)
@click.argument("site", type=_PATH)
@click.option("--profile", required=True, help="The legal basis: fr-2023-380, pe-municipal, bench.")
@click.option(
    "--version", "number", type=click.IntRange(1), required=True, help="Above all before."
)
@click.option("--device", "devices", multiple=True, required=True, help="A pole it is for.")
@click.option("--authority", required=True, help="Who signs, as the trust file names it.")
@click.option("--legal-basis", required=True, help="The text or order that allows it.")
@click.option("--purpose", required=True, help="Why, for the public notice.")
@click.option("--place", required=True, help="Where, for the public notice.")
@click.option("--contact", required=True, help="Whom people may ask.")
@click.option("--function", "functions", multiple=True, help="Default: all of the site's rules.")
@click.option("--camera", "cameras", multiple=True, help="Default: all of the site.")
@click.option(
    "--window", "windows", multiple=True, help='Such as "mon-fri 22:00-06:00". Default: always.'
)
@click.option("--time-zone", help="Default: the site's.")
@click.option("--from", "begins", help="A date or 2027-01-31T08:00, local. Default: now.")
@click.option("--until", "ends", required=True, help="The last day, or a local date and time.")
@click.option(
    "--ring-days", type=click.IntRange(0), default=0, help="Days of video. Default: none."
)
@click.option("--clips", "requesters", multiple=True, help="A role that may ask for clips.")
@click.option(
    "--clips-a-day", type=click.IntRange(1), help="Most of one camera in 24 hours. Default: 40."
)
@click.option("--calibration", is_flag=True, help="Events are marked and reach no operator.")
@click.option("--models", type=_PATH, help="Where built models stand.")
@click.option("--out", type=_PATH, default=Path("mandate.json"), help="Default: mandate.json.")
@voice.json_option
def new(site: Path, out: Path, as_json: bool, **options: object) -> None:
    """Write a mandate for a site, not signed yet, inside what its profile allows."""
    from edge.cli.mandate_draft import Draft, draft_mandate  # noqa: PLC0415 - loads pydantic
    from edge.cli.named_files import write_new  # noqa: PLC0415
    from edge.mandate.statement import parse_mandate  # noqa: PLC0415

    text = draft_mandate(site, Draft(**options))  # type: ignore[arg-type]
    made = parse_mandate(text)
    write_new(out, text, is_secret=False)
    if as_json:
        voice.print_json({"file": str(out), "version": made.version, "sha256": made.sha256})
        return
    click.echo(f"{out}: version {made.version}, profile {made.profile.name}, not signed")
    voice.say(f"Read it with 'vigie mandate show {out}', then sign it with 'vigie mandate sign'.")


@mandate.command(epilog=SHOW_EXAMPLES)
@click.argument("file", type=_PATH)
@click.option(
    "--language", type=click.Choice(["en", "fr", "es"]), default="en", help="Default: en."
)
@click.option("--notice", is_flag=True, help="The public notice, as HTML with a QR code.")
@click.option("--url", default="", help="Where the notice can be read; goes into the QR code.")
@click.option("--out", type=_PATH, help="Write to a file instead of stdout.")
@voice.json_option
def show(
    *, file: Path, language: str, notice: bool, url: str, out: Path | None, as_json: bool
) -> None:
    """Show a mandate as a page for a person, or as the notice for the public."""
    from edge.cli.mandate_files import read_statement  # noqa: PLC0415
    from edge.cli.named_files import read_file, replace_file  # noqa: PLC0415
    from edge.mandate.languages import LANGUAGES  # noqa: PLC0415
    from edge.mandate.page import mandate_page, revocation_page  # noqa: PLC0415
    from edge.mandate.statement import Mandate  # noqa: PLC0415

    read = read_statement(read_file(file))
    words = LANGUAGES[language]
    if as_json:
        voice.print_json(json.loads(read.payload) | {"signed_by_keyids": list(read.keyids)})
        return
    if not isinstance(read.statement, Mandate):
        page = revocation_page(read.statement, words)
    elif notice:
        from edge.mandate.notice import notice_page  # noqa: PLC0415 - loads segno

        page = notice_page(read.statement, words, address=url)
    else:
        page = mandate_page(read.statement, words, signers=[id_[:16] for id_ in read.keyids])
    if out is None:
        click.echo(page, nl=False)
        return
    replace_file(out, page.encode())
    voice.say(f"written to {out}")


@mandate.command(epilog=VERIFY_EXAMPLES)
@click.argument("files", metavar="FILE...", type=_PATH, nargs=-1, required=True)
@click.option("--trust", "trust_file", type=_PATH, required=True, help="Whom to believe.")
@click.option("--device", help="Also ask whether it is for this pole.")
@click.option("--at", "moment", help="A UTC moment like 2026-11-21T06:00:00Z. Default: now.")
@voice.json_option
@click.pass_context
def verify(
    ctx: click.Context,
    *,
    files: tuple[Path, ...],
    trust_file: Path,
    device: str | None,
    moment: str | None,
    as_json: bool,
) -> None:
    """Say who signed, what is in force and what ends soon."""
    from edge.cli.mandate_check import check_files, parse_moment  # noqa: PLC0415

    now = parse_moment(moment) if moment else datetime.now(UTC)
    findings = check_files(files, trust_file, device=device, now=now)
    for each in findings:
        if as_json:
            voice.print_json(each.record())
        else:
            click.echo(each.text())
    is_good = all(each.is_good for each in findings)
    ctx.exit(EXIT_OK if is_good else EXIT_ANSWER_IS_NO)
