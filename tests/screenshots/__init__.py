"""The pictures of the documentation, taken from a real site: `python -m tests.screenshots`, or `make screenshots`."""
