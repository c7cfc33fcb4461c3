"""Why the start failed, as one sentence that says what to do."""

from errno import EACCES, EDQUOT, ENOSPC, EPERM, EROFS

DISK = {EACCES, EDQUOT, ENOSPC, EPERM, EROFS}


class CannotStart(Exception):
    """Shown to the user without a traceback; the process ends with status 1."""


def disk_trouble(error: OSError, what: str) -> CannotStart:
    """The sentence for an ``OSError`` met while writing."""
    if error.errno in {ENOSPC, EDQUOT}:
        return CannotStart(f"the disk is full: {what} could not be written; free some space and start again.")
    return CannotStart(f"{what} could not be written ({error.strerror}); check who owns it.")
