"""/api/v1/customers/, /api/v1/events/ and a customer's usage."""
