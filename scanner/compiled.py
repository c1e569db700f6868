"""Kernels: functions over arrays that are plain Python until there is enough to do, and machine code from then on.

numba takes longer to load than a small file takes to scan. So `kernel` leaves a function as it stands, and `expect` is
told how much is about to be done; from `COMPILE_FROM` bytes on all kernels are compiled (from numba's cache where it
has them) and stay so. Until then a kernel runs with `memoryview`s for its arrays and whole numbers for `np.int64`,
which is several times faster in the interpreter than numpy's own scalars and gives the same results, on one condition:
a kernel's arithmetic must not rely on wrapping around; it masks instead.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np

#: Bytes of cells from which compiling pays: to load the compiled kernels costs what a plain pass over so many does.
COMPILE_FROM = 1 << 17

_lock = threading.RLock()
_expected = 0
_compiled = False
_kernels: list[Kernel] = []
_told: list[Callable[[], None]] = []
_plain: dict[int, dict[str, Any]] = {}  # by the identity of a module's globals


class _Numbers:
    """What stands for numpy within a kernel that is not compiled."""

    int64 = int

    @staticmethod
    def zeros(length: int, _: Any) -> list[int]:
        return [0] * length

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _plain_value(value: Any) -> Any:
    if value is np:
        return _Numbers()
    if isinstance(value, np.ndarray):
        return memoryview(value)  # type: ignore[arg-type]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_plain_value, value))
    return int(value) if isinstance(value, np.integer) else value


def _plain_globals(names: dict[str, Any]) -> dict[str, Any]:
    """A module's globals as its kernels see them when they are not compiled; made once a module."""
    with _lock:
        if id(names) not in _plain:
            made = _plain[id(names)] = {name: _plain_value(value) for name, value in names.items()}
            made.update({name: value.plain for name, value in names.items() if isinstance(value, Kernel)})
        return _plain[id(names)]


class Kernel:
    """A function over arrays and numbers that may be compiled."""

    def __init__(self, function: Any, inline: bool) -> None:
        """`inline` puts the function into its callers when they are compiled."""
        self.function: Any = function
        self._inline = inline
        self._plain: Callable[..., Any] | None = None
        self._machine: Callable[..., Any] | None = None
        self._linked = False

    @property
    def plain(self) -> Callable[..., Any]:
        """The function in the interpreter; takes memoryviews for arrays."""
        if self._plain is None:
            names = _plain_globals(self.function.__globals__)
            self._plain = FunctionType(self.function.__code__, names, self.function.__name__)
        return self._plain

    @property
    def machine(self) -> Callable[..., Any]:
        """The function compiled; takes arrays."""
        if not self._linked:
            with _lock:
                _link(self)
        assert self._machine is not None
        return self._machine

    def interpreted(self, *arguments: Any) -> Any:
        """Run it in the interpreter."""
        return self.plain(*map(_plain_value, arguments))

    def __call__(self, *arguments: Any) -> Any:
        """Run it as it is at present."""
        return self.machine(*arguments) if _compiled else self.interpreted(*arguments)


def _makes_arrays(function: Any) -> bool:
    """Whether a kernel makes arrays of its own, whose memory is to be freed."""
    return not {"zeros", "empty", "empty_like"}.isdisjoint(function.__code__.co_names)


def _link(first: Kernel) -> None:
    """Make a kernel and all that it may call ready to be compiled; under the lock.

    Compiled code calls a kernel by its name in the module, so the compiled ones must stand there before any is called:
    only then are they linked, which is what other threads look at.
    """
    import numba

    cache = _cache()
    while _told:
        _listen(_told.pop())
    made: list[Kernel] = []
    todo = [first]
    while todo:
        one = todo.pop()
        if one._machine is None:
            inline = "always" if one._inline else "never"
            # callers hold the arrays: to count who else does takes longer than many a kernel
            machine: Any = numba.njit(nogil=True, inline=inline, _nrt=_makes_arrays(one.function))(one.function)
            if not one._inline:
                machine._cache = cache(one.function)
            one._machine = machine
            _plain_globals(one.function.__globals__)
            made.append(one)
            todo += [value for value in one.function.__globals__.values() if isinstance(value, Kernel)]
    for one in made:
        names = one.function.__globals__
        names.update({name: value._machine for name, value in names.items() if isinstance(value, Kernel)})
    for one in made:
        one._linked = True


@lru_cache(maxsize=1)
def _cache() -> Any:
    """A cache of machine code that is loaded without what only a compiler needs, which takes a quarter of a second."""
    from llvmlite import binding
    from numba.core import environment
    from numba.core.caching import CompileResultCacheImpl, FunctionCache
    from numba.core.runtime import rtsys

    nothing = binding.parse_assembly("").as_bitcode()
    rebuilt = environment._rebuild_env

    def environed(module: str, constants: Any, name: str) -> Any:
        """The environment of a function; that of one of numba's needs no module, which takes long to load."""
        if module in sys.modules or not module.startswith("numba."):
            return rebuilt(module, constants, name)
        found = environment.lookup_environment(name)
        if found is None:
            found = environment.Environment._memo[name] = environment.Environment({"__name__": module})
            found.consts[:] = constants
            found.env_name = name
        return found

    class Machine(CompileResultCacheImpl):  # type: ignore[misc]
        def rebuild(self, target_context: Any, payload: Any) -> Any:
            (name, kind, (code, bitcode)), function, *rest = payload
            known = target_context.codegen()._engine._defined_symbols
            known |= {function.llvm_func_name, function.llvm_cpython_wrapper_name}
            made = super().rebuild(target_context, ((name, kind, (code, nothing)), function, *rest))
            # only callers that are compiled ask for it
            made._asdict()["library"]._get_module_for_linking = lambda: binding.parse_bitcode(bitcode)
            return made

    class Cache(FunctionCache):  # type: ignore[misc]
        _impl_class = Machine

        def _index_key(self, sig: Any, codegen: Any) -> Any:
            return *super()._index_key(sig, codegen), _makes_arrays(self._py_func)

        def load_overload(self, sig: Any, target_context: Any) -> Any:
            refresh, target_context.refresh = target_context.refresh, lambda: rtsys.initialize(target_context)
            environment._rebuild_env = environed
            try:
                return super().load_overload(sig, target_context)
            finally:
                target_context.refresh, environment._rebuild_env = refresh, rebuilt

    return Cache


def _listen(tell: Callable[[], None]) -> None:
    from numba.core import event

    class Listener(event.Listener):  # type: ignore[misc]
        def on_start(self, event: Any) -> None:
            tell()

        def on_end(self, event: Any) -> None:
            tell()

    event.register("numba:compile", Listener())


def kernel(function: Any = None, *, inline: bool = False) -> Any:
    """Decorate a function that may be compiled."""
    if function is None:
        return lambda given: kernel(given, inline=inline)
    made = Kernel(function.function if isinstance(function, Kernel) else function, inline)
    _kernels.append(made)
    return made


def tell_of_compiling(tell: Callable[[], None]) -> None:
    """Have `tell` called when a kernel begins and ends to be compiled; where none is cached, all take minutes."""
    if "numba" in sys.modules:
        _listen(tell)
    else:
        _told.append(tell)


def kernels() -> tuple[Kernel, ...]:
    """Every kernel of the modules loaded so far."""
    return tuple(_kernels)


def expect(size: int) -> None:
    """So many bytes of cells are about to be passed to kernels."""
    global _expected
    if not _compiled:
        _expected += size
        if _expected >= COMPILE_FROM:
            compile_all()


def is_compiled() -> bool:
    """Whether kernels run as machine code by now."""
    return _compiled


def compile_all() -> None:
    """Compile from here on, whatever there is to do."""
    global _compiled
    _compiled = True
