"""What a report speaks of: the records of some folders, and all that is computed from them once."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd

from benchmark_lightning.report.collection import Collection, collect
from benchmark_lightning.report.configurations import configurations
from benchmark_lightning.report.hardware import Speedup, Timing, speedups, timings
from benchmark_lightning.report.table import describe_settings
from benchmark_lightning.report.wording import training_images


class Evidence:
    """Trials, configurations and timings. Every figure, claim and sentence is made from one of these."""

    def __init__(self, collection: Collection) -> None:
        self.table, self.curves, self.settings, self.problems = collection

    @classmethod
    def of(cls, *folders: str | Path) -> "Evidence":
        """What lies in ``folders``.

        Raises:
            InputError: a folder is missing, or none holds a readable record.
        """
        return cls(collect([Path(folder) for folder in folders]))

    def by_folder(self, folders: Sequence[Path]) -> dict[Path, "Evidence"]:
        """The evidence of each folder by itself; a single one is not read again."""
        return {folder: self if len(folders) == 1 else Evidence.of(folder) for folder in folders}

    @cached_property
    def configurations(self) -> pd.DataFrame:
        """One row for each configuration that was trained to the end."""
        return configurations(self.table)

    @cached_property
    def networks(self) -> pd.DataFrame:
        """The configurations of networks."""
        return self.configurations[self.configurations["kind"] == "resnet"]

    @cached_property
    def svms(self) -> pd.DataFrame:
        """The configurations of support vector classifiers."""
        return self.configurations[self.configurations["kind"] == "svm"]

    @cached_property
    def timings(self) -> list[Timing]:
        """The steady rate of each kind of work on each device."""
        return timings(self.table, self.settings)

    @cached_property
    def speedups(self) -> list[Speedup]:
        """Each device beside its baseline."""
        return speedups(self.timings)

    def panels(self, frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
        """The configurations by data set and setting.

        Each has a title with the number of training images and what else tells it from the other settings.
        """
        result = []
        for dataset, of_dataset in frame.groupby("dataset"):
            labels = describe_settings(self.settings, of_dataset["setting"])
            for setting, group in of_dataset.groupby("setting", sort=False):
                size = training_images(*group[["num_train", "train_fraction"]].iloc[0])
                result.append((f"{dataset} ({', '.join(filter(None, [size, labels[str(setting)]]))})", group))
        return result

    def runs_of(self, configuration: str) -> pd.DataFrame:
        """The trials of a configuration that went well."""
        return self.table[(self.table["configuration"] == configuration) & (self.table["status"] == "ok")]
