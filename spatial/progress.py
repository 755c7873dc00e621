"""Tell how far long computations are, share work between the processor's cores, and stop at once when told to."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

Task = TypeVar("Task")
Found = TypeVar("Found")
Tell = Callable[[int, int, str], None]

_MOST = 8  # threads; more of them wait for memory
_FEWEST, _LARGEST = 50, 2_000  # rows of matrices that are better off with one thread
_SPELL = 0.2  # seconds; where a lock cannot be interrupted, Ctrl-C waits so long
_told: ContextVar[Tell | None] = ContextVar("_told", default=None)


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """
    Have long computations in this block tell how far they are.

    Parameters
    ----------
    tell
        Called in the thread that computes, with the work done, the work there is, and a few words. What it raises stops the
        computation.

    Examples
    --------
    >>> with telling(lambda done, total, words: None):
    ...     pass
    """
    token = _told.set(tell)
    try:
        yield
    finally:
        _told.reset(token)


def tell(done: int, total: int, words: str) -> None:
    """
    Tell how far a computation is, to whoever listens.

    Parameters
    ----------
    done, total
        The work done and the work there is, in any unit.
    words
        What is being done.
    """
    told = _told.get()
    if told:
        told(done, total, words)


@contextmanager
def told_as(done: int, total: int, words: str) -> Iterator[None]:
    """
    Tell how far a computation is, and tell the same again for all that is told in this block.

    So one of many searches, each of which would tell its own share from nothing to all, is told as a part of the whole.

    Parameters
    ----------
    done, total
        The work done before this block and the work there is, in any unit.
    words
        What is being done.
    """
    told = _told.get()
    if told is None:
        yield
        return
    told(done, total, words)
    with telling(lambda *_: told(done, total, words)):
        yield


def awaited(work: Callable[[], Found], done: int, total: int, words: str) -> Found:
    """
    Wait for one long call of a library, and tell again and again what is being done.

    A call that lets other threads run, as Qhull's do, but comes back to Python only at its end would keep Ctrl-C waiting until
    then. It is made on a thread of its own; the main thread waits in short spells. After Ctrl-C, or when what is told stops the
    computation, the call runs to its end unheeded; it does not keep the process from ending.

    Parameters
    ----------
    work
        The call; it does nothing but compute. What it tells is not heard.
    done, total
        The work done before it and the work there is, in any unit.
    words
        What is being done.

    Returns
    -------
    object
        What ``work`` returned; what it raised is raised.
    """
    from concurrent.futures import Future, wait

    tell(done, total, words)
    if threading.current_thread() is not threading.main_thread():  # nobody interrupts this one
        return work()
    outcome: Future[Found] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    while not wait([outcome], _SPELL).done:
        tell(done, total, words)
    return outcome.result()


def cores() -> int:
    """Count the cores this process may use."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return min(_MOST, len(usable))


@cache
def _linear_algebra() -> Any:
    """Find the libraries whose threads can be limited; that takes longer than small matrices do."""
    import scipy.linalg  # noqa: F401 - its library must be loaded to be found
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped,unused-ignore]

    return ThreadpoolController()


@contextmanager
def one_thread(rows: int | None = None) -> Iterator[None]:
    """
    Keep linear algebra to one thread in this block.

    Its threads wait for one another without rest: where another program, or threads of our own, keep a core busy, matrices of a few
    hundred rows take up to a hundred times as long. With one thread they take a fifth longer at most.

    Parameters
    ----------
    rows
        Of the matrices: very small ones never have threads, and large ones gain by them. None to limit them whatever their size.
    """
    if rows is not None and not _FEWEST <= rows <= _LARGEST:
        yield
        return
    with _linear_algebra().limit(limits=1):
        yield


def shared_out(work: Callable[[Task], Found], tasks: Sequence[Task], words: str, *, threads: int | None = None) -> Iterator[Found]:
    """
    Do tasks on several threads and give what they find in the order of the tasks.

    Parameters
    ----------
    work
        What is done with a task; it lets other threads run, as most of numpy does, and writes nowhere.
    tasks
        The tasks; their division must not depend on the number of threads.
    words
        What is told of the work.
    threads
        How many; by default as many as there are cores. One means the calling thread.

    Yields
    ------
    object
        What ``work`` returned. An exception, Ctrl-C too, lets no further task begin.
    """
    threads = min(len(tasks), cores() if threads is None else threads)
    found = map(work, tasks) if threads <= 1 else _threaded(work, tasks, threads)
    for number, each in enumerate(found, 1):
        tell(number, len(tasks), words)
        yield each


def _threaded(work: Callable[[Task], Found], tasks: Sequence[Task], threads: int) -> Iterator[Found]:
    from concurrent.futures import ThreadPoolExecutor

    stopped = threading.Event()

    def unless_stopped(task: Task) -> Any:
        return None if stopped.is_set() else work(task)

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Any] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(unless_stopped, task))
                if len(waiting) > 2 * threads:  # no more results are held than are soon needed
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            stopped.set()
