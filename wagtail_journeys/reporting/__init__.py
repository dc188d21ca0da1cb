"""READS: the contact page with its timeline, and the statistics of campaigns. Every number has its one definition here."""
