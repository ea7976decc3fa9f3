"""Other people's programs that we measure ourselves against, each run in its own environment.

Nothing here imports `edge`, and nothing but `tools` starts it. Start reading at `serving.py`.
"""
