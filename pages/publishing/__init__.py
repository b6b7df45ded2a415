"""How content is published: versions, checks, history, preview and the clock."""
