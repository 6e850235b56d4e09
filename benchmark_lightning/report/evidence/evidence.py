"""Evidence for a report: the records of some folders, the questions of their study, and all that is computed from them."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd

from benchmark_lightning.report.evidence.collection import Collection, collect
from benchmark_lightning.report.evidence.configurations import configurations, varying_axes, with_confidence
from benchmark_lightning.report.evidence.estimate import CONFIDENCE
from benchmark_lightning.report.evidence.formatting import training_images
from benchmark_lightning.report.evidence.looks import nominal_level
from benchmark_lightning.report.evidence.questions import Questions, questions_of
from benchmark_lightning.report.evidence.table import describe_settings
from benchmark_lightning.report.evidence.timings import Speedup, Timing, speedups, timings


class Evidence:
    """Trials, configurations and timings. Every figure, claim and sentence is made from one of these.

    Args:
        collection: the records.
        questions: the claims, printed values and figures of the study that they belong to.
        confidence: of all intervals.
    """

    def __init__(
        self, collection: Collection, questions: Questions | None = None, confidence: float = CONFIDENCE
    ) -> None:
        self._collection = collection
        (self.table, self.axes, self.configs, self.settings, _), self.curves, self.problems, self._max_look = collection
        self.questions = questions or Questions()
        self.confidence = confidence

    @classmethod
    def of(cls, *folders: str | Path, study: Path | None = None, max_look: int | None = None) -> "Evidence":
        """The records in ``folders``.

        Args:
            study: the file of the study, or None for the one that the folders hold.
            max_look: leaves out what was run for a later look of the study; None takes all.

        Raises:
            InputError: a folder is missing, or none holds a readable record, or the study is not valid.
        """
        paths = [Path(folder) for folder in folders]
        return cls(collect(paths, max_look), questions_of(paths, study))

    @property
    def judged_confidence(self) -> float:
        """The confidence of verdicts and rankings: that of the intervals, or a higher one where the study has several looks."""
        looks = self.questions.looks
        return max(self.confidence, 1 - nominal_level(looks)) if looks else self.confidence

    def at(self, confidence: float) -> "Evidence":
        """The same evidence with intervals of another confidence."""
        if confidence == self.confidence:
            return self
        other = Evidence(self._collection, self.questions, confidence)
        vars(other)["configurations"] = with_confidence(self.configurations, confidence)  # the runs are the same
        return other

    def by_folder(self, folders: Sequence[Path]) -> dict[Path, "Evidence"]:
        """The evidence of each folder by itself; a single one is not read again."""
        if len(folders) == 1:
            return {folders[0]: self}
        return {folder: Evidence(collect([folder], self._max_look), self.questions) for folder in folders}

    @cached_property
    def configurations(self) -> pd.DataFrame:
        """One row for each configuration that was trained to the end."""
        return configurations(self.table, self.axes, self.confidence, self.judged_confidence)

    @cached_property
    def networks(self) -> pd.DataFrame:
        """The configurations of networks."""
        return self.configurations[self.configurations["kind"] == "network"]

    @cached_property
    def classical(self) -> pd.DataFrame:
        """The configurations of classical methods."""
        return self.configurations[self.configurations["kind"] == "classical"]

    @cached_property
    def timings(self) -> list[Timing]:
        """The steady rate of each kind of work on each device."""
        return timings(self.table, self.configs, self.settings, self.confidence)

    @cached_property
    def speedups(self) -> list[Speedup]:
        """Each device compared with its baseline."""
        return speedups(self.timings, self.confidence)

    def varying(self, frame: pd.DataFrame) -> list[str]:
        """The axes in which configurations differ, but for those that name the model."""
        return varying_axes(frame, self.axes)

    def panels(self, frame: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
        """The configurations by data set, kind and setting.

        Each has a title with the number of training images and what else tells it from the other settings.
        """
        result = []
        for (dataset, _), of_dataset in frame.groupby(["dataset", "kind"]):
            labels = describe_settings(self.settings, of_dataset["setting"])
            for setting, group in of_dataset.groupby("setting", sort=False):
                size = training_images(*group[["num_train", "train_fraction"]].iloc[0])
                result.append((f"{dataset} ({', '.join(filter(None, [size, labels[str(setting)]]))})", group))
        return result

    def runs_of(self, configuration: str) -> pd.DataFrame:
        """The trials of a configuration that went well."""
        return self.table[(self.table["configuration"] == configuration) & (self.table["status"] == "ok")]
