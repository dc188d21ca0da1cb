"""A small host site's app: what a site adds in files of its own, found without being imported here."""
