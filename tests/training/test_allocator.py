"""A training that hands its memory back after each step waits for the system to give it anew: a fifth of its time."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, torch
from benchmark_lightning.training.allocator import reuse_freed_memory
assert reuse_freed_memory()
def step():
    blocks = [torch.zeros(2**21) for _ in range(8)]  # 8 MiB each, freed together
for _ in range(4):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_memory_that_was_freed_is_used_again_without_asking_the_system():
    result = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    assert int(result.stdout) < 1000  # as it comes, a quarter of a million page faults
