"""How the compiled functions of charge transport are compiled.

Only what Python calls is decorated with numba's own `njit`; the others are called by compiled code alone, and go
without the entry for Python, which takes as long to compile as the function: it would unpack every array of a
device.
"""

from numba import njit

# numba's stubs leave out options of its compiler that its documentation lists.
inner = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)  # pyright: ignore[reportCallIssue]
inner_contracted = njit(  # pyright: ignore[reportCallIssue]
    error_model="numpy", fastmath={"contract"}, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
"""The same where a product and a sum may be rounded once."""
