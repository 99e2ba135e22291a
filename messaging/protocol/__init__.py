"""chat.v1 on the wire: frames, codec, codes and kinds; no Django, no I/O, no clock."""
