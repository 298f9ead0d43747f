"""Groups, their members, invitations and certificates."""
