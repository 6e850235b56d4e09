"""A record must say where it comes from, and nothing of whose machine it was."""

import json
import platform
import subprocess

import torch

from benchmark_lightning.study import environment
from benchmark_lightning.study.environment import code_version, describe_environment, num_usable_cores, source_hash


def test_the_environment_names_machine_device_versions_and_code():
    description = describe_environment(torch.device("cpu"))
    assert description["accelerator"] == "cpu"
    assert description["device"] == description["cpu"]
    assert description["num_threads"] >= 1
    assert {"python", "torch", "lightning", "benchmark-lightning"} <= description["versions"].keys()
    json.dumps(description)


def test_the_host_name_is_not_in_a_record():
    text = json.dumps(describe_environment(torch.device("cpu")))
    assert len(platform.node()) < 3 or platform.node() not in text


def test_a_machine_can_be_given_a_name(monkeypatch):
    monkeypatch.setenv("BENCHMARK_LIGHTNING_MACHINE", "the blue one")
    assert describe_environment(torch.device("cpu"))["machine"] == "the blue one"


def test_cores_are_at_least_a_part_of_one():
    assert 0 < num_usable_cores() <= 4096


def test_the_code_is_the_commit_of_its_own_checkout(tmp_path, monkeypatch):
    package = tmp_path / "benchmark_lightning"
    (package / "study").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    monkeypatch.setattr(environment, "__file__", str(package / "study" / "environment.py"))

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        return subprocess.run(
            ["git", *identity, "-C", str(tmp_path), *arguments], check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet")
    code_version.cache_clear()
    assert code_version().startswith("version:"), "a checkout that does not hold the package says nothing of it"
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    code_version.cache_clear()
    assert code_version() == f"git:{git('rev-parse', 'HEAD')}"
    (package / "__init__.py").write_text("changed")
    code_version.cache_clear()
    assert code_version() == f"git:{git('rev-parse', 'HEAD')}-dirty"
    code_version.cache_clear()


def test_the_source_hash_is_of_all_code_that_trains_and_measures_wherever_it_lies(tmp_path, monkeypatch):
    (tmp_path / "study" / "trials").mkdir(parents=True)
    (tmp_path / "training").mkdir()
    deep = tmp_path / "study" / "trials" / "network.py"
    monkeypatch.setattr(environment, "__file__", str(tmp_path / "study" / "environment.py"))
    hashes = []
    for change in (
        lambda: deep.write_text("a = 1"),
        lambda: deep.write_text("a = 2"),
        lambda: deep.rename(tmp_path / "study/network.py"),
    ):
        change()
        source_hash.cache_clear()
        hashes.append(source_hash())
    source_hash.cache_clear()
    assert len(set(hashes)) == 3
