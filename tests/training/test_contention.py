"""A time taken while others used the processor must not pass for one of an idle machine."""

import os
import subprocess
import sys

import pytest

from benchmark_lightning.training import contention
from benchmark_lightning.training.contention import (
    SHARING_VARIABLE,
    ContentionMeter,
    Counters,
    ProcessorUse,
    processor_use,
    read_counters,
    share_processor,
    wait_for_processor,
)

IDLE = Counters(now=0.0, own=0.0, busy=0.0, stolen=0.0, delays={"1": 0.0, "2": 0.0}, throttled=0.0)


@pytest.fixture(autouse=True)
def _not_sharing(monkeypatch):
    monkeypatch.delenv(SHARING_VARIABLE, raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)


@pytest.fixture
def measured(monkeypatch):
    """The summary of a training that began and ended with these counters, in one stretch or several."""

    def measure(*counters):
        given = iter(counters)
        monkeypatch.setattr(contention, "read_counters", lambda: next(given))
        monkeypatch.setattr(contention, "num_usable_cores", lambda: 2.0)
        meter = ContentionMeter()
        for _ in range(len(counters) // 2):
            meter.start()
            meter.stop()
        return meter.summary()

    return measure


def test_a_training_alone_on_two_cores_is_not_contended(measured):
    summary = measured(IDLE, Counters(10.0, 19.5, 19.6, 0.0, {"1": 0.01, "2": 0.02}, 0.0))
    assert summary == {
        "others_cpu": pytest.approx(0.01), "run_delay": pytest.approx(0.003), "steal": 0.0, "throttled_seconds": 0.0,
        "is_contended": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "end",
    [
        IDLE._replace(now=10.0, delays={"1": 0.0, "2": 2.0}),
        IDLE._replace(now=10.0, stolen=2.0),
        IDLE._replace(now=10.0, throttled=2.0),
    ],
    ids=["waited for a core", "the host took the core", "stood still by its quota"],
)
def test_whatever_kept_the_processor_away_is_contention(measured, end):
    assert measured(IDLE, end)["is_contended"]


def test_threads_that_start_are_no_contention_of_a_short_fit(measured):
    assert not measured(IDLE, IDLE._replace(now=0.03, delays={"1": 0.0, "2": 0.007}))["is_contended"]
    assert measured(IDLE, IDLE._replace(now=0.03, delays={"1": 0.0, "2": 0.02}))["is_contended"]


def test_a_neighbour_on_a_core_that_is_not_needed_disturbs_nobody(measured):
    summary = measured(IDLE, IDLE._replace(now=10.0, busy=10.0, own=0.0))
    assert summary["others_cpu"] == pytest.approx(1.0)
    assert not summary["is_contended"]


def test_where_the_kernel_counts_no_waiting_the_use_by_others_decides(measured):
    start = IDLE._replace(delays=None, throttled=None)
    summary = measured(start, start._replace(now=10.0, busy=10.0))
    assert summary["run_delay"] is None
    assert summary["throttled_seconds"] is None
    assert summary["is_contended"]


def test_stretches_add_up_and_what_lies_between_them_does_not_count(measured):
    busy = IDLE._replace(now=100.0, busy=100.0, delays={"1": 50.0})
    end = busy._replace(now=110.0, own=10.0, busy=110.0, delays={"1": 50.2, "9": 0.1})  # a thread has ended, one began
    summary = measured(IDLE, IDLE._replace(now=10.0, own=10.0, busy=10.0), busy, end)
    assert summary["run_delay"] == pytest.approx(0.3 / 20)
    assert summary["others_cpu"] == 0


def test_nothing_measured_is_nothing_said():
    assert ContentionMeter().summary() == {}


def test_a_training_whose_threads_sleep_for_others_sake_compares_with_none(measured, monkeypatch):
    monkeypatch.setenv(SHARING_VARIABLE, "1")
    assert measured(IDLE, IDLE._replace(now=10.0))["is_contended"]


def test_the_counters_of_this_machine_only_grow():
    before, after = read_counters(), read_counters()
    assert before.now < after.now
    assert before.own <= after.own
    assert before.busy <= after.busy


def test_who_uses_the_processor_is_named(monkeypatch):
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    monkeypatch.setattr(contention, "_own_processes", lambda: {os.getpid()})  # a child counts as ours otherwise
    try:
        use = processor_use(seconds=0.5)
    finally:
        neighbour.kill()
        neighbour.wait()
    assert use.others > 0.1
    assert any(name.startswith("python") for name in use.names)


def test_a_person_reads_how_many_cores_are_in_use_and_by_whom():
    use = ProcessorUse(1.62, 2.0, {"ffmpeg": 1.5, "cron": 0.01})
    assert use.is_busy
    assert str(use) == "1.6 of 2 cores are in use by others (ffmpeg 1.5)"


def test_waiting_for_the_processor_ends_when_it_is_free_and_at_its_limit(monkeypatch):
    told = []
    monkeypatch.setattr(contention, "processor_use", lambda **_: ProcessorUse(1.0, 2.0, {}))
    assert not wait_for_processor(told.append, limit_seconds=0.0)
    assert "waiting up to 0 s" in told[0]
    uses = iter([ProcessorUse(1.0, 2.0, {}), ProcessorUse(0.0, 2.0, {})])
    monkeypatch.setattr(contention, "processor_use", lambda **_: next(uses))
    assert wait_for_processor(told.append, limit_seconds=60.0)


def test_threads_sleep_only_where_others_use_the_processor_and_a_persons_own_policy_stands(monkeypatch):
    share_processor(is_shared=True)
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
    share_processor(is_shared=False)
    assert {"OMP_WAIT_POLICY", SHARING_VARIABLE}.isdisjoint(os.environ)
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    share_processor(is_shared=True)
    share_processor(is_shared=False)
    assert os.environ["OMP_WAIT_POLICY"] == "active"
