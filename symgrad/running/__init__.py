"""Running code: blocks and threads, buffers, faults, and compilers of the system."""
