"""FACTS: the inbox of accepted events, the log of processed ones, and the names of events."""
