"""Pure rules of recovering a failed payment: what a decline means, what comes when, what may be done."""
