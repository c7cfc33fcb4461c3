"""English, as read everywhere."""
