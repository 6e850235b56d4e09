"""How trials become records."""
