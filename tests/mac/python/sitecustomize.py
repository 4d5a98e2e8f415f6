"""Makes every Python that finds this on its path believe that it runs on a Mac. For tests/mac/place.py.

What Python itself has of a system is made a Mac's here; what programs and the kernel have, there.
"""

from __future__ import annotations

import collections
import importlib
import json
import os
import subprocess
import sys
import sysconfig
import types

import psutil  # the Linux half of it, which stands for the other: both are asked by the same calls

psutil.PROCFS_PATH = os.environ["STAND_IN_PROC"]
psutil._pslinux.ntp.scputimes = psutil._pslinux._scputimes_ntuple(psutil.PROCFS_PATH)  # looked for in /proc when it was imported
_linuxs = psutil.cpu_times
_Times = collections.namedtuple("_Times", ("user", "nice", "system", "idle"))  # noqa: PYI024 -- all that a Mac tells
psutil.cpu_times = lambda: _Times(*_linuxs()[:4])

sysconfig.get_config_vars()  # how this very Python was built, which is read from a file named after its system, once
sys.platform = "darwin"
_uname = os.uname_result(("Darwin", "mac.local", "25.1.0", "Darwin Kernel Version 25.1.0", "arm64"))
os.uname = lambda: _uname

for _module, _names in json.loads(os.environ["STAND_IN_LACKS"]).items():
    for _name in _names:
        vars(importlib.import_module(_module)).pop(_name, None)

sys.modules.pop("selectors", None)  # has seen epoll already; the next one to import it looks again

# The standard library asks macOS for its proxies by a module of C that only a Mac has.
_proxies = types.ModuleType("_scproxy")
_proxies._get_proxy_settings = _proxies._get_proxies = dict
sys.modules["_scproxy"] = _proxies

# Without it Python starts programs by fork, as it does there, with all that gRPC hangs on that.
subprocess._USE_VFORK = False
