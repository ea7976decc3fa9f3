"""`vigie collector trust|clip-key|device-keys|operator`: keys that the control room hands out."""

from pathlib import Path

import click

from edge.cli import voice
from edge.cli.named_files import read_file, replace_file
from edge.cli.operator_channel import (
    ANSWER_WITHIN_SECONDS,
    DEFAULT_DATA,
    Access,
    ask_operator,
    operator_options,
)
from edge.errors import Kind, VigieError

TRUST_EXAMPLES = """\
\b
Examples:
  vigie collector trust trust.json
  vigie collector trust trust.json --data /var/lib/vigie-collector --json
\b
Compare the fingerprint with the authority's, by telephone. Poles get the file when they enrol.
"""
CLIP_KEY_EXAMPLES = """\
\b
Examples:
  vigie collector clip-key --out collector.pub.json
  vigie collector clip-key --data /var/lib/vigie-collector --json
\b
Give the file to the authority: 'vigie mandate trust --clip-key collector.pub.json …'.
"""
DEVICE_KEYS_EXAMPLES = """\
\b
Examples:
  vigie collector device-keys --out device-keys.json
  vigie collector device-keys --data /var/lib/vigie-collector --out device-keys.json
\b
Keys of removed devices stay in the list, so that their clips stay verifiable. The clip key signs
it: who verifies needs the authority's trust file too, and then does not care who handed the list.
"""
OPERATOR_EXAMPLES = """\
\b
Examples:
  vigie collector operator sue --out sue
  vigie collector operator night-shift --data /var/lib/vigie-collector --out /media/usb/night --json
\b
Use it with --collector HOST:PORT --identity DIR. Who holds the directory is that operator on any
machine. It holds for 30 days.
"""
_MAX_TRUST_BYTES = 32_768
LOCAL_OPERATOR = "local"
"""The name of the identity that the collector makes for its own machine."""
_data_option = click.option(
    "--data",
    default=DEFAULT_DATA,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Data directory of the collector on this machine.",
)


@click.command(epilog=TRUST_EXAMPLES)
@click.argument("file", type=click.Path(path_type=Path))
@operator_options
@voice.json_option
def trust(file: Path, data: Path, collector: str, identity: Path | None, as_json: bool) -> None:
    """Take the authority's trust file, which enrolling poles are given from now on."""
    from edge.wire.v1 import operator_pb2  # noqa: PLC0415 - loads protobuf

    text = read_file(file, _MAX_TRUST_BYTES).decode(errors="replace")
    with ask_operator(Access(data, collector, identity)) as operator:
        request = operator_pb2.TakeTrustRequest(trust=text)
        answer = operator.TakeTrust(request, timeout=ANSWER_WITHIN_SECONDS)
    if as_json:
        voice.print_json({"fingerprint": answer.fingerprint})
    else:
        click.echo(f"taken; its fingerprint is {answer.fingerprint}")


@click.command("clip-key", epilog=CLIP_KEY_EXAMPLES)
@_data_option
@click.option("--out", type=click.Path(path_type=Path), help="Write it there.")
@voice.json_option
def clip_key(data: Path, out: Path | None, as_json: bool) -> None:
    """Write the public half of the key with which this collector signs clip requests."""
    from collector.trusted import read_clip_key  # noqa: PLC0415 - loads cryptography
    from edge.mandate.keys import write_public_key  # noqa: PLC0415

    public = read_clip_key(data / "authority").public
    text = write_public_key(public)
    if out is not None:
        replace_file(out, text)
    if as_json:
        voice.print_json({"keyid": public.keyid, "file": str(out) if out else None})
    else:
        click.echo(f"{out}: key {public.keyid}" if out else text.decode().rstrip())


@click.command("device-keys", epilog=DEVICE_KEYS_EXAMPLES)
@_data_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Write it there.")
@voice.json_option
def device_keys(data: Path, out: Path, as_json: bool) -> None:
    """Export every pole's evidence key, signed, for 'vigie clip verify' anywhere."""
    from collector.auditing import audited  # noqa: PLC0415 - loads the collector
    from collector.registry import list_evidence_keys  # noqa: PLC0415
    from collector.trusted import read_clip_key  # noqa: PLC0415
    from edge.clock import SystemClock  # noqa: PLC0415
    from edge.evidence.key_list import KeyList, sign_list  # noqa: PLC0415

    clock, key = SystemClock(), read_clip_key(data / "authority")
    with audited(data, clock, "export device keys") as reader:
        keys = tuple(list_evidence_keys(reader))
    replace_file(out, sign_list(KeyList(clock.utc_ns() // 1_000_000, keys), key))
    if as_json:
        voice.print_json({"file": str(out), "keys": len(keys)})
    else:
        click.echo(f"{out}: {len(keys)} keys")


@click.command(epilog=OPERATOR_EXAMPLES)
@click.argument("name")
@_data_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new directory.")
@voice.json_option
def operator(name: str, data: Path, out: Path, as_json: bool) -> None:
    """Make an identity for one more person at the command line, such as the second one."""
    from collector.auditing import audited  # noqa: PLC0415 - loads the collector
    from collector.authority import Authority  # noqa: PLC0415
    from edge.cli.named_files import unusable, write_new  # noqa: PLC0415
    from edge.clock import SystemClock  # noqa: PLC0415
    from edge.wire.identifiers import DEVICE_NAME_HINT, is_device_name  # noqa: PLC0415

    if not is_device_name(name) or name == LOCAL_OPERATOR:
        raise VigieError(
            Kind.INVALID_ARGUMENT,
            f"'{name}' cannot be an operator's name",
            hint=DEVICE_NAME_HINT,
        )
    clock = SystemClock()
    with audited(data, clock, "make operator", name):
        authority = Authority(data / "authority", clock)
        pair = authority.make_client(f"vigie://operator/{name}")
    try:
        out.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise unusable(error, out) from error
    write_new(out / "key.pem", pair.key_pem, is_secret=True)
    write_new(out / "certificate.pem", pair.certificate_pem, is_secret=False)
    write_new(out / "ca.pem", authority.ca_pem, is_secret=False)
    if as_json:
        voice.print_json({"operator": name, "identity": str(out)})
    else:
        click.echo(str(out))
