"""Passkeys with real signatures: what lets somebody in, and every way in which it does not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import cbor2
import pytest

from collector.accounts import LOGIN_ATTEMPTS, STEPPED_UP_MS, Session
from collector.accounts.challenges import CHALLENGE_SECONDS, MAX_CHALLENGES, Challenges, Purpose
from collector.accounts.origin import Origin
from collector.accounts.passkey_rows import MAX_PASSKEYS
from collector.core import Core, open_core
from collector.rights import Role
from edge.errors import Kind, VigieError
from tests.fakes.clock import FakeClock
from tests.fakes.passkey import PRESENT, VERIFIED, SoftPasskey, response_of, with_response

PASSWORD = "seven bridges at noon"
HERE = "192.0.2.1"
ORIGIN = Origin.parse("http://localhost:7080")


class Office:
    """One collector, ana's session and her key, which is registered as 'blue key'."""

    def __init__(self, core: Core, session: Session, key: SoftPasskey) -> None:
        self.core = core
        self.accounts, self.passkeys = core.services.accounts, core.services.passkeys
        self.session, self.key = session, key

    async def make(self, name: str, role: Role = Role.SUPERVISOR) -> Session:
        token = await self.accounts.invite("collector", role)
        return await self.accounts.accept(token, name, PASSWORD, f"198.51.100.{len(name)}")

    async def register(self, key: SoftPasskey, name: str = "blue key") -> None:
        question = await self.passkeys.begin_registration(self.session)
        await self.passkeys.register(self.session, name, key.create(question))

    async def log_in(self, key: SoftPasskey | None = None, address: str = HERE) -> Session:
        ticket, question = self.passkeys.begin_login(address)
        return await self.passkeys.log_in(ticket, (key or self.key).get(question), address)

    async def step_up(self, key: SoftPasskey | None = None) -> Session:
        question = await self.passkeys.begin_step_up(self.session)
        return await self.passkeys.step_up(self.session, (key or self.key).get(question), HERE)

    async def lines(self) -> list[tuple[str, str, str, str]]:
        lines = await self.core.services.audit.list_lines(0, 1000)
        return [(line.who, line.action, line.thing, line.detail) for line in lines]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def office(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Office]:
    async with open_core(tmp_path, clock, ORIGIN) as core:
        token = await core.services.accounts.invite("collector", Role.SUPERVISOR)
        session = await core.services.accounts.accept(token, "ana", PASSWORD, HERE)
        office = Office(core, session, SoftPasskey(ORIGIN.text))
        await office.register(office.key)
        yield office


async def refused(attempt: object) -> tuple[Kind, str]:
    with pytest.raises(VigieError) as error:
        await attempt  # type: ignore[misc]
    return error.value.kind, error.value.what


# What it is for.


async def test_a_passkey_opens_a_session_without_a_name(office: Office) -> None:
    session = await office.log_in()
    assert (session.account, session.role) == ("ana", Role.SUPERVISOR)
    assert await office.accounts.find_session(session.token) == session
    office.accounts.check_stepped_up(session)


async def test_a_passkey_proves_again_that_it_is_you(office: Office, clock: FakeClock) -> None:
    clock.advance(STEPPED_UP_MS / 1000)
    with pytest.raises(VigieError, match="prove again"):
        office.accounts.check_stepped_up(office.session)
    office.accounts.check_stepped_up(await office.step_up())
    found = await office.accounts.find_session(office.session.token)
    assert found is not None
    office.accounts.check_stepped_up(found)


async def test_each_passkey_is_listed_with_its_last_use(office: Office, clock: FakeClock) -> None:
    made_ms = clock.utc_ns() // 1_000_000
    clock.advance(60)
    await office.register(SoftPasskey(ORIGIN.text, b"another"), "spare")
    await office.log_in()
    listed = await office.passkeys.list_of("ana", "account:ana")
    assert [tuple(row) for row in listed] == [
        ("blue key", made_ms, made_ms + 60_000),
        ("spare", made_ms + 60_000, None),
    ]


async def test_a_browser_is_asked_for_a_key_that_verifies_its_user(office: Office) -> None:
    question = await office.passkeys.begin_registration(office.session)
    assert question["rp"] == {"name": "Vigie", "id": "localhost"}
    assert question["attestation"] == "none"
    choice = json.loads(json.dumps(question["authenticatorSelection"]))
    assert (choice["residentKey"], choice["userVerification"]) == ("required", "required")
    assert len(json.loads(json.dumps(question["excludeCredentials"]))) == 1
    assert b"ana" not in office.key.user_handle  # type: ignore[operator]
    _, asked = office.passkeys.begin_login(HERE)
    assert (asked["allowCredentials"], asked["userVerification"]) == ([], "required")


async def test_every_act_is_written_down(office: Office) -> None:
    await office.log_in()
    await office.step_up()
    await office.passkeys.list_of("ana", "operator:local")
    await office.passkeys.remove("ana", "blue key", "operator:local")
    await refused(office.log_in())
    assert (await office.lines())[2:] == [
        ("account:ana", "register passkey", "ana", "blue key"),
        ("account:ana", "log in", "ana", f"passkey blue key, from {HERE}"),
        ("account:ana", "step up", "ana", "passkey blue key"),
        ("operator:local", "list passkeys", "ana", ""),
        ("operator:local", "remove passkey", "ana", "blue key"),
        ("collector", "refuse login", "", f"passkey, from {HERE}: {UNKNOWN[1]}"),
    ]


# What is refused.

UNKNOWN = (Kind.PERMISSION_DENIED, "this passkey opens no account here")
OVER = (Kind.FAILED_PRECONDITION, "nothing waits for this passkey's answer any more")


def elsewhere(key: SoftPasskey) -> None:
    key.origin = "http://localhost:7081"


def another_page(key: SoftPasskey) -> None:
    key.rp_id = "example.net"


def nobody_there(key: SoftPasskey) -> None:
    key.flags = VERIFIED


def possession_alone(key: SoftPasskey) -> None:
    key.flags = PRESENT


def the_other_ceremony(key: SoftPasskey) -> None:
    key.kinds = (key.kinds[1], key.kinds[0])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (elsewhere, "Unexpected client data origin"),
        (another_page, "Unexpected RP ID hash"),
        (nobody_there, "User"),
        (possession_alone, "User verification is required"),
        (the_other_ceremony, "Unexpected client data type"),
    ],
)
async def test_an_answer_from_elsewhere_or_from_nobody_is_refused(
    office: Office, change: Callable[[SoftPasskey], None], reason: str
) -> None:
    change(office.key)
    for attempt in (office.log_in(), office.step_up()):
        kind, what = await refused(attempt)
        assert kind is Kind.PERMISSION_DENIED
        assert reason in what
    fresh = SoftPasskey(ORIGIN.text, b"a fresh one")
    change(fresh)
    kind, what = await refused(office.register(fresh, "fresh"))
    assert (kind, reason in what) == (Kind.PERMISSION_DENIED, True)
    assert await office.passkeys.count("ana") == 1
    actions = [action for _, action, _, _ in await office.lines()]
    assert actions[-3:] == ["refuse login", "refuse login", "refuse passkey"]


@pytest.mark.parametrize("uses", [0, 1, 4])
async def test_a_counter_that_does_not_grow_is_a_copy(office: Office, uses: int) -> None:
    office.key.uses = 4
    await office.log_in()
    office.key.uses = uses
    kind, what = await refused(office.log_in())
    assert (kind, "sign count" in what) == (Kind.PERMISSION_DENIED, True)
    assert (await office.lines())[-1][:3] == ("collector", "refuse login", "ana")


async def test_two_copies_at_once_open_one_session(office: Office) -> None:
    asked = [office.passkeys.begin_login(HERE) for _ in range(2)]
    answers = []
    for _, question in asked:
        office.key.uses = 4
        answers.append(office.key.get(question))
    outcomes = await asyncio.gather(
        *(
            office.passkeys.log_in(ticket, answer, HERE)
            for (ticket, _), answer in zip(asked, answers, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Session", "VigieError"]
    assert (await office.lines())[-1][1] == "refuse login"


async def test_a_key_that_counts_nothing_is_good_again_and_again(office: Office) -> None:
    key = SoftPasskey(ORIGIN.text, b"counts nothing", uses=0)
    await office.register(key, "phone")
    for _ in range(2):
        key.uses = -1
        assert (await office.log_in(key)).account == "ana"


async def test_a_challenge_is_good_once(office: Office) -> None:
    ticket, question = office.passkeys.begin_login(HERE)
    await office.passkeys.log_in(ticket, office.key.get(question), HERE)
    again = office.passkeys.log_in(ticket, office.key.get(question), HERE)
    assert await refused(again) == OVER


async def test_a_wrong_answer_spends_the_challenge_too(office: Office) -> None:
    ticket, question = office.passkeys.begin_login(HERE)
    await refused(office.passkeys.log_in(ticket, "{}", HERE))
    assert await refused(office.passkeys.log_in(ticket, office.key.get(question), HERE)) == OVER


async def test_a_challenge_is_good_for_two_minutes(office: Office, clock: FakeClock) -> None:
    ticket, question = office.passkeys.begin_login(HERE)
    clock.advance(CHALLENGE_SECONDS)
    assert await refused(office.passkeys.log_in(ticket, office.key.get(question), HERE)) == OVER


async def test_a_challenge_is_good_for_its_own_session_and_purpose(office: Office) -> None:
    olga = await office.make("olga", Role.OPERATOR)
    question = await office.passkeys.begin_step_up(office.session)
    answer = office.key.get(question)
    assert await refused(office.passkeys.step_up(olga, answer, HERE)) == OVER
    assert await refused(office.passkeys.register(office.session, "x", answer)) == OVER
    assert await refused(office.passkeys.log_in(office.session.token, answer, HERE)) == OVER
    _, other = office.passkeys.begin_login(HERE)
    ticket, _ = office.passkeys.begin_login(HERE)
    kind, what = await refused(office.passkeys.log_in(ticket, office.key.get(other), HERE))
    assert (kind, "challenge" in what) == (Kind.PERMISSION_DENIED, True)


async def test_somebody_else_s_passkey_proves_nothing(office: Office) -> None:
    olga = await office.make("olga", Role.OPERATOR)
    mine = SoftPasskey(ORIGIN.text, b"of olga")
    asked = await office.passkeys.begin_registration(olga)
    await office.passkeys.register(olga, "mine", mine.create(asked))
    assert await refused(office.step_up(mine)) == UNKNOWN
    mine.user_handle = office.key.user_handle
    assert await refused(office.log_in(mine)) == UNKNOWN
    mine.user_handle = None
    assert await refused(office.log_in(mine)) == UNKNOWN


async def test_a_forged_signature_is_refused(office: Office) -> None:
    thief = SoftPasskey(ORIGIN.text, uses=9, user_handle=office.key.user_handle)
    kind, what = await refused(office.log_in(thief))
    assert (kind, "signature" in what) == (Kind.PERMISSION_DENIED, True)


async def test_every_wrong_byte_of_an_answer_is_refused(office: Office) -> None:
    passkeys = office.passkeys
    for field in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        question = await passkeys.begin_step_up(office.session)
        length = len(response_of(office.key.get(question))[field])
        for at in range(min(length, 64) if field == "signature" else length):
            question = await passkeys.begin_step_up(office.session)
            answer = office.key.get(question)
            wrong = bytearray(response_of(answer)[field])
            wrong[at] ^= 0x21
            with pytest.raises(VigieError) as refusal:
                await passkeys.step_up(
                    office.session, with_response(answer, **{field: bytes(wrong)}),
                    f"192.0.2.{at}-{field}",
                )  # fmt: skip
            assert refusal.value.kind is Kind.PERMISSION_DENIED
            office.core.services.passkeys._attempts.forget_name("ana")


async def test_every_wrong_byte_of_a_registration_is_refused_or_changes_nothing(
    office: Office,
) -> None:
    """Attestation "none" signs nothing: what may differ is the key itself and its id."""
    fresh = SoftPasskey(ORIGIN.text, b"fresh")
    question = await office.passkeys.begin_registration(office.session)
    length = len(response_of(fresh.create(question))["attestationObject"])
    kept = 0
    for at in range(length):
        question = await office.passkeys.begin_registration(office.session)
        answer = fresh.create(question)
        wrong = bytearray(response_of(answer)["attestationObject"])
        wrong[at] ^= 0x21
        changed = with_response(answer, attestationObject=bytes(wrong))
        outcome = (
            await asyncio.gather(
                office.passkeys.register(office.session, "odd", changed), return_exceptions=True
            )
        )[0]
        if outcome is None:
            kept += 1
            await office.passkeys.remove("ana", "odd", "account:ana")
        else:
            assert isinstance(outcome, VigieError)
            assert outcome.kind is Kind.PERMISSION_DENIED
    assert 0 < kept < length // 2


@pytest.mark.parametrize(
    "answer",
    [
        "", "{}", "[]", "null", "1", "[" * 9000, '{"a":' * 2000, "é", '{"id":1}',
        '{"id":"A","rawId":"A","type":"public-key","response":{}}',
        '{"id":"A","rawId":"A","type":"public-key","response":{"clientDataJSON":"!","userHandle":"é"}}',
    ],
)  # fmt: skip
async def test_what_is_no_answer_is_refused(office: Office, answer: str) -> None:
    ticket, _ = office.passkeys.begin_login(HERE)
    login = await refused(office.passkeys.log_in(ticket, answer, HERE))
    await office.passkeys.begin_registration(office.session)
    new = await refused(office.passkeys.register(office.session, "new", answer))
    assert {login[0], new[0]} == {Kind.PERMISSION_DENIED}


@pytest.mark.parametrize(
    "cose",
    [
        {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)},
        {1: 2, 3: -7},
        {1: 3, 3: -65535, -1: b"n", -2: b"e"},
        {1: 99, 3: -7},
        [],
        0,
    ],
)
async def test_a_key_that_is_none_is_refused(
    office: Office, cose: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = SoftPasskey(ORIGIN.text, b"odd")
    monkeypatch.setattr(odd, "public_key", lambda: cbor2.dumps(cose))
    assert (await refused(office.register(odd, "odd")))[0] is Kind.PERMISSION_DENIED


async def test_what_a_removed_passkey_opened_is_over_but_not_who_removes_it(
    office: Office,
) -> None:
    by_key, other = await office.log_in(), await office.make("olga")
    await office.passkeys.remove("ana", "blue key", "account:ana", kept=office.session)
    assert await office.accounts.find_session(by_key.token) is None
    assert await office.accounts.find_session(office.session.token) is not None
    assert await office.accounts.find_session(other.token) is not None


async def test_a_passkey_removed_by_the_control_room_ends_every_session_of_its_account(
    office: Office,
) -> None:
    by_key = await office.log_in()
    await office.passkeys.remove("ana", "blue key", "operator:local")
    for session in (by_key, office.session):
        assert await office.accounts.find_session(session.token) is None


async def test_a_passkey_that_was_not_there_ends_no_session(office: Office) -> None:
    assert (await refused(office.passkeys.remove("ana", "odd", "operator:local")))[0] is (
        Kind.NOT_FOUND
    )
    assert await office.accounts.find_session(office.session.token) is not None


async def test_a_closed_account_and_a_removed_passkey_open_nothing(office: Office) -> None:
    await office.make("sue")
    await office.accounts.close("ana", "account:sue")
    assert await refused(office.log_in()) == UNKNOWN
    assert await office.passkeys.count("ana") == 0


async def test_guessing_is_counted_as_with_passwords(office: Office, clock: FakeClock) -> None:
    clock.advance(3600)
    thief = SoftPasskey(ORIGIN.text, uses=9, user_handle=office.key.user_handle)
    for number in range(LOGIN_ATTEMPTS):
        kind, _ = await refused(office.log_in(thief, f"192.0.2.{number}"))
        assert kind is Kind.PERMISSION_DENIED
    limited = (Kind.RESOURCE_EXHAUSTED, "too many attempts")
    assert await refused(office.log_in(office.key, "198.51.100.1")) == limited
    assert await refused(office.accounts.log_in("ana", PASSWORD, "198.51.100.2")) == limited
    clock.advance(3600)
    for _ in range(LOGIN_ATTEMPTS):
        office.passkeys.begin_login(HERE)
    with pytest.raises(VigieError, match="too many attempts"):
        office.passkeys.begin_login(HERE)


async def test_names_are_one_s_own_and_bounded(office: Office) -> None:
    taken = await refused(office.register(SoftPasskey(ORIGIN.text, b"b"), "blue key"))
    assert taken[0] is Kind.FAILED_PRECONDITION
    known = await refused(office.register(SoftPasskey(ORIGIN.text), "the same"))
    assert known[0] is Kind.FAILED_PRECONDITION
    for name in ("", " x", "x" * 41, "a\nb"):
        bad = await refused(office.register(SoftPasskey(ORIGIN.text, b"b"), name))
        assert bad[0] is Kind.INVALID_ARGUMENT
    for number in range(1, MAX_PASSKEYS):
        await office.register(SoftPasskey(ORIGIN.text, bytes([number])), f"key {number}")
    full = await refused(office.register(SoftPasskey(ORIGIN.text, b"more"), "one more"))
    assert full == (Kind.RESOURCE_EXHAUSTED, "an account has at most 10 passkeys")


async def test_an_account_without_a_passkey_is_told_so(office: Office) -> None:
    olga = await office.make("olga", Role.OPERATOR)
    told = await refused(office.passkeys.begin_step_up(olga))
    assert told == (Kind.FAILED_PRECONDITION, "olga has no passkey")


async def test_without_the_page_s_address_there_are_no_passkeys(tmp_path: Path) -> None:
    async with open_core(tmp_path, FakeClock()) as core:
        token = await core.services.accounts.invite("collector", Role.SUPERVISOR)
        session = await core.services.accounts.accept(token, "ana", PASSWORD, HERE)
        passkeys = core.services.passkeys
        assert not passkeys.are_possible
        kind, what = await refused(passkeys.begin_registration(session))
        assert kind is Kind.FAILED_PRECONDITION
        assert what.startswith("the collector was not told its page's address")


def test_challenges_stay_bounded() -> None:
    challenges = Challenges(FakeClock())
    for number in range(MAX_CHALLENGES + 1):
        challenges.make(Purpose.LOG_IN, number.to_bytes(4, "big"))
    with pytest.raises(VigieError, match="nothing waits"):
        challenges.take(Purpose.LOG_IN, bytes(4))
    assert challenges.take(Purpose.LOG_IN, (1).to_bytes(4, "big"))


@pytest.mark.parametrize(
    ("text", "said", "host"),
    [
        ("https://control.example", "https://control.example", "control.example"),
        ("https://Control.example:443/", "https://control.example", "control.example"),
        ("https://control.example:8443", "https://control.example:8443", "control.example"),
        ("http://localhost:7080/", "http://localhost:7080", "localhost"),
    ],
)
def test_an_origin_is_what_browsers_say(text: str, said: str, host: str) -> None:
    assert Origin.parse(text) == Origin(said, host)


@pytest.mark.parametrize(
    "text",
    [
        "", "control.example", "http://control.example", "https://192.0.2.1", "https://[::1]:7080",
        "http://127.0.0.1:7080", "https://control.example/page", "https://u@control.example",
        "https://control.example:port", "https://", "ftp://localhost", "https://[", "https://a?b",
    ],
)  # fmt: skip
def test_an_origin_that_can_have_no_passkeys_is_refused(text: str) -> None:
    with pytest.raises(VigieError) as refusal:
        Origin.parse(text)
    assert refusal.value.kind is Kind.INVALID_ARGUMENT
