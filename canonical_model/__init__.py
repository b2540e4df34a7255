"""The canonical education model: our words, strict, the single source of every check."""

VERSION = "0.1.0"
