"""Speed, as ratios against a limit or a peer measured in the same run.

``python -m tests.benchmarks [area …]`` runs the areas on every database that is reachable, prints one FIGURE line per
figure and writes them to docs/performance.md. SCALE=small takes under a minute; SCALE=2 twice the rows.
"""
