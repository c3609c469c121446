"""Charge transport with mobile vacancies: the device's own equations, from which the compact laws are a summary."""
