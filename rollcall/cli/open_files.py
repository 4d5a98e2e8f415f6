"""How many files, sockets among them, this process may have open at a time."""

from __future__ import annotations

import resource

WANTED = (65_536, 10_240, 4_096)
"""macOS calls its hard limit infinite and refuses more than kern.maxfilesperproc, which differs: one after the other is tried."""


def allow_many() -> int:
    """Raises the soft limit as far as this process may, and returns it. A shell on macOS gives 256, one on Linux 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in WANTED:
        aim = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft == resource.RLIM_INFINITY or soft >= aim:
            break
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (aim, hard))
        except (ValueError, OSError):
            continue
        return aim
    return WANTED[0] if soft == resource.RLIM_INFINITY else soft
