"""Searches the combinations of scenarios for the best one: forecasts most of them, and has the promising ones measured."""
