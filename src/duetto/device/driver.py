"""Asks the NVIDIA driver directly whether a CUDA device is present, because importing torch takes seconds."""

import ctypes
import os


def has_cuda_driver() -> bool:
    """True when the NVIDIA driver reports at least one device that CUDA_VISIBLE_DEVICES does not hide."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    try:
        driver = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
