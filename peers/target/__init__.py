"""A stand-in for the operator's product: a small shop's PostgreSQL, with a page that lacks an index."""
