"""The folder in which the processes of one machine keep their metrics together; to be named before any metric is made."""

import os
from pathlib import Path

from project.env import Refused

_NAME = "PROMETHEUS_MULTIPROC_DIR"


def share_metrics(folder: str | None) -> None:
    """Have this process's metrics kept in `folder`, or in the process alone; raises Refused where it cannot be made."""
    os.environ.pop(_NAME, None)
    if folder is None:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"onesocket: {_NAME} must be a folder that can be made: {error.strerror}.") from None
    os.environ[_NAME] = folder
    # The library decides at its import whether it keeps values in files.
    from prometheus_client.multiprocess import mark_process_dead

    # Of an earlier process that had the id this one has.
    mark_process_dead(os.getpid(), folder)  # type: ignore[no-untyped-call]
