"""Accounts, their passwords, logins and tokens."""
