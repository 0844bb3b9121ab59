"""The timeline of a flow run: which task ran when, and what overlapped. Pure layout: no queries, no markup.

Positions are percentages of the plot's width, so that the drawing fits every screen without a script.
"""
