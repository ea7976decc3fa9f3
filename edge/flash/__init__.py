"""Writing cards: which disk, whether the image is whole, write, read back, then this pole's file.

Runs at a desk, never on a pole; it loads no room. The order is the safety: the image is checked
before a disk is touched, its partition table is written last, and the provisioning file only once
everything was read back. Start reading at `writing.py`, then `disks.py`.
"""
