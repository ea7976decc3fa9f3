"""Accuracy on real footage: detector, tracker, events. Start reading at `report.py`."""
