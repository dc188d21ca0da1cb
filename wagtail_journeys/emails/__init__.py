"""SENDS: email templates, the messages made from them, and their hand-over to the mail server."""
