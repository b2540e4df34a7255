"""The mapping engine: checks a mapping file, compiles it to one columnar plan, runs it, answers for it.

Frames in, frames out: it touches no wire, no file format of a partner and no clock.
"""
