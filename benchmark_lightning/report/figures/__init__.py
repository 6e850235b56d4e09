"""The figures: one function each, one style, and the data of each as a CSV."""
