"""Editing content in the admin: forms, lists, permissions, publishing and the front page."""
