"""How records become evidence: one table, statistics, figures, claims and the document. Imports no torch."""
