"""A study until it is decided: which trials its claims need, which further seeds an open one gets, and when it ends."""
