"""One loop in many layouts: text files as laboratories and instruments write them, invented after their descriptions.

No laboratory measured them; what is real is how they are laid out. Each `Layout` says what reading must give.
"""
