"""How much memory processes hold together: every page once, however many of them map it.

A sum of resident sizes counts the libraries that processes share as often as there are processes;
what a machine has less of for running them is each page once.
"""

import mmap
import os
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) (\S+) (\d+) *(.*)$", re.MULTILINE)
# Documentation/admin-guide/mm/pagemap.rst: present; a page of a file, or shared between processes.
_PRESENT, _OF_FILE = np.uint64(1 << 63), np.uint64(1 << 61)
_ENTRY_BYTES = 8


def sum_bytes(processes: Iterable[int]) -> int:
    """Resident sizes added up, shared pages as often as they are mapped."""
    pages = sum(int(Path(f"/proc/{process}/statm").read_text().split()[1]) for process in processes)
    return pages * mmap.PAGESIZE


def once_bytes(processes: Iterable[int]) -> int:
    """Every page once. Raises: OSError for a process that is gone or somebody else's."""
    own = 0
    shared: dict[tuple[str, str], set[int]] = {}
    for process in processes:
        maps = Path(f"/proc/{process}/maps").read_text()
        with Path(f"/proc/{process}/pagemap").open("rb", buffering=0) as pagemap:
            for begins, ends, offset, device, inode, _ in _MAPPING.findall(maps):
                first, last = int(begins, 16) // mmap.PAGESIZE, int(ends, 16) // mmap.PAGESIZE
                entries = _read_entries(pagemap.fileno(), first, last)
                is_there = (entries & _PRESENT) != 0
                is_shared = is_there & ((entries & _OF_FILE) != 0) & (inode != "0")
                own += int((is_there & ~is_shared).sum())
                places = np.flatnonzero(is_shared) + int(offset, 16) // mmap.PAGESIZE
                shared.setdefault((device, inode), set()).update(places.tolist())
    return (own + sum(len(places) for places in shared.values())) * mmap.PAGESIZE


def _read_entries(
    handle: int, first: int, last: int
) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    size_bytes = (last - first) * _ENTRY_BYTES
    try:
        read = os.pread(handle, size_bytes, first * _ENTRY_BYTES)
    except OSError:  # the kernel's own page, [vsyscall]
        read = b""
    return np.frombuffer(read, np.uint64)
