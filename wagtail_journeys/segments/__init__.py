"""ASKS: segments, the conditions they are made of, and who belongs since when."""
