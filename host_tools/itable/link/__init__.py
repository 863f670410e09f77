"""Talking to a table: finding its port, requests and replies, typed results."""
