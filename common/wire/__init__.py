"""The BitTorrent peer wire protocol as values and bytes, without I/O (BEP 3, 6, 10)."""
