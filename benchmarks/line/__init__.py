"""A long line between two networks of this machine: delay, rate and loss of one's choice.

The kernel's own emulator (netem) is missing from many kernels, so this one carries every packet
itself, from one TUN device to another. Linux only; needs root.
"""
