"""Swarm logic without sockets, threads, clocks or disks: time is an argument."""
