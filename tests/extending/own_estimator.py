"""A classifier of one's own: the class whose mean image is nearest."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class NearestMean(ClassifierMixin, BaseEstimator):
    """Compares images with the mean image of each class.

    Args:
        power: of the differences that are added up.
    """

    def __init__(self, power=2.0):
        self.power = power

    def fit(self, features, labels):
        self.classes_ = np.unique(labels)
        self.means_ = np.stack([features[labels == one].mean(0) for one in self.classes_])
        return self

    def predict(self, features):
        distances = [(np.abs(features - mean) ** self.power).sum(1) for mean in self.means_]
        return self.classes_[np.argmin(distances, 0)]
