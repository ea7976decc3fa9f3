"""From a model's answers to boxes, one head a file; overlaps are left in, `nms` removes them.

Start reading at `head.py`.
"""
