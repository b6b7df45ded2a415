"""Serving requests: the page cache, files, the bridge to Django, and the request log."""
