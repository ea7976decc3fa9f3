"""tflite-runtime, for Python 3.11 boards, in an environment of its own (numpy 1.26)."""

from edge.errors import Kind, VigieError
from edge.eye.detector.interpreter import InterpreterRuntime, open_interpreter


def open_tflite(content: bytes, threads: int) -> InterpreterRuntime:
    """Load a model.

    Raises: VigieError FAILED_PRECONDITION without the package, DATA_LOSS when it refuses it.
    """
    try:
        from tflite_runtime.interpreter import Interpreter  # noqa: PLC0415 - absent in most places
    except ImportError as absent:
        raise VigieError(
            Kind.FAILED_PRECONDITION,
            f"tflite-runtime cannot be used here: {absent}",
            hint="Install vigie[tflite] in an environment of its own, on Python 3.11; "
            "or use the runtime 'litert'.",
        ) from absent
    options = {"model_content": content, "num_threads": threads}
    return open_interpreter(options, Interpreter, "tflite-runtime")
