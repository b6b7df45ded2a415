"""Content from and to spreadsheets."""
