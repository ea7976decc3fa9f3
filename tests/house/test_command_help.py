"""Every command tells what it does, shows two examples, and its exit codes stand in a page."""

import re
import shlex
from pathlib import Path

import click
import pytest

from edge.cli.main import GROUPS
from edge.cli.nouns import NounGroup
from edge.errors import EXIT_ANSWER_IS_NO, EXIT_CODES, EXIT_OK, EXIT_USAGE
from tools.pages.commands import walk

COMMANDS = {context.command_path: context for context in walk()}
MIN_EXAMPLES = 2


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_says_what_it_does_in_one_sentence(path: str) -> None:
    told = COMMANDS[path].command.get_short_help_str(200)
    assert told.endswith("."), f"'{path}' has no help sentence"


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_shows_two_examples_of_itself(path: str) -> None:
    told = COMMANDS[path].get_help().partition("Examples:")[2]
    command = COMMANDS[path].command
    own = r"\bvigie " if path == "vigie" else rf"\b{path}\b"
    found = [line for line in told.splitlines() if re.search(own, line)]
    assert len(found) >= MIN_EXAMPLES, f"'{path}' ({command.name}) shows {len(found)} examples"


@pytest.mark.parametrize("path", COMMANDS)
def test_an_option_says_what_it_does(path: str) -> None:
    options = [each for each in COMMANDS[path].command.params if isinstance(each, click.Option)]
    silent = [option.opts[0] for option in options if not option.hidden and not option.help]
    assert not silent, f"'{path}' has options without help: {silent}"


@pytest.mark.parametrize("path", COMMANDS)
def test_the_examples_name_options_that_exist(path: str) -> None:
    for line in COMMANDS[path].get_help().partition("Examples:")[2].splitlines():
        named = _command_of(line.split())
        if named is None:
            continue
        known = {
            name for each in named.command.params for name in (*each.opts, *each.secondary_opts)
        }
        used = {word.split("=")[0] for word in line.split("|")[0].split() if word.startswith("--")}
        assert used <= known | {"--help", "--debug", "--plain"}, f"'{path}': {line.strip()}"


@pytest.mark.parametrize("path", COMMANDS)
def test_the_examples_are_whole_command_lines(path: str) -> None:
    examples = COMMANDS[path].get_help().partition("Examples:")[2].replace("\\\n", " ")
    for line in examples.splitlines():
        for part in re.split(r"[|>]", line):
            words = shlex.split(part) if part.strip().startswith("vigie ") else []
            named = _command_of(words)
            if named is not None and not isinstance(named.command, click.Group):
                rest = words[len(named.command_path.split()) :]
                named.command.make_context(named.command_path, rest)


def test_a_group_takes_beginnings_and_names_the_nearest() -> None:
    groups = [each.command for each in COMMANDS.values() if isinstance(each.command, click.Group)]
    other = [group.name for group in groups if not isinstance(group, NounGroup)]
    assert other == [], "write @click.group(cls=NounGroup, …)"


def test_every_group_of_the_table_has_its_commands() -> None:
    assert {path.split()[1] for path in COMMANDS if " " in path} == set(GROUPS)


def test_every_exit_code_stands_in_the_reference(repository: Path) -> None:
    page = (repository / "docs/reference/cli.md").read_text(encoding="utf-8")
    opening = " ".join(page.partition("## vigie")[0].split())
    for code in {EXIT_OK, EXIT_ANSWER_IS_NO, EXIT_USAGE, *EXIT_CODES.values()}:
        assert re.search(rf"[ ,:]{code} [a-z]", opening), f"exit code {code} is not explained"


def _command_of(words: list[str]) -> click.Context | None:
    """The longest command path that an example line begins with."""
    for length in range(len(words), 1, -1):
        if found := COMMANDS.get(" ".join(words[:length])):
            return found
    return None
