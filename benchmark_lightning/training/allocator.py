"""Memory of the CPU that one training step frees, kept for the next one."""

import ctypes
import platform

# Source: malloc.h of glibc and mallopt(3): -1 never trims, and the largest block not from mmap is half a heap of 64 MiB.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER, _LARGEST = -1, 32 * 2**20


def reuse_freed_memory() -> bool:
    """Lets this process keep what it frees, and returns whether its C library can.

    A training step allocates and frees the same hundreds of megabytes again and again. By default glibc returns much
    of it to the system, which must map fresh zero-filled pages, one page fault each. PyTorch's own allocator keeps a
    GPU's memory in just this way.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return bool(library.mallopt(_M_TRIM_THRESHOLD, _NEVER)) and bool(library.mallopt(_M_MMAP_THRESHOLD, _LARGEST))
