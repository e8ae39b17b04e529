"""First moments of every service process: tell the reaper, ask to die with the parent, become the service.

Runs as `python -I -S launcher.py REAPER_FD PARENT_PID COMMAND...` with the standard library only. It stands between
fork and exec because Python code in a forked child of a threaded program may deadlock.
"""

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
NOT_FOUND_EXIT_CODE = 127


def main(arguments: list[str]) -> None:
    """Never returns."""
    reaper_descriptor, parent_pid, *command = arguments
    os.write(int(reaper_descriptor), b"+%d\n" % os.getpid())
    os.close(int(reaper_descriptor))
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  costs time, and only Linux needs it

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent_pid):
        os._exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606  a shell is what is to be avoided
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
