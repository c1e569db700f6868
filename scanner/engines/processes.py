"""Files on worker processes, so that one that kills or hangs its reader costs no more than itself.

A worker takes files one after the other and tells what it opens, what it leaves and what it finds. One that dies, takes
too long or runs out of memory costs the source that it had open: the file is tried once more by a new worker that has
nothing else to do, from where it stood, and a source that fails there too is left out. Results come in the order of the
files, whichever worker took which.

The standard library's pools are not used: one dead worker breaks a `ProcessPoolExecutor` for good, none of them can end
a single task, and a worker started afresh imports the caller's `__main__`, which a notebook has none of.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import io
import os
import pickle
import select
import signal
import struct
import sys
import threading
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from operator import attrgetter, methodcaller
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from scanner.errors import InternalError, OptionError
from scanner.ingest.course import LeftOut, Lessons, Place
from scanner.ingest.interface import Source, Stream
from scanner.ingest.sources import FileSource, StdinSource
from scanner.options import ScanOptions
from scanner.terms import ProblemCode

if TYPE_CHECKING:
    import subprocess

Result = TypeVar("Result")
Item = TypeVar("Item")


def _read_only(held: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(held)


def _taken_apart(of: type) -> Callable[[Any], tuple[Any, ...]] | None:
    """What takes a value of a type apart into what makes it again; None where pickle knows by itself."""
    if issubclass(of, MappingProxyType):
        return lambda held: (_read_only, (dict(held),))
    if issubclass(of, Enum):
        return lambda held: (of, (held.value,))
    if not is_dataclass(of) or not all(one.init for one in fields(of)):
        return None
    names = [one.name for one in fields(of)]
    get = attrgetter(*names) if len(names) > 1 else None
    return lambda record: (of, get(record) if get else tuple(getattr(record, name) for name in names))


#: What pickle does with values that it is told nothing of.
_AS_THEY_ARE = methodcaller("__reduce_ex__", pickle.HIGHEST_PROTOCOL)


class _Ways(dict[type, Callable[[Any], tuple[Any, ...]]]):
    """Type → what takes its values apart, found when one is first met."""

    def __missing__(self, of: type) -> Callable[[Any], tuple[Any, ...]]:
        if issubclass(of, type):
            raise KeyError(of)  # a class, which stands by its name
        self[of] = apart = _taken_apart(of) or _AS_THEY_ARE
        return apart


class _Pickler(pickle.Pickler):
    """Takes records apart faster than they do it themselves, and read-only mappings, which pickle does not know."""

    dispatch_table = _Ways()


_LENGTH = struct.Struct("<Q")
#: Files given to a worker before it has answered for the first, and their bytes.
_AHEAD, _AHEAD_BYTES = 32, 1 << 18
#: Files that a worker is given beyond which nobody has to listen to it at once, and seconds for which nobody does.
_BUSY, _NAP = 12, 0.01
#: Bytes that a pipe may hold, and those from which a message is written as it is.
_PIPE, _LARGE = 1 << 20, 1 << 16
#: What a worker tells together with what it tells next.
_LATER = frozenset({"close", "end"})
#: Files known before the first is finished, for each worker, and bytes of results held for later.
_WINDOW, _HELD = 512, 64 << 20
#: Items that are known before the first of them is finished, files or not.
_KNOWN = 4096
#: Attempts at one file before the rest of it is given up.
_MOST_ATTEMPTS = 32
#: Seconds between looks at the workers where nothing is heard, and seconds that one may take to start.
_TICK, _START = 0.5, 120.0
#: Workers one after the other that may end before they have begun.
_MOST_STILL_BORN = 3
#: Bytes for which a source may take a second more than it may anyway.
_A_SECOND = 1 << 20
#: How much larger than its file a member is believed to be when time is allowed for it.
_BELIEVED = 100

_DIED = "the process that read it was ended by {}, twice; what it had not given by then was left out"
_OVERDUE = "reading it took longer than max_seconds ({:g}), twice; what it had not given by then was left out"
_EXHAUSTED = "reading it took more memory than max_memory, twice; what it had not given by then was left out"

Tell = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be read."""

    file: str
    path: str
    """Provenance path."""
    threads: int
    lessons: Lessons = field(default_factory=Lessons)
    kept: Source | None = None
    """What to read in the place of a file, where it is no file on disk; a worker is forked with it."""


#: What a worker does with a file. It tells what a `Course` tells, `("result", one)`, and what it likes beside.
Work = Callable[[Job, Tell], None]


def _packed(message: tuple[Any, ...]) -> memoryview:
    stream = io.BytesIO(bytes(_LENGTH.size))
    stream.seek(_LENGTH.size)
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(message)
    data = stream.getbuffer()
    _LENGTH.pack_into(data, 0, len(data) - _LENGTH.size)
    return data


def _unpacked(buffer: bytearray) -> Iterator[tuple[tuple[Any, ...], int]]:
    """The whole messages at the front of a buffer, with the bytes of each; what is taken is gone from it."""
    at = 0
    try:
        while len(buffer) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, at)
            end = at + _LENGTH.size + length
            if len(buffer) < end:
                return
            with memoryview(buffer) as view, view[at + _LENGTH.size : end] as body:
                message, at = pickle.loads(body), end
            yield message, length
    finally:
        del buffer[:at]


def _written(out: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(out, view) :]


class _Answers:
    """What a worker tells its parent."""

    def __init__(self, out: int) -> None:
        self._out, self._held = out, b""

    def tell(self, *message: Any) -> None:
        """Tell it at once, or with the next message where nothing hangs on it before."""
        data = _packed(message)
        if len(data) > _LARGE:
            self.flush()
            _written(self._out, data)
            return
        self._held += data
        if message[0] not in _LATER:
            self.flush()

    def flush(self) -> None:
        """Tell what was held back."""
        data, self._held = self._held, b""
        _written(self._out, data)


def afresh(module: str) -> list[str]:
    """The command that starts a worker by a module's `serve_worker`.

    It imports what this process would; neither the working folder nor the environment has a say.
    """
    program = f"import sys; sys.path[:] = sys.argv[1:-3]; from {module} import serve_worker; serve_worker()"
    return [sys.executable, "-I", "-c", program, *(path for path in sys.path if path)]


def served(make: Callable[..., Work]) -> NoReturn:
    """Be a worker process that was started afresh: its pipes and its parent are the last three arguments.

    `make` is given what it is sent first, the options before all else.
    """
    jobs, answers, parent = map(int, sys.argv[-3:])
    with os.fdopen(os.dup(jobs), "rb", buffering=0) as stream:
        (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
        setup = pickle.loads(stream.read(length))
    options: ScanOptions = setup[0]
    serve(jobs, answers, parent, options.limits.max_memory, make(*setup))


def _confine(memory: int, parent: int) -> None:
    """Bound what this process may do: memory, output, and life once its parent is gone; no image of it on disk."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    faulthandler.disable()
    gc.freeze()  # what is shared with the parent stays shared
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # what a library prints may hold cells
        os.dup2(nowhere, descriptor)
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError):  # to be chosen before all else where the system runs out of memory
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
        data = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        most = data + memory if hard == resource.RLIM_INFINITY else min(data + memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        control = ctypes.CDLL(None).prctl
        control(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
        control(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
    if os.getppid() != parent:
        os._exit(1)


def serve(jobs: int, answers: int, parent: int, memory: int, work: Work) -> NoReturn:
    """Be a worker: do the jobs that come, until there are no more or the parent is gone."""
    status = 1
    out = _Answers(answers)
    try:
        _confine(memory, parent)
        out.tell("ready")
        given = bytearray()
        while data := os.read(jobs, 1 << 16):
            given += data
            for message, _ in _unpacked(given):
                try:
                    work(message[0], out.tell)
                except MemoryError:
                    out.tell("exhausted")
                    os._exit(0)
                out.tell("end")
            out.flush()
        status = 0
    except (OptionError, InternalError) as error:
        out.tell("failed", isinstance(error, OptionError), str(error))
    except BaseException as error:
        out.tell("failed", False, _place(error))
    finally:
        os._exit(status)


def _place(error: BaseException) -> str:
    """What failed where, without the text of a foreign exception."""
    last, trace = "", error.__traceback__
    while trace is not None:
        last = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"a worker process failed with {type(error).__name__}{last}"


@dataclass(frozen=True, slots=True)
class Given:
    """A file for the workers, or what is kept in the place of one."""

    file: Path | None
    path: str
    size: int
    wide: bool
    """It is worth all threads."""
    kept: Source | None = None
    """Where there is no file; only where workers are forked."""

    @staticmethod
    def of(item: Source | Stream, wide: Callable[[int], bool] = lambda size: False) -> Given | None:
        """What the workers are given of what a walk came upon; None for what is not read by them.

        `wide` tells of a size whether it is worth all threads. Standard input is read to its end first, so that it can
        be read again.
        """
        if isinstance(item, FileSource):
            return Given(item.file(), item.path, item.size or 0, wide(item.size or 0))
        if not isinstance(item, StdinSource) or not forks():
            return None
        item.keep()
        return Given(None, item.path, item.size or 0, wide(item.size or 0), item)


@dataclass(slots=True)
class _Task(Generic[Result]):
    """A file, what was found in it, and where the present attempt stands."""

    file: str
    path: str
    size: int
    wide: bool
    instead: Source | None
    """What is read where there is no file."""
    results: list[Result] = field(default_factory=list)
    held: int = 0
    """Bytes of the results, as they came."""
    done: bool = False
    alone: bool = False
    attempts: int = 0
    failures: Counter[Place] = field(default_factory=Counter)
    left_out: dict[Place, LeftOut] = field(default_factory=dict)
    given_up: LeftOut | None = None
    open: list[tuple[Place, int, int]] = field(default_factory=list)
    """Sources that are open, the innermost last: place, results before it, bytes to allow time for."""
    closed: dict[Place, tuple[int, int]] = field(default_factory=dict)
    """Sources done with, and which of the results are theirs."""
    kept: dict[Place, list[Result]] = field(default_factory=dict)
    """What sources gave that were done with in earlier attempts."""

    def hear(self, what: str, rest: tuple[Any, ...], size: int) -> bool:
        """Take in a message; whether it is one about the course of a task."""
        if what == "result":
            self.results.append(rest[0])
            self.held += size
        elif what == "open":
            place, stated = rest
            bytes_ = self.size if stated is None else min(stated, _BELIEVED * self.size)
            self.open.append((place, len(self.results), bytes_))
        elif what == "close":
            place, before, _ = self.open.pop()
            self.closed[place] = before, len(self.results)
        elif what == "kept":
            before = len(self.results)
            self.results += self.kept[rest[0]]
            self.closed[rest[0]] = before, len(self.results)
        elif what == "end":
            self.done = True
        else:
            return False
        return True

    def seconds(self, most: float) -> float:
        """How long the source that is open may take."""
        return most + (self.open[-1][2] if self.open else self.size) / _A_SECOND

    def failed(self, code: ProblemCode, message: str) -> None:
        """The attempt came to grief: make ready for the next, or give up."""
        self.attempts += 1
        self.alone = True
        for place, before, _ in reversed(self.open):
            self.failures[place] += 1
            if self.failures[place] == 1:
                break
            if place not in self.left_out:
                self.left_out[place] = LeftOut(len(self.results) - before, code, message)
                break
        else:
            # no source was open, or even those left out bring the reader down
            self.failures["", 0] += 1
            if self.open or self.failures["", 0] > 1:
                self.given_up = LeftOut(0, code, message)
        if self.attempts >= _MOST_ATTEMPTS:
            self.given_up = LeftOut(0, code, message)
        if self.given_up is not None:
            self.done = True  # what was found before counts
            return
        self.kept.update({place: self.results[first:last] for place, (first, last) in self.closed.items()})
        self.results, self.held = [], 0
        self.open.clear()
        self.closed.clear()

    def lessons(self) -> Lessons:
        return Lessons(frozenset(self.kept), MappingProxyType(dict(self.left_out)))


#: Ends of pipes that a forked process must not hold open, for then nobody sees when the other end is gone.
_ours: set[int] = set()


def forks() -> bool:
    """Whether workers are forked now, and so have what this process holds."""
    return sys.platform == "linux" and threading.active_count() == 1


def _keeping(work: Work, kept: Source) -> Work:
    """The work of a worker that is forked with a source."""
    return lambda job, tell: work(job if job.file else replace(job, kept=kept), tell)


class _Worker(Generic[Result]):
    """A process, what it was given and how long it has been at it."""

    def __init__(self, work: Work, memory: int, command: list[str], setup: tuple[Any, ...]) -> None:
        self.tasks: deque[_Task[Result]] = deque()
        self.ready, self.exhausted, self.clock = False, False, 0.0
        self._used, self._buffer = 0.0, bytearray()
        jobs, self.jobs = os.pipe()
        self.answers, answers = os.pipe()
        if sys.platform == "linux":
            import fcntl

            with contextlib.suppress(OSError):  # the system may not spare as much
                fcntl.fcntl(answers, fcntl.F_SETPIPE_SZ, _PIPE)
        _ours.update((self.jobs, self.answers))
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the worker has learnt to ignore it
        self._child: subprocess.Popen[bytes] | None = None
        try:
            # a fork costs next to nothing, but is safe only where no other thread may hold a lock
            if forks():
                self.pid = self._forked(jobs, answers, memory, work)
            else:
                import subprocess

                ends = [str(jobs), str(answers), str(os.getpid())]
                self._child = subprocess.Popen([*command, *ends], pass_fds=(jobs, answers), stdin=subprocess.DEVNULL)
                self.pid = self._child.pid
        finally:
            os.close(jobs)
            os.close(answers)
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        if self._child is not None:
            self._send(*setup)

    @staticmethod
    def _forked(jobs: int, answers: int, memory: int, work: Work) -> int:
        parent = os.getpid()
        with warnings.catch_warnings():
            # numpy's library keeps threads of its own, which are at rest and made anew in the child
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid:
            return pid
        try:
            for descriptor in _ours:
                os.close(descriptor)
            serve(jobs, answers, parent, memory, work)
        finally:
            os._exit(1)

    def _send(self, *message: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # a dead worker is noticed by its answers
            _written(self.jobs, _packed(message))

    def give(self, task: _Task[Result], threads: int) -> None:
        if not self.tasks:
            self.clock = 0.0
        self.tasks.append(task)
        self._send(Job(task.file, task.path, threads, task.lessons()))

    def messages(self) -> list[tuple[tuple[Any, ...], int]] | None:
        """What has come in, with the bytes of each; None where the process has ended."""
        data = os.read(self.answers, 1 << 20)
        if not data:
            return None
        self._buffer += data
        try:
            return list(_unpacked(self._buffer))
        except Exception:  # not what a sound process sends
            return None

    def spent(self, passed: float) -> float:
        """How many of the seconds that passed it had: those for which it waits for a processor do not count."""
        try:
            state = (
                Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
            )
        except OSError:
            return passed
        used = (int(state[11]) + int(state[12])) / os.sysconf("SC_CLK_TCK")
        since, self._used = used - self._used, used
        return min(passed, since) if state[0] == "R" else passed

    def overdue(self, seconds: float) -> bool:
        """Whether it has been at it for too long."""
        if not self.ready:
            return self.clock > _START + seconds
        return bool(self.tasks) and self.clock > self.tasks[0].seconds(seconds)

    def end(self) -> int:
        """End the process, and what ended it: a signal below 0, a status from 0 on.

        It is killed even where it is idle: nothing that it holds is worth a wait.
        """
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        for descriptor in (self.jobs, self.answers):
            _ours.discard(descriptor)
            os.close(descriptor)
        if self._child is not None:
            return self._child.wait()
        try:
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:
            return 0


class ProcessEngine(Generic[Result]):
    """Worker processes, started when there is something for them to do."""

    def __init__(
        self,
        workers: int,
        seconds: float,
        memory: int,
        work: Work,
        command: list[str],
        setup: tuple[Any, ...],
        hear: Callable[..., None],
    ) -> None:
        """At most `workers` processes do `work`, each with `memory` bytes beyond what it is born with.

        A source may take `seconds`, and one more for each MiB. Where a process cannot be forked, `command` starts one,
        which is told the numbers of its pipes and of its parent, and is sent `setup` first. `hear` is told what else
        the worker tells of the file whose results are taken at present.
        """
        self._most, self._seconds, self._memory, self._work = workers, seconds, memory, work
        self._command, self._setup, self._hear = command, setup, hear
        self._workers: list[_Worker[Result]] = []
        self._waiting: deque[_Task[Result]] = deque()
        self._order: deque[_Task[Result]] = deque()
        self._still_born = 0
        self._held = 0
        self._looked = time.monotonic()

    def __enter__(self) -> ProcessEngine[Result]:
        """The engine, to be closed."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        while self._workers:
            self._workers.pop().end()

    @property
    def full(self) -> bool:
        """Whether no more files should be put in before some are taken out."""
        return len(self._order) >= _WINDOW * self._most or self._held > _HELD

    def put(self, given: Given) -> None:
        """A file to be read, whose results come in turn."""
        file = "" if given.file is None else str(given.file)
        task: _Task[Result] = _Task(file, given.path, given.size, given.wide, given.kept)
        task.alone = given.kept is not None  # a worker that is there already does not have it
        self._order.append(task)
        self._waiting.append(task)
        if len(self._waiting) >= _AHEAD:
            self._hand_out()

    def in_order(
        self, items: Iterator[Item], given: Callable[[Item], Given | None]
    ) -> Iterator[tuple[Item, Iterator[Result | LeftOut] | None]]:
        """The items, with what is found in each that is `given` to the workers; many are at work before their turn."""
        ahead: deque[tuple[Item, bool]] = deque()
        while True:
            while not self.full and len(ahead) < _KNOWN and (item := next(items, None)) is not None:
                work = given(item)
                ahead.append((item, work is not None))
                if work is not None:
                    self.put(work)
            if not ahead:
                return
            item, working = ahead.popleft()
            yield item, self.results() if working else None

    def results(self) -> Iterator[Result | LeftOut]:
        """What is found in the file put in first, as it comes; a `LeftOut` last where the file was given up."""
        task = self._order[0]
        given = 0
        while True:
            while given < len(task.results):
                given += 1
                yield task.results[given - 1]
            if task.done:
                break
            self._turn()
        self._held -= self._order.popleft().held
        if task.given_up is not None:
            yield task.given_up

    def _started(self, task: _Task[Result]) -> _Worker[Result]:
        work = self._work if task.instead is None else _keeping(self._work, task.instead)
        self._workers.append(_Worker(work, self._memory, self._command, self._setup))
        return self._workers[-1]

    def _worker_for(self, task: _Task[Result]) -> _Worker[Result] | None:
        """Who is to read a file; None where nobody has room for it."""
        if task.alone or task.wide:
            if len(self._workers) < self._most:
                return self._started(task)
            idle = next((one for one in self._workers if not one.tasks), None)
            if idle is not None and task.alone:
                self._workers.remove(idle)
                idle.end()
                return self._started(task)
            return idle
        mixed = (one for one in self._workers if not any(held.alone or held.wide for held in one.tasks))
        least = min(mixed, key=lambda one: len(one.tasks), default=None)
        if (least is None or least.tasks) and len(self._workers) < self._most:
            return self._started(task)
        if least is None or len(least.tasks) >= _AHEAD or sum(held.size for held in least.tasks) > _AHEAD_BYTES:
            return None
        return least

    def _hand_out(self) -> None:
        """Give files to workers, in their order but for wide ones, of which one is read at a time."""
        busy = [held for one in self._workers for held in one.tasks]
        wide = any(held.wide for held in busy)
        only = len(self._waiting) == 1 and not busy
        later: list[_Task[Result]] = []
        while self._waiting:
            task = self._waiting.popleft()
            if task.wide and wide:
                later.append(task)
                continue
            worker = self._worker_for(task)
            if worker is None:
                later.append(task)
                break
            wide |= task.wide
            worker.give(task, self._most if task.wide or only else 1)
        self._waiting.extendleft(reversed(later))

    def _turn(self) -> None:
        """Wait for messages or for the next look at the workers, and act on them."""
        self._hand_out()
        if self._workers and all(len(one.tasks) > _BUSY for one in self._workers):
            time.sleep(_NAP)  # small files: to be woken for each costs the workers more than the wait
        poll = select.poll()
        by_end = {one.answers: one for one in self._workers}
        for end in by_end:
            poll.register(end, select.POLLIN)
        ready = [by_end[end] for end, _ in poll.poll(1000 * _TICK)]
        now = time.monotonic()
        if now - self._looked > _TICK / 2:
            # what passes while nobody asks for results, or while all is suspended, is nobody's fault
            passed, self._looked = min(now - self._looked, 2 * _TICK), now
            for worker in self._workers:
                worker.clock += worker.spent(passed)
        for worker in ready:
            messages = worker.messages()
            if messages is None:
                self._failed(worker)
                continue
            for message, size in messages:
                self._heard(worker, *message, size=size)
        for worker in [one for one in self._workers if one not in ready and one.overdue(self._seconds)]:
            self._failed(worker, overdue=True)

    def _heard(self, worker: _Worker[Result], what: str, *rest: Any, size: int) -> None:
        if what == "advanced":
            if worker.tasks[0] is self._order[0]:
                self._hear(what, *rest)
            return
        worker.clock = 0.0
        if what == "ready":
            worker.ready, self._still_born = True, 0
        elif what == "exhausted":
            worker.exhausted = True
        elif what == "failed":
            raise OptionError(rest[1]) if rest[0] else InternalError(rest[1])
        elif not worker.tasks[0].hear(what, rest, size):
            self._hear(what, *rest)
        elif what == "result":
            self._held += size
        elif worker.tasks[0].done:
            worker.tasks.popleft()

    def _failed(self, worker: _Worker[Result], overdue: bool = False) -> None:
        """A worker is gone, or has to go; what it was reading is tried again or left out."""
        status = worker.end()
        self._workers.remove(worker)
        again = list(worker.tasks)
        if not worker.ready:
            self._still_born += 1
            if self._still_born > _MOST_STILL_BORN:
                raise InternalError("worker processes cannot be started")
        elif again:
            self._held -= again[0].held
            if overdue:
                again[0].failed(ProblemCode.READER_FAILED, _OVERDUE.format(self._seconds))
            elif worker.exhausted:
                again[0].failed(ProblemCode.LIMIT, _EXHAUSTED)
            else:
                again[0].failed(ProblemCode.READER_FAILED, _DIED.format(_cause(status)))
            self._held += again[0].held
        self._waiting.extendleft(one for one in reversed(again) if not one.done)


def _cause(status: int) -> str:
    """What ended a process, by its exit code."""
    if status >= 0:
        return f"status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
