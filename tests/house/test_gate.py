"""One gate, two places: who may start inference, who may write to the ring, who grants permits."""

import ast

from tests.house.sources import product


def callers(name: str) -> set[str]:
    """Product files that call something of this name."""
    found = set()
    for source in product():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                called = node.func
                word = called.attr if isinstance(called, ast.Attribute) else None
                word = called.id if isinstance(called, ast.Name) else word
                if word == name:
                    found.add(source.name)
    return found


def test_inference_is_started_in_one_place() -> None:
    """`find` of a detector; what else is called so is a regular expression's or a text's."""
    found = set()
    for source in product():
        for node in ast.walk(source.tree):
            is_find = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "find"
                and "detector" in ast.unparse(node.func.value)
            )
            if is_find:
                found.add(source.name)
    # 'vigie models verify' and 'vigie doctor' let a detector look at a picture of their own making.
    assert found == {"edge/eye/step.py", "edge/cli/models.py", "edge/eye/trial.py"}


def test_an_interpreter_is_invoked_only_behind_the_detector() -> None:
    """`ctx.invoke` is click's: one command that calls another."""
    found = {
        source.name
        for source in product()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "invoke"
        and ast.unparse(node.func.value) != "ctx"
    }
    assert found == {"edge/eye/detector/interpreter.py"}


def test_only_a_replay_grants_itself_a_permit() -> None:
    assert callers("recording_permit") == {"edge/eye/replay.py"}


def test_only_a_gate_makes_permits() -> None:
    assert callers("Permit") == {"edge/mandate/gate.py"}
    assert callers("no_permit") <= {"edge/mandate/room.py", "edge/mandate/gate.py"}


def test_a_running_pole_does_not_replay() -> None:
    for name in ("edge/eye/run.py", "edge/eye/pole.py", "edge/eye/step.py"):
        source = next(source for source in product() if source.name == name)
        assert "edge.eye.replay" not in source.text
