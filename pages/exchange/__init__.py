"""Importing and exporting content as spreadsheets."""
