"""How dates are written: the day first, 24 hours."""
