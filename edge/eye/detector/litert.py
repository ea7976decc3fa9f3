"""LiteRT, the default runtime."""

from ai_edge_litert.interpreter import Interpreter

from edge.eye.detector.interpreter import InterpreterRuntime, open_interpreter


def open_litert(content: bytes, threads: int) -> InterpreterRuntime:
    """Load a model. Raises: VigieError DATA_LOSS when LiteRT refuses it."""
    options = {"model_content": content, "num_threads": threads}
    return open_interpreter(options, Interpreter, "LiteRT")
