"""Configuration as data: schema, layers' defaults, presets, JSON."""
