"""The processes of a sweep: whichever of them dies, and whenever, no finished trial is lost and none goes on alone."""

import random
import signal
import time

import psutil
import pytest

from tests.study.sweeps import ENDLESS, SVM, driver, has_begun_training, records, trial_processes, wait_for, written_at

pytestmark = pytest.mark.interpreters


def test_a_trial_killed_by_the_system_costs_itself_alone():
    with driver(ENDLESS.replace("max_epochs: [100000]", "max_epochs: [100000, 1]")) as process:
        wait_for(has_begun_training)
        [trial] = trial_processes(process)
        trial.kill()
        process.communicate(timeout=180)
    assert process.returncode == 1
    done = records()
    assert sorted(record.status for record in done.values()) == ["failed", "ok"]
    [failed] = [record for record in done.values() if record.status == "failed"]
    assert failed.error == "its process was ended by SIGKILL; the system may have run out of memory"
    assert failed.config["model"]["arch"] == "resnet18"


def test_ctrl_c_ends_the_running_trial_cleanly_and_says_how_to_go_on():
    with driver(ENDLESS) as process:
        wait_for(has_begun_training)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    [record] = records().values()
    assert record.status == "interrupted"
    assert record.curves
    assert "go on with: benchmark-lightning sweep sweep.yaml --out out" in output
    assert "Traceback" not in output


def test_the_death_of_the_driver_ends_its_trial():
    with driver(ENDLESS) as process:
        wait_for(has_begun_training)
        [trial] = trial_processes(process)
        process.kill()
        wait_for(lambda: not trial.is_running() or trial.status() == psutil.STATUS_ZOMBIE, seconds=30)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_kills_at_random_moments_lose_nothing():
    text = SVM.replace("[1.0, 10.0]", str([float(c) for c in range(1, 31)]))
    moments = random.Random(0)
    finished: dict[str, int] = {}
    num_cut = 0
    for _ in range(20):
        with driver(text) as process:
            wait_for(lambda process=process: process.poll() is not None or len(trial_processes(process)) > 0)
            time.sleep(moments.uniform(0, 3))
            num_cut += process.poll() is None
        now = written_at()
        assert finished.items() <= now.items(), "what was done has been done again"
        finished = now
        assert all(record.status == "ok" for record in records().values())
    assert num_cut > 5  # a fast machine is done before the last kills
    with driver(text) as process:
        process.communicate(timeout=300)
    assert process.returncode == 0
    assert finished.items() <= written_at().items()
    done = records()
    assert len(done) == 60
    assert {record.status for record in done.values()} == {"ok"}
