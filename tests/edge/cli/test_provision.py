"""`vigie provision` against a real collector, and the pole's side of what it writes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
from click.testing import CliRunner

from edge.cli.provision import provision
from edge.cli.provision_making import SUFFIX
from edge.cli.voice import Voice
from edge.flash.labels import COLUMNS, ROWS, Label, label_sheets
from edge.mandate.keys import load_private_pem
from edge.provision.keys import load_public
from edge.provision.network import Lte, Static, Wifi
from edge.provision.signing import read_unverified, sign_provisioning, verify_provisioning
from edge.provision.statement import Provisioning
from tests.fakes.control_room import ControlRoom, run_vigie
from tests.fakes.provisioning import SITE, ca_pem, fleet_key, provisioning

FINGERPRINT = "ab" * 32
ADDRESS = "control.example:7444"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a fleet's key, a site file and an authority."""
    monkeypatch.chdir(tmp_path)
    made = run_vigie("provision", "keygen", "fleet", "--out", tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "site.toml").write_text(SITE)
    (tmp_path / "ca.pem").write_text(ca_pem())
    return tmp_path


def words(desk: Path, *more: str | Path) -> list[str | Path]:
    return [
        *("--key", desk / "fleet.key", "--authority", FINGERPRINT, "--enrolment", ADDRESS),
        *more,
    ]


def new(desk: Path, *more: str | Path) -> list[str | Path]:
    """A whole command for a token that was made by hand."""
    return [
        *("provision", "new", "north-gate", "--site", desk / "site.toml", "--board", "rpi"),
        *words(desk, "--token", "sesame", "--ca", desk / "ca.pem", *more),
    ]


def read(desk: Path, device: str = "north-gate") -> Provisioning:
    """What a pole of this fleet believes."""
    key = load_public((desk / "fleet.pub").read_bytes())
    return verify_provisioning((desk / f"{device}{SUFFIX}").read_bytes(), key)


def test_a_key_pair_is_made_once(desk: Path) -> None:
    private = load_private_pem("fleet", (desk / "fleet.key").read_bytes())
    assert private.public.raw == load_public((desk / "fleet.pub").read_bytes()).raw
    assert (desk / "fleet.key").stat().st_mode & 0o777 == 0o600
    again = run_vigie("provision", "keygen", "fleet", "--out", desk)
    assert again.returncode == 5
    assert "exists already" in again.stderr


def test_one_command_invites_and_writes_a_file_that_enrols(room: ControlRoom, desk: Path) -> None:
    address = room.read_addresses()["enrolment"]
    made = run_vigie(
        *("provision", "new", "north-gate", "--site", desk / "site.toml", "--board", "rpi"),
        *("--key", desk / "fleet.key", "--authority", FINGERPRINT, "--enrolment", address),
        *("--data", room.data, "--out", desk / f"north-gate{SUFFIX}", "--valid-hours", "2"),
    )
    assert made.returncode == 0, made.stderr
    said = read(desk)
    assert (said.device, said.board, said.site) == ("north-gate", "rpi", SITE)
    assert said.ca_pem == (room.data / "operator" / "ca.pem").read_text()
    assert abs(said.expires - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=1)
    assert (desk / f"north-gate{SUFFIX}").stat().st_mode & 0o777 == 0o600
    (desk / "pinned.pem").write_text(said.ca_pem)
    enrolled = run_vigie(
        *("device", "enrol", "--collector", said.collector, "--ca", desk / "pinned.pem"),
        *("--token", said.token, "--device", said.device, "--data", desk / "pole"),
    )
    assert enrolled.returncode == 0, enrolled.stderr


def test_an_address_that_no_pole_reaches_is_not_written(room: ControlRoom, desk: Path) -> None:
    made = run_vigie(
        *("provision", "new", "yard", "--site", desk / "site.toml", "--board", "rpi"),
        *("--key", desk / "fleet.key", "--authority", FINGERPRINT, "--data", room.data),
    )
    assert made.returncode == 5
    assert made.stderr.startswith("vigie: a pole cannot reach the collector at 127.0.0.1:")
    assert "--enrolment HOST:PORT" in made.stderr
    listed = run_vigie("device", "status", "--data", room.data, "--json").stdout
    assert '"device": "yard"' not in listed


REFUSALS: list[tuple[list[str], int, str]] = [
    (["--network", "wfi:FR:x"], 3, "the network 'wfi:FR:x' cannot be taken"),
    (["--network", "dhcp:eth0"], 3, "Write one of: dhcp | static:"),
    (["--network", "static:192.0.2.10/24"], 3, "gateway"),
    (["--network", "static:192.0.2.10/24,192.0.9.1"], 3, "which is not in 192.0.2.0/24"),
    (["--network", "wifi:France:x"], 3, "country"),
    (["--network", "lte:iot.example,pn"], 3, "neither user=NAME nor pin"),
    (["--enrolment", "control.example"], 3, "collector.address: is 'control.example'"),
    (["--authority", "ab"], 3, "authority_fingerprint"),
    (["--board", "Raspberry Pi"], 3, "board: is 'Raspberry Pi'"),
    (["--site", "nowhere.toml"], 4, "nowhere.toml: no such file"),
    (["--key", "nowhere.key"], 4, "there is no such file"),
    (["--key", "fleet.pub"], 3, "this is no private key"),
    (["--technician", "fleet.key"], 3, "this is no public key"),
    (["--ca", "site.toml"], 3, "holds no certificate"),
    (["--valid-hours", "721"], 2, "--valid-hours"),
]


@pytest.mark.parametrize(("more", "code", "said"), REFUSALS)
def test_what_a_pole_would_refuse_is_refused_here(
    desk: Path, more: list[str], code: int, said: str
) -> None:
    refused = run_vigie(*new(desk, *more))
    assert refused.returncode == code, refused.stderr
    assert said in refused.stderr
    assert not (desk / f"north-gate{SUFFIX}").exists()


def test_a_bad_site_file_is_not_signed(desk: Path) -> None:
    (desk / "site.toml").write_text(SITE.replace("source", "sauce"))
    refused = run_vigie(*new(desk))
    assert refused.returncode == 3
    assert "site.toml:6:" in refused.stderr


def test_a_token_without_its_authority_is_half_a_command(desk: Path) -> None:
    refused = run_vigie(
        *("provision", "new", "yard", "--site", desk / "site.toml", "--board", "rpi"),
        *words(desk, "--token", "sesame"),
    )
    assert refused.returncode == 2


def test_a_file_is_not_overwritten(desk: Path) -> None:
    assert run_vigie(*new(desk)).returncode == 0
    held = (desk / f"north-gate{SUFFIX}").read_bytes()
    refused = run_vigie(*new(desk))
    assert refused.returncode == 5
    assert "exists already and is not overwritten" in refused.stderr
    assert (desk / f"north-gate{SUFFIX}").read_bytes() == held


@pytest.mark.parametrize(
    ("network", "answers", "kind"),
    [
        ("static:192.0.2.10/24,192.0.2.1,192.0.2.53,192.0.2.54", "", Static),
        ("wifi:FR:Mairie: étage 2, nord", "correct horse\n", Wifi),
        ("lte:iot.example,user=city,pin", "battery staple\n1234\n", Lte),
    ],
)
def test_secrets_of_a_network_are_asked_and_never_shown(
    desk: Path, network: str, answers: str, kind: type
) -> None:
    line = [str(word) for word in new(desk, "--network", network)[1:]]
    made = CliRunner().invoke(
        provision, line, input=answers, obj=Voice(debug=False, plain=True), catch_exceptions=False
    )
    assert made.exit_code == 0, made.output
    found = read(desk).network
    assert isinstance(found, kind)
    if isinstance(found, Wifi):
        assert (found.ssid, found.passphrase) == ("Mairie: étage 2, nord", "correct horse")
    if isinstance(found, Lte):
        assert (found.user, found.password, found.pin) == ("city", "battery staple", "1234")
    shown = run_vigie("provision", "show", desk / f"north-gate{SUFFIX}")
    as_json = run_vigie("provision", "show", desk / f"north-gate{SUFFIX}", "--json")
    for secret in (*answers.split("\n")[:-1], "sesame"):
        for told in (made.output, shown.stdout, as_json.stdout):
            assert secret not in told


def test_a_file_is_shown_with_all_that_is_no_secret(desk: Path) -> None:
    run_vigie("provision", "keygen", "technician", "--out", desk)
    assert run_vigie(*new(desk, "--technician", desk / "technician.pub")).returncode == 0
    shown = run_vigie("provision", "show", desk / f"north-gate{SUFFIX}").stdout
    for word in ("north-gate", "rpi", ADDRESS, "address by DHCP", FINGERPRINT, "may open", SITE):
        assert word in shown


def test_a_file_is_judged_as_a_pole_would(desk: Path) -> None:
    assert run_vigie(*new(desk)).returncode == 0
    file = desk / f"north-gate{SUFFIX}"
    call: list[str | Path] = ["provision", "verify", file, "--key", desk / "fleet.pub"]
    assert run_vigie(*call, "--board", "rpi").returncode == 0
    wrong = run_vigie(*call, "--board", "jetson", "--json")
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["refusal"] == "wrong_board"
    run_vigie("provision", "keygen", "other", "--out", desk)
    foreign = run_vigie("provision", "verify", file, "--key", desk / "other.pub")
    assert foreign.returncode == 1
    assert "is not signed by the fleet's key" in foreign.stderr
    file.write_text("{}")
    assert run_vigie(*call).returncode == 3


def test_a_batch_writes_a_file_for_each_pole_and_labels(room: ControlRoom, desk: Path) -> None:
    (desk / "poles.csv").write_text(
        "device,site,network,board\n"
        "gate-1,site.toml,,\n"
        '"gate-2","site.toml","static:192.0.2.10/24,192.0.2.1",jetson\n'
    )
    out = desk / "cards"
    out.mkdir()
    made = run_vigie(
        *("provision", "batch", desk / "poles.csv", "--board", "rpi", "--out", out, "--json"),
        *words(desk, "--data", room.data, "--labels", desk / "labels.pdf"),
    )
    assert made.returncode == 0, made.stderr
    told = [json.loads(line) for line in made.stdout.splitlines()]
    assert [(each["device"], each["board"]) for each in told] == [
        ("gate-1", "rpi"),
        ("gate-2", "jetson"),
    ]
    tokens = {read_unverified((out / f"{name}{SUFFIX}").read_bytes()).provisioning.token
              for name in ("gate-1", "gate-2")}  # fmt: skip
    assert len(tokens) == 2
    assert (desk / "labels.pdf").read_bytes().startswith(b"%PDF-")


WRONG_LISTS = [
    ("", "there is no column device"),
    ("device\ngate\n", "line 1: there is no column site"),
    ("device,site,netwrk\ngate,site.toml,dhcp\n", "'netwrk' is no known column"),
    ("device,site,site\n", "the column site stands twice"),
    ("device,site\n", "it names 0 poles"),
    ("device,site\nGate 1,site.toml\n", "line 2: 'Gate 1' cannot be a device's name"),
    ("device,site\na,site.toml\n\na,site.toml\n", "line 4: a stands above already"),
    ("device,site\na,site.toml,dhcp\n", "line 2: it has 1 cells too many"),
    ("device,site\na\n", "line 2: it has 1 cells too few"),
    ('device,site\n"a,site.toml\n', "this is no CSV"),
    ("device,site\na,nowhere.toml\nb,elsewhere.toml\n", "elsewhere.toml: no such file"),
    ("device,site,network\na,site.toml,wfi\n", "the network 'wfi' cannot be taken"),
]


@pytest.mark.parametrize(("text", "said"), WRONG_LISTS)
def test_a_list_that_is_wrong_makes_no_file(desk: Path, text: str, said: str) -> None:
    (desk / "poles.csv").write_text(text)
    refused = run_vigie(
        *("provision", "batch", desk / "poles.csv", "--board", "rpi"),
        *words(desk, "--identity", desk),
    )
    assert refused.returncode == 3
    assert said in refused.stderr
    assert list(desk.glob(f"*{SUFFIX}")) == []


def test_everything_that_is_wrong_with_a_list_comes_at_once(desk: Path) -> None:
    (desk / "poles.csv").write_text("device,site\nA,x\nB,x\nc,x,y\n")
    refused = run_vigie("provision", "batch", desk / "poles.csv", *words(desk, "--identity", desk))
    assert [line.strip().split(":")[0] for line in refused.stderr.splitlines()[1:4]] == [
        "line 2",
        "line 3",
        "line 4",
    ]


def test_the_code_on_a_label_says_name_and_collector() -> None:
    label = Label("north-gate", "Porte Nord", ADDRESS)
    modules = np.array([list(row) for row in segno.make(label.code_text).matrix_iter(4, 4)])
    picture = np.where(modules > 0, 0, 255).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
    found, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert found == "vigie:north-gate@control.example:7444"


def test_labels_fill_sheets_and_hold_no_secret(desk: Path) -> None:
    many = [Label(f"gate-{number}", "Porte", ADDRESS) for number in range(COLUMNS * ROWS + 1)]
    sheets = label_sheets(many)
    assert sheets.count(b"/Type /Page\n") == 2
    assert sheets == label_sheets(many)
    first, second = desk / "a.json", desk / "b.json"
    for file in (first, second):
        file.write_bytes(sign_provisioning(provisioning(), fleet_key()))
    drawn = run_vigie("provision", "labels", first, second, "--out", desk / "labels.pdf")
    assert drawn.returncode == 0, drawn.stderr
    assert provisioning().token.encode() not in (desk / "labels.pdf").read_bytes()
