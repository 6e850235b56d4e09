"""A figure of one's own: a function from the evidence to a matplotlib figure, or None where there is nothing to draw."""

from matplotlib.figure import Figure


def draw(evidence):
    rows = evidence.classical[evidence.classical["n"] > 0]
    if "estimator.C" not in rows:
        return None
    figure = Figure(figsize=(6, 4), layout="constrained")
    ax = figure.subplots()
    for _, row in rows.iterrows():
        ends = [[row["value"] - row["low"]], [row["high"] - row["value"]]]
        ax.errorbar(row["estimator.C"], row["value"], ends, marker="o", color="C0", capsize=3)
    ax.set(xscale="log", xlabel="C", ylabel="test accuracy")
    return figure
