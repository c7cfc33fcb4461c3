"""A mail server that delivers nothing: it keeps every message and shows it on a page.

``python -m peers.mailbox --smtp-port 1025 --http-port 8025 --data DIR``
"""
