"""The pipeline that makes Vigie's own detector for poles; `tools/train` is its program.

May read pictures, teachers and the manifest, and write labels, checkpoints and model files below
one folder. Nothing of `eval/` trains, calibrates or chooses a checkpoint.
Read `manifest.py` first (what goes in), then `agreement.py` (labels), `net.py`, `loop.py`.
"""
