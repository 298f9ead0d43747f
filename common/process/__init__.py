"""What both programs need of their own process: standard streams, a log, quick imports.

Unlike the rest of `common`, this is not pure.
"""
