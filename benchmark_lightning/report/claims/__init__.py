"""How a claim is judged: comparisons written as data, their estimates, and the verdict that follows."""
