"""People: one-time links, passwords, sessions, limits."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.accounts import (
    IDLE_MS,
    INVITATION_MS,
    LOGIN_ATTEMPTS,
    LOGIN_WINDOW_SECONDS,
    SESSION_MS,
    Accounts,
)
from collector.core import DATABASE, open_core
from collector.rights import Role
from edge.errors import Kind, VigieError
from tests.fakes.clock import FakeClock

PASSWORD = "seven bridges at noon"
HERE = "192.0.2.1"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def accounts(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Accounts]:
    async with open_core(tmp_path, clock) as core:
        yield core.services.accounts


async def refused(attempt: object) -> tuple[Kind, str]:
    with pytest.raises(VigieError) as error:
        await attempt  # type: ignore[misc]
    return error.value.kind, error.value.what


async def make(accounts: Accounts, name: str = "ada") -> str:
    token = await accounts.invite("collector", Role.SUPERVISOR)
    return (await accounts.accept(token, name, PASSWORD, HERE)).token


async def test_a_link_makes_one_account_that_can_log_in(accounts: Accounts) -> None:
    assert not await accounts.has_any()
    token = await accounts.invite("collector", Role.SUPERVISOR)
    first = await accounts.accept(token, "ada", PASSWORD, HERE)
    assert await accounts.has_any()
    assert await accounts.find_session(first.token) == first
    second = await accounts.log_in("ada", PASSWORD, HERE)
    assert second.account == "ada"
    assert second.csrf_token != first.csrf_token
    assert second.has_csrf_token(second.csrf_token)
    assert not second.has_csrf_token(first.csrf_token)
    used = await refused(accounts.accept(token, "bob", PASSWORD, HERE))
    assert used == (Kind.PERMISSION_DENIED, "this one-time link is wrong, used or expired")


async def test_a_link_ends_after_a_day(accounts: Accounts, clock: FakeClock) -> None:
    token = await accounts.invite("collector", Role.SUPERVISOR)
    clock.advance(INVITATION_MS / 1000)
    assert (await refused(accounts.accept(token, "ada", PASSWORD, HERE)))[0] is (
        Kind.PERMISSION_DENIED
    )


async def test_a_name_that_is_taken_leaves_the_link_good(accounts: Accounts) -> None:
    await make(accounts)
    token = await accounts.invite("account:ada", Role.OPERATOR)
    taken = await refused(accounts.accept(token, "ada", PASSWORD, HERE))
    assert taken == (Kind.FAILED_PRECONDITION, "there is an account ada already")
    assert (await accounts.accept(token, "bob", PASSWORD, HERE)).account == "bob"


@pytest.mark.parametrize(
    ("name", "password", "what"),
    [
        ("ada", "short", "the password has 5 characters"),
        ("ada", "x" * 257, "the password has 257 characters"),
        ("Ada Lovelace", PASSWORD, "'Ada Lovelace' cannot be an account's name"),
        ("", PASSWORD, "'' cannot be an account's name"),
    ],
)
async def test_what_will_not_do_is_said(
    accounts: Accounts, name: str, password: str, what: str
) -> None:
    token = await accounts.invite("collector", Role.SUPERVISOR)
    assert await refused(accounts.accept(token, name, password, HERE)) == (
        Kind.INVALID_ARGUMENT,
        what,
    )


async def test_a_wrong_name_and_a_wrong_password_sound_alike(accounts: Accounts) -> None:
    await make(accounts)
    wrong = (Kind.PERMISSION_DENIED, "the name or the password is wrong")
    assert await refused(accounts.log_in("ada", "another sentence", HERE)) == wrong
    assert await refused(accounts.log_in("bob", PASSWORD, HERE)) == wrong


async def test_guessing_is_slowed_down(accounts: Accounts, clock: FakeClock) -> None:
    await make(accounts)
    clock.advance(LOGIN_WINDOW_SECONDS)
    for number in range(LOGIN_ATTEMPTS):
        await refused(accounts.log_in("ada", "another sentence", f"192.0.2.{number}"))
    limited = (Kind.RESOURCE_EXHAUSTED, "too many attempts")
    assert await refused(accounts.log_in("ada", PASSWORD, "198.51.100.1")) == limited
    clock.advance(LOGIN_WINDOW_SECONDS)
    assert (await accounts.log_in("ada", PASSWORD, HERE)).account == "ada"


async def test_a_session_ends_when_unused_and_after_a_shift(
    accounts: Accounts, clock: FakeClock
) -> None:
    token = await make(accounts)
    clock.advance(IDLE_MS / 1000 - 1)
    assert await accounts.find_session(token)
    clock.advance(IDLE_MS / 1000 - 1)
    assert await accounts.find_session(token)
    clock.advance(IDLE_MS / 1000)
    assert await accounts.find_session(token) is None
    token = (await accounts.log_in("ada", PASSWORD, HERE)).token
    for _ in range(SESSION_MS // (IDLE_MS // 2)):
        clock.advance(IDLE_MS / 2000)
        last = await accounts.find_session(token)
    assert last is None


async def test_logging_out_ends_the_session_at_once(accounts: Accounts) -> None:
    token = await make(accounts)
    session = await accounts.find_session(token)
    assert session is not None
    await accounts.log_out(session)
    assert await accounts.find_session(token) is None


async def test_no_password_and_no_token_is_stored(accounts: Accounts, tmp_path: Path) -> None:
    token = await make(accounts)
    files = b"".join((tmp_path / (DATABASE + end)).read_bytes() for end in ("", "-wal"))
    assert b"argon2id" in files
    assert PASSWORD.encode() not in files
    assert token.encode() not in files


async def test_coming_and_going_is_in_the_audit(accounts: Accounts, tmp_path: Path) -> None:
    await make(accounts)
    await refused(accounts.log_in("ada", "another sentence", HERE))
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        lines = other.execute("SELECT who, action, object, detail FROM audit").fetchall()
    assert lines == [
        ("collector", "invite account", "supervisor", ""),
        ("account:ada", "make account", "ada", "supervisor"),
        ("collector", "refuse login", "ada", f"from {HERE}"),
    ]


async def test_an_account_has_the_role_it_was_invited_for(accounts: Accounts) -> None:
    token = await accounts.invite("account:ada", Role.TECHNICIAN)
    session = await accounts.accept(token, "bob", PASSWORD, HERE)
    assert session.role is Role.TECHNICIAN
    found = await accounts.find_session(session.token)
    assert found is not None
    assert found.role is Role.TECHNICIAN


async def test_a_closed_account_is_out_at_once(accounts: Accounts) -> None:
    first = await accounts.accept(
        await accounts.invite("collector", Role.SUPERVISOR), "ada", PASSWORD, HERE
    )
    second = await accounts.accept(
        await accounts.invite(first.who, Role.OPERATOR), "bob", PASSWORD, HERE
    )
    await accounts.close("bob", first.who)
    assert await accounts.find_session(second.token) is None
    with pytest.raises(VigieError) as refused:
        await accounts.log_in("bob", PASSWORD, HERE)
    assert refused.value.kind is Kind.PERMISSION_DENIED
    listed = [(each.name, each.is_active) for each in await accounts.list_all(first.who)]
    assert listed == [("ada", True), ("bob", False)]


async def test_the_last_supervisor_stays(accounts: Accounts) -> None:
    token = await accounts.invite("collector", Role.SUPERVISOR)
    session = await accounts.accept(token, "ada", PASSWORD, HERE)
    with pytest.raises(VigieError, match="ada is the last supervisor"):
        await accounts.close("ada", session.who)
    assert await accounts.find_session(session.token) is not None


async def test_a_proof_of_presence_ends_and_can_be_given_again(
    accounts: Accounts, clock: FakeClock
) -> None:
    token = await accounts.invite("collector", Role.OPERATOR)
    session = await accounts.accept(token, "ada", PASSWORD, HERE)
    accounts.check_stepped_up(session)
    clock.advance(11 * 60)
    with pytest.raises(VigieError, match="prove again that it is you"):
        accounts.check_stepped_up(session)
    again = await accounts.step_up(session, PASSWORD, HERE)
    accounts.check_stepped_up(again)
    found = await accounts.find_session(session.token)
    assert found is not None
    accounts.check_stepped_up(found)


async def test_a_wrong_password_proves_nothing(accounts: Accounts) -> None:
    token = await accounts.invite("collector", Role.OPERATOR)
    session = await accounts.accept(token, "ada", PASSWORD, HERE)
    with pytest.raises(VigieError, match="the name or the password is wrong"):
        await accounts.step_up(session, "not this sentence", HERE)
