"""Measurements as records, and what is made from records alone: statistics, tables, figures."""
