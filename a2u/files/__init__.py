"""Files: read with care (`reading`, `tensors`), written whole or not at all (`writing`), and never over a file that
the command did not write.

`outputs` is how every command writes into a folder that may hold other things too.
"""
