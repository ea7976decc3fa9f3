"""Operators that run without the fast path are counted from the graph itself."""

from edge.eye.detector.interpreter import OperatorDetails, count_outside


def _operator(name: str, inputs: list[int], outputs: list[int]) -> OperatorDetails:
    return OperatorDetails(op_name=name, inputs=inputs, outputs=outputs)


GRAPH = [
    _operator("CONV_2D", [0], [1]),
    _operator("CONV_2D", [1], [2]),
    _operator("CUSTOM", [2], [3]),
]


def test_without_a_delegate_every_operator_counts() -> None:
    assert count_outside(GRAPH, [3]) == 3


def test_what_a_delegate_took_over_does_not_count() -> None:
    assert count_outside([*GRAPH, _operator("DELEGATE", [0], [2])], [3]) == 1


def test_a_graph_that_was_taken_whole_has_none_outside() -> None:
    assert count_outside([*GRAPH, _operator("DELEGATE", [0], [3])], [3]) == 0


def test_an_operator_that_no_output_needs_does_not_count() -> None:
    assert count_outside(GRAPH, [1]) == 1
