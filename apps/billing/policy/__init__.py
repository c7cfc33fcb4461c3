"""Pure rules of billing: which events matter, what Stripe's objects say, what they mean for the customer."""
