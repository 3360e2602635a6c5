"""The process that imports everything once and forks: what it starts is a process of its own, and none outlives it."""

import os
import threading
import time
from pathlib import Path

import pytest

from insights.data.settings import load_settings
from insights.errors import SettingsError
from insights.reports.nursery import FIXED, Nursery, NurseryError

SURROUNDINGS = """(lambda os, threading: (
    os.getpid(), os.getppid(), dict(os.environ), os.getpgid(0), len(threading.enumerate())
))(__import__("os"), __import__("threading"))"""


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_call_runs_in_a_process_of_its_own_with_the_environment_given(nursery: Nursery) -> None:
    env = dict(os.environ) | {"INSIGHTS_RUN_SECRET": "of this one", "PYTHONHASHSEED": "7"}
    first, parent, told, group, threads = nursery.call("builtins:eval", SURROUNDINGS, env=env)
    second, same, plain, _, _ = nursery.call("builtins:eval", SURROUNDINGS)
    assert len({first, second, parent, os.getpid()}) == 4
    assert (parent, group, threads) == (same, first, 1)
    assert told["INSIGHTS_RUN_SECRET"] == "of this one"
    assert "INSIGHTS_RUN_SECRET" not in plain  # nothing of one is left for the next
    assert FIXED.items() <= told.items()  # what was settled when Python started cannot be told otherwise


def test_what_stops_a_call_is_told_as_it_was(nursery: Nursery, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as here:
        load_settings(tmp_path / "none.toml")
    with pytest.raises(SettingsError) as error:
        nursery.call("insights.data.settings:load_settings", tmp_path / "none.toml")
    told = error.value
    assert (told.found, told.expected, told.todo) == (here.value.found, here.value.expected, here.value.todo)
    with pytest.raises(NurseryError, match="ZeroDivisionError"):
        nursery.call("operator:truediv", 1, 0)
    with pytest.raises(NurseryError, match=r"ended early \(exit 3\)"):
        nursery.call("os:_exit", 3)
    assert nursery.call("operator:add", 1, 2) == 3


def test_calls_run_beside_each_other(nursery: Nursery) -> None:
    began = time.monotonic()
    waiting = [threading.Thread(target=nursery.call, args=("time:sleep", 2)) for _ in range(3)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert time.monotonic() - began < 5


def test_nothing_that_it_started_outlives_it() -> None:
    failures: list[BaseException] = []

    def sleep(nursery: Nursery) -> None:
        try:
            nursery.call("time:sleep", 300)
        except NurseryError as error:
            failures.append(error)

    with Nursery() as nursery:
        parent = nursery.call("os:getppid")
        thread = threading.Thread(target=sleep, args=(nursery,))
        thread.start()
        while not nursery._alive:
            time.sleep(0.05)
        (child,) = nursery._alive
        assert not gone(child)
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert failures
    assert gone(parent)
    for _ in range(100):  # whoever inherits it has to see its end
        if gone(child) or Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the sleeper is still there")


def test_a_nursery_that_is_dead_says_so() -> None:
    nursery = Nursery()
    nursery.close()
    with pytest.raises(NurseryError, match="does not answer"):
        nursery.call("os:getpid")
