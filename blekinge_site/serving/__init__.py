"""How requests are answered: page cache, files, the bridge to Django, the request log."""
