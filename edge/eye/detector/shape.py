"""A model's tensors against its card, before the first picture goes in."""

import math
from typing import NoReturn

from edge.errors import Kind, VigieError
from edge.eye.detector.card import Card
from edge.eye.detector.runtime import Runtime, TensorFacts


def check_shape(card: Card, runtime: Runtime) -> dict[str, int]:
    """Where each output stands, by its role.

    Raises: VigieError INVALID_ARGUMENT when a tensor is not what the card says.
    """
    if len(runtime.inputs) != 1:
        _refuse(card, f"has {len(runtime.inputs)} inputs, and its card one")
    taken = runtime.inputs[0]
    if (taken.shape, taken.element) != (card.input.shape, card.input.element):
        _refuse(
            card,
            f"takes {_words(taken.shape, taken.element)}, "
            f"and its card says {_words(card.input.shape, card.input.element)}",
        )
    _check_steps(card, taken)
    names = {facts.name: place for place, facts in enumerate(runtime.outputs)}
    places = {}
    for output in card.outputs:
        if output.name not in names:
            _refuse(card, f"has no output '{output.name}'; it has {', '.join(names)}")
        place = names[output.name]
        facts = runtime.outputs[place]
        if (facts.shape, facts.element) != (output.shape, output.element):
            _refuse(
                card,
                f"answers {_words(facts.shape, facts.element)} in '{output.name}', "
                f"and its card says {_words(output.shape, output.element)}",
            )
        _check_steps(card, facts)
        places[output.role] = place
    return places


def _check_steps(card: Card, facts: TensorFacts) -> None:
    """Stored whole numbers must mean something: one step above nothing, a zero that is stored."""
    if facts.element == "float32":
        return
    least = -128 if facts.element == "int8" else 0
    is_step = math.isfinite(facts.scale) and facts.scale > 0
    if not is_step or not least <= facts.zero <= least + 255:
        _refuse(
            card,
            f"stores {facts.element} in '{facts.name}' with step {facts.scale:g} and zero "
            f"{facts.zero}, which means nothing",
        )


def _words(shape: tuple[int, ...], element: str) -> str:
    return f"{element} {'x'.join(str(side) for side in shape)}"


def _refuse(card: Card, what: str) -> NoReturn:
    raise VigieError(
        Kind.INVALID_ARGUMENT,
        f"model '{card.name}' {what}",
        where=str(card.path),
        hint="Correct the card, or add the file that the card describes.",
    )
