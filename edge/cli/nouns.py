"""What a person types and may mistype: names of commands by their beginnings, and numbers."""

from collections.abc import Sequence

import click


class NounGroup(click.Group):
    """A noun with its verbs. Groups inside it are of the same kind."""

    group_class = type

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, for beginnings too; a name that fits none is answered with the nearest."""
        word, names = args[0], self.list_commands(ctx)
        if word.startswith("-"):
            return super().resolve_command(ctx, args)
        fitting = [name for name in names if name.startswith(word)]
        if word not in names and len(fitting) != 1:
            ctx.fail(f"there is no command '{word}'. {_advise(ctx, word, fitting or names)}")
        whole = word if word in names else fitting[0]
        return super().resolve_command(ctx, [whole, *args[1:]])


def _advise(ctx: click.Context, word: str, names: Sequence[str]) -> str:
    import difflib  # noqa: PLC0415 - for a typo only; 6 ms of every --help otherwise

    is_beginning = all(name.startswith(word) for name in names)
    nearest = names if is_beginning else difflib.get_close_matches(word, names, n=1)
    offered = [f"'{ctx.command_path} {name}'" for name in nearest]
    if not offered:
        return f"There are {', '.join(names)}."
    return f"Did you mean {' or '.join(offered)}?"


class WholeNumber(click.IntRange):
    """A whole number within bounds, called a number where it is none."""

    name = "number"


class Number(click.FloatRange):
    """A number within bounds, called a number where it is none."""

    name = "number"
