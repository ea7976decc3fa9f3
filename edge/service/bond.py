"""A room's life hangs on its starter's: the kernel ends the room when the starter is gone.

Each room inherits the reading end of a pipe whose writing end only its starter holds, and asks the
kernel for SIGKILL when that end closes, however the starter came to its end. PR_SET_PDEATHSIG would
not outlast a change of user, and a thread that waits would not end a room that hangs. It is as
sudden as a power cut, for which every room is made. systemd ends a unit's processes itself and
gives no pipe.
"""

import fcntl
import os
import select
import signal
import stat
from collections.abc import Mapping

BOND_VARIABLE = "VIGIE_STARTER_PIPE"


def end_with_starter(environment: Mapping[str, str]) -> None:
    """Have this process killed when its starter ends; without a starter that wants it, nothing."""
    number = environment.get(BOND_VARIABLE, "")
    if not number.isdecimal():
        return
    pipe = int(number)
    try:
        if not stat.S_ISFIFO(os.fstat(pipe).st_mode):
            return
    except OSError:
        return  # named by an environment that outlived the starter it speaks of
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    poller = select.poll()
    poller.register(pipe, 0)
    # It may have ended while this process was still loading.
    if poller.poll(0):
        os.kill(os.getpid(), signal.SIGKILL)
