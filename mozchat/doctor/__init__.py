"""`mozchat doctor`: whether a site is set up as it must be, tried out, and what to do where it is not.

Each module looks into one area: what it finds out is apart from the verdict on that, a function `…_finding`.
`examination` has the list of all checks, `finding` what they say, `page` how that is shown.
"""
