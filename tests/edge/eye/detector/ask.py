"""Ask one runtime what one model finds in pictures; contract tests run it in each environment.

Usage: python -m tests.edge.eye.detector.ask RUNTIME MODELS_DIR NAME PICTURE.npy...
Prints one JSON object a picture: boxes, scores, classes.
"""

import json
import sys
from pathlib import Path

import numpy as np

from edge.eye.detector import Library, load


def main() -> None:
    """Load once, answer for every picture."""
    runtime, models_dir, name, *pictures = sys.argv[1:]
    library = Library(Path(models_dir))
    detector = load(library.card(name), library, runtime=runtime)
    for picture in pictures:
        found = detector.find(np.load(picture))
        answer = {
            "boxes": found.boxes_frac.tolist(),
            "scores": found.scores.tolist(),
            "classes": found.classes.tolist(),
        }
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
