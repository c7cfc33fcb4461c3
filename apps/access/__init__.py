"""Who may use the API: keys, scopes, rates, and the form of its answers."""
