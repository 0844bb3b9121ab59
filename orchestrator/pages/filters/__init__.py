"""One filter in four forms: the address, one line of text, chips that can be removed, and a plain form.

A list declares its terms once. `?state=failed&tag=prod&tag=!test` is `state:failed tag:prod -tag:test` in the line;
`!` and `-` leave out what matches. Words without a term search by name.
"""
