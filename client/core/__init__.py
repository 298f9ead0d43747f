"""The swarm's thinking, without sockets, threads, clocks or disks: time is an argument."""
