"""The records as evidence: one table, configurations, timings, how costs grow, and the statistics behind them."""
