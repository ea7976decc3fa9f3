"""`--help` costs next to nothing: what is heavy is imported by the command that needs it."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "cv2", "av", "grpc", "ai_edge_litert", "pydantic", "cryptography.x509",
         "google.protobuf", "asyncio", "sqlite3", "rich", "json", "tomllib")  # fmt: skip
PROGRAM = """
import sys
from edge.cli.main import main
sys.argv = ["vigie", *sys.argv[1:]]
try:
    main()
finally:
    sys.stderr.write("\\n".join(sys.modules))
"""


@pytest.mark.parametrize(
    "words", ["--help", "events --help", "device --help", "device enrol --help"]
)
def test_help_imports_nothing_heavy(words: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words.split()], capture_output=True, text=True, check=True
    )
    assert "Usage: vigie" in shown.stdout
    imported = set(shown.stderr.splitlines())
    assert not imported.intersection(HEAVY)
