"""How content is published: versions, checks, history, preview and the clock.

`pages` never imports `planning`. An app above it registers with three functions here when Django starts,
as planning/apps.py does: `findings.checks`, `dead_links.looks_up` and `preview.previewable`.
"""
