"""The published study that this package reproduces: its claims, its printed values and what explains them."""
