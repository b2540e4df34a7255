"""Invented documents of any resource, made from its own fields; and faulty ones. Same seed, same documents.

    next(documents("Student", count=1, seed=3))     a valid document, as JSON types
    mutations("Student", document, seed=3)          the same with one fault of each kind, and its rule
    mutated("Student", count=1000, seed=3, kinds=KINDS)     faulty documents, the kinds in turn

For tests, the bench and `passerelle model sample`. Nobody in it exists. A rule that joins several fields
is met by drawing again; where that would take too long, `repairs` says how to meet it.
"""

from canonical_model.generated.drawing import documents
from canonical_model.generated.faults import KINDS, Kind, Mutation, mutated, mutations

__all__ = ["KINDS", "Kind", "Mutation", "documents", "mutated", "mutations"]
