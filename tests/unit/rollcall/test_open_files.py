from __future__ import annotations

import resource

import pytest

from rollcall.cli import open_files

INFINITE = resource.RLIM_INFINITY


class Kernel:
    """Its limits, and the most that it gives whatever the hard limit says."""

    def __init__(self, soft: int, hard: int, most: int) -> None:
        self.limits = (soft, hard)
        self.most = most

    def getrlimit(self, _which: int) -> tuple[int, int]:
        return self.limits

    def setrlimit(self, _which: int, limits: tuple[int, int]) -> None:
        if limits[0] > self.most:
            raise ValueError("current limit exceeds maximum limit")
        self.limits = limits


@pytest.mark.parametrize(
    ("kernel", "allowed"),
    [
        (Kernel(256, INFINITE, 245_760), 65_536),  # macOS
        (Kernel(256, INFINITE, 24_576), 10_240),  # macOS with less memory
        (Kernel(256, INFINITE, 1_000), 256),
        (Kernel(1024, 524_288, 524_288), 65_536),  # Debian
        (Kernel(1024, 4096, 4096), 4096),
        (Kernel(256, 256, 256), 256),
        (Kernel(1_048_576, 1_048_576, 1_048_576), 1_048_576),  # Docker
        (Kernel(INFINITE, INFINITE, 10), 65_536),
    ],
)
def test_the_limit_is_raised_as_far_as_the_kernel_goes(monkeypatch: pytest.MonkeyPatch, kernel: Kernel, allowed: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", kernel.getrlimit)
    monkeypatch.setattr(resource, "setrlimit", kernel.setrlimit)
    hard = kernel.limits[1]
    assert open_files.allow_many() == allowed
    assert kernel.limits[1] == hard, "the hard limit cannot be raised again, so it is left alone"
    assert allowed <= kernel.limits[0] or kernel.limits[0] == INFINITE
