"""From a template, a locale and a context to the bytes of one e-mail. Knows no Django and no clock.

A template is rendered from MJML and encoded once per process; each message only fills the gaps.
"""
