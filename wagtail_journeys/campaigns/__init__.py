"""SAYS: what an editor writes - trigger, filters, frequency, steps - and the immutable versions compiled from it."""
