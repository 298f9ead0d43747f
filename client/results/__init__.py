"""The results of the client's commands.

Field names are those of the command-line contract. Sizes are bytes, rates bytes a second,
progress runs from 0 to 1. Models of the tracker's replies are in `common.api`.
"""
