"""Charge transport with mobile vacancies."""
