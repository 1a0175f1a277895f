"""What commands share: options, the folder that they write, the words and pictures that they show.

May import: what commands may. Neighbours: each command is a module of the room above.
"""
