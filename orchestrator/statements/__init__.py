"""Statements of the hot paths, made once and used again.

Django composes the text of every statement anew, which takes several times as long as the database needs to answer.
What is read and written thousands of times in a minute is composed once for each connection, from the same QuerySets
and models as everything else.
"""
