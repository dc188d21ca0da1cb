"""Lindehaag: a small company site in English and Dutch that shows wagtail-journeys at work."""
