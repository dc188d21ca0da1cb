"""HTTP calls out of a campaign: queued as rows, sent by ``delivery``, read by ``viewsets``. Knows nothing of campaigns."""
