"""The database tables. Times are seconds since the epoch, UTC.

Durable: users, tokens, known addresses, groups with their authorities, memberships, join requests,
invitations, quotas, files, completed downloads, shares, announce keys, events; and
certificate holders, as long as a certificate may be valid. Derived from them, by triggers: sizes of
groups and users. Ephemeral: trackers (with a heartbeat), their connections, peers, and notices of
rendezvous. A session's peers exist as long as its connection, a stock client's until they expire.
"""
