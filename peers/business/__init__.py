"""The demonstration's business: an invented product with invented customers.

It does what an operator's own product would do: charges through Stripe (the local one), and tells Apex about
customers and usage over the API. It imports nothing of Apex.
"""
